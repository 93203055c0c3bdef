/** Reads a message's header for a message list. Even a malicious header of a hundred megabytes needs little memory. */

import { headerEnd } from "./header-bytes.ts";
import type { StoredMessages } from "./mailbox.ts";

/** A message of at most this many bytes is read normally. */
const harmless = 1 << 20;
const firstLook = 64 << 10;
const pieceSize = 1 << 20;
/** Number of bytes kept from the beginning, and from the end, of a long line. */
const halfLine = 64 << 10;
/**
 * After this many bytes, only fields that a list shows are kept. After ten times this number of bytes, no more fields
 * are kept.
 */
const roomy = 1 << 20;
const shown = /^(?:from|to|subject|subj|date)[ \t]*:/i;

/**
 * Returns a message's complete header, or an excerpt if the message is large. An excerpt contains only the beginning
 * and end of long lines. If the header is very long, only the fields that a list shows are included.
 */
export function readHeaderToList(stored: Pick<StoredMessages, "header" | "read" | "size">, message: number): Buffer {
  const size = stored.size(message);
  if (size <= harmless) return stored.header(message);
  const begin = stored.read(message, 0, firstLook);
  const end = headerEnd(begin, 0);
  if (end !== undefined) return begin.subarray(0, end);
  const kept = new Kept();
  for (let at = 0; at < size && !kept.whole; at += pieceSize) {
    const piece = stored.read(message, at, Math.min(size, at + pieceSize));
    if (piece.length === 0) break;
    kept.add(piece);
  }
  return kept.header();
}

class Kept {
  /** Whether the empty line has been read. */
  whole = false;
  readonly #lines: Buffer[] = [];
  #size = 0;
  #isShown = true;
  /** The beginning and end of the line that is being read. */
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
    // The line is copied so that the memory of the whole piece can be freed.
    this.#lines.push(Buffer.from(line));
    this.#size += line.length;
  }
}
