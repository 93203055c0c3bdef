/** The header of a message as a list needs it: a hostile one of a hundred megabytes costs little memory. */

import { headerEnd } from "./header-bytes.ts";
import type { Mailbox } from "./mailbox.ts";

/** A message no longer than this is no trouble. */
const harmless = 1 << 20;
const firstLook = 64 << 10;
const pieceSize = 1 << 20;
/** Of a line, so much of its beginning and as much of its end. */
const halfLine = 64 << 10;
/** Beyond so many bytes only fields that a list shows are kept, and beyond ten times as many nothing is. */
const roomy = 1 << 20;
const shown = /^(?:from|to|subject|subj|date)[ \t]*:/i;

/**
 * Returns the whole header, but of one that is larger than its message need be: long lines have only their beginning and their
 * end, and at last only the fields are there that a list shows. What it shows of them is in these parts.
 */
export function listedHeader(mailbox: Pick<Mailbox, "header" | "read" | "size">, message: number): Buffer {
  const size = mailbox.size(message);
  if (size <= harmless) return mailbox.header(message);
  const begin = mailbox.read(message, 0, firstLook);
  const end = headerEnd(begin, 0);
  if (end !== undefined) return begin.subarray(0, end);
  const kept = new Kept();
  for (let at = 0; at < size && !kept.whole; at += pieceSize) {
    const piece = mailbox.read(message, at, Math.min(size, at + pieceSize));
    if (piece.length === 0) break;
    kept.add(piece);
  }
  return kept.header();
}

class Kept {
  /** The empty line is there. */
  whole = false;
  readonly #lines: Buffer[] = [];
  #size = 0;
  #isShown = true;
  /** Of the line that is being read. */
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);

  add(piece: Buffer): void {
    for (let at = 0; at < piece.length && !this.whole; ) {
      const newline = piece.indexOf(10, at);
      const end = newline < 0 ? piece.length : newline + 1;
      if (newline >= 0 && this.#head.length === 0 && end - at <= halfLine) this.#take(piece.subarray(at, end));
      else {
        this.#extend(piece.subarray(at, end));
        if (newline >= 0) this.#endLine();
      }
      at = end;
    }
  }

  header(): Buffer {
    this.#endLine();
    return Buffer.concat(this.#lines);
  }

  #extend(bytes: Buffer): void {
    const fits = Math.max(0, halfLine - this.#head.length);
    if (fits > 0) this.#head = Buffer.concat([this.#head, bytes.subarray(0, fits)]);
    const rest = bytes.subarray(fits);
    if (rest.length > 0) this.#tail = Buffer.concat([this.#tail.subarray(-halfLine), rest.subarray(-halfLine)]);
  }

  #endLine(): void {
    const line = Buffer.concat([this.#head, this.#tail.subarray(-halfLine)]);
    this.#head = Buffer.alloc(0);
    this.#tail = Buffer.alloc(0);
    this.#take(line);
  }

  #take(line: Buffer): void {
    this.whole = line[0] === 10 || (line[0] === 13 && line[1] === 10);
    if (line[0] !== 32 && line[0] !== 9) this.#isShown = shown.test(line.toString("latin1", 0, 64));
    const room = this.#isShown || this.whole ? 10 * roomy : roomy;
    if (this.#size + line.length > room) return;
    // A copy: the piece that it was cut from is not to be held.
    this.#lines.push(Buffer.from(line));
    this.#size += line.length;
  }
}
