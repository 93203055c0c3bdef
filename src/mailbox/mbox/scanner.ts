/**
 * Finds the messages of an mbox in a sequence of pieces. In headers, only Status and Content-Length are parsed.
 *
 * A message starts at a From_ line that is the first line of the file or follows an empty line (LF or CRLF), unless a
 * valid Content-Length shows that the From_ line is part of a body (body-length.ts). Bodies are searched with
 * Buffer.indexOf, at memory speed. The search for newlines in headers checks four bytes at a time. Nothing is copied or
 * decoded.
 */

import { longestFromLine } from "../from-line.ts";
import type { LineBuffer } from "../line-buffer.ts";
import { BodyLength, lengthIn } from "./body-length.ts";
import { type MessageIndex, Stored } from "./message-index.ts";
import type { Separators } from "./separators.ts";

/** Maximum number of bytes that must be passed to the scanner again, together with the next piece. */
export const mostCarried = longestFromLine + 8;
/** Number of bytes to read before a `From ` to determine whether the preceding line is empty. */
export const lookback = 3;
const lineStart = Buffer.from("\nFrom ");
const statusName = Buffer.from("status");
const fromWord = Buffer.from("From ");
/** The offsets of F and of the space in the text `From `. The scanner searches for these bytes if they are rare. */
const rareBytes = [0, 4];
/**
 * If occurrences of a byte are on average at least this many bytes apart, searching for the byte is faster than
 * searching for line starts.
 */
const rare = 1024;
/** Number of bytes in which the scanner searches for line starts before it tries F and the space again. */
const stretch = 16 << 10;
const LF = 10;
const CR = 13;

type Place = "body" | "line-start" | "in-line";

/** Finds the starts of messages in pieces of an mbox. */
export class Scanner {
  readonly #index: MessageIndex;
  readonly #separators: Separators;
  readonly #length: BodyLength;
  /** File offset at which the scan continues. */
  #at: number;
  #place: Place = "body";
  #statusSeen = false;

  /** Creates a scanner. @param from 0, or the start of a message */
  constructor(index: MessageIndex, from: number, separators: Separators) {
    this.#index = index;
    this.#at = from;
    this.#separators = separators;
    this.#length = new BodyLength(separators);
  }

  /**
   * The start of the first message whose end depends on later bytes; undefined if the last message is the only such
   * message. The value is known only after all bytes have been scanned.
   */
  get undecided(): number | undefined {
    return this.#length.undecided;
  }

  /**
   * Scans one piece.
   *
   * @param start, end the valid range of the piece
   * @param base the file offset of the piece's first byte, valid or not
   * @param last whether the file ends with this piece
   * @returns the offset of the first byte that must be fed again, before the next piece
   */
  feed(piece: LineBuffer, start: number, end: number, base: number, last: boolean): number {
    const valid = piece.bytes.subarray(0, end);
    let i = this.#at - base;
    let more = false;
    while (!more) {
      if (this.#place === "body") {
        const at = this.#nextFromLine(valid, start, i, base, last);
        more = this.#inBody();
        if (!more) {
          this.#index.add(base + at, 0);
          this.#length.begin(base + at);
        }
        i = at;
      } else {
        i = this.#header(piece, i, end, last);
        more = !this.#inBody();
        if (!more) this.#length.beginBody(base + i);
      }
    }
    this.#at = base + i;
    return Math.max(start, i - lookback);
  }

  #inBody(): boolean {
    return this.#place === "body";
  }

  /**
   * Searches for the next From_ line.
   *
   * @returns the start of the next message, after `#place` has been set to its first line; or the offset at which to
   *   continue with more bytes
   */
  #nextFromLine(bytes: Buffer, start: number, from: number, base: number, last: boolean): number {
    const end = bytes.length;
    const fileStart = base === 0 - start;
    let at = from;
    for (;;) {
      at = fileStart && at <= start + 2 ? this.#atFileStart(bytes, start, at) : this.#candidate(bytes, start, at);
      if (at < 0) return last ? end : Math.max(from, end - lineStart.length);
      if (!last && end - at < longestFromLine && bytes.indexOf(LF, at) < 0) return at;
      if (this.#separators.isOne(bytes, at, base) && !this.#length.covers(bytes, at, base)) {
        this.#statusSeen = false;
        this.#place = "in-line";
        return at;
      }
      at++;
    }
  }

  /**
   * Returns the offset of a From_ line at the start of a file. The line is recognized as if an empty line preceded it.
   */
  #atFileStart(bytes: Buffer, start: number, from: number): number {
    for (let at = from; at <= start + 2; at++) {
      const before = bytes.toString("latin1", start, at);
      const empty = before === "" || before === "\n" || before === "\r\n" || before === "\n\n";
      if (empty && bytes.subarray(at, at + fromWord.length).equals(fromWord)) return at;
    }
    return this.#candidate(bytes, start, start + 3);
  }

  /**
   * Returns the offset of the next `From ` after an empty line, at or after `from`; -1 if there is none. Searching for
   * a byte that is rare in the text is several times faster than searching for line starts. F is rare in most texts,
   * and the space is rare in base64. If both are frequent, a short stretch of the text is searched for line starts.
   */
  #candidate(bytes: Buffer, start: number, from: number): number {
    for (let searched = from; ; searched += stretch) {
      for (const place of rareBytes) {
        const begin = searched;
        for (let found = 1; searched - begin >= (found - 1) * rare; found++) {
          const at = bytes.indexOf(fromWord[place] as number, searched + place) - place;
          if (at < 0 || isCandidate(bytes, start, at)) return Math.max(at, -1);
          searched = at + 1;
        }
      }
      const searchable = bytes.subarray(0, searched + stretch + lineStart.length);
      let at = searchable.indexOf(lineStart, Math.max(start, searched - 1));
      while (at >= 0 && !isCandidate(bytes, start, at + 1)) at = searchable.indexOf(lineStart, at + 1);
      if (at >= 0) return at + 1;
      if (searchable.length === bytes.length) return -1;
    }
  }

  /**
   * Scans a header.
   *
   * @returns the body's offset, if the header is complete; otherwise the offset at which to continue with more bytes.
   *   `#place` is set accordingly.
   */
  #header(piece: LineBuffer, from: number, end: number, last: boolean): number {
    const { bytes } = piece;
    let i = from;
    let inLine = this.#place === "in-line";
    for (;;) {
      if (inLine) {
        i = piece.lineFeed(i, end) + 1;
        if (i > end) {
          this.#place = "in-line";
          return end;
        }
      }
      inLine = true;
      if (i + 1 >= end && (i >= end || (!last && bytes[i] !== LF))) break;
      const first = bytes[i] as number;
      if (first === LF || (first === CR && i + 1 < end && bytes[i + 1] === LF)) {
        this.#place = "body";
        return i + (first === LF ? 1 : 2);
      }
      const letter = first | 32;
      // Many fields begin with Content-. The ninth letter excludes most of them.
      if (
        letter === 115 ? !this.#statusSeen : letter === 99 && (i + 8 >= end || ((bytes[i + 8] as number) | 32) === 108)
      ) {
        if (!last && end - i < longestFromLine && piece.lineFeed(i, end) === end) break;
        if (letter === 115) this.#status(bytes, i, end);
        else this.#length.note(lengthIn(bytes, i, end));
      }
    }
    this.#place = "line-start";
    return i;
  }

  /** Records the letters R and O of a line that may be a Status field. */
  #status(bytes: Buffer, at: number, end: number): void {
    const limit = Math.min(end, at + longestFromLine);
    let i = at;
    for (const letter of statusName) if (i >= limit || ((bytes[i++] as number) | 32) !== letter) return;
    while (i < limit && (bytes[i] === 32 || bytes[i] === 9)) i++;
    if (i >= limit || bytes[i] !== 58) return;
    const value = ++i;
    let stored = 0;
    for (; i < limit && bytes[i] !== LF && bytes[i] !== CR; i++) {
      if (bytes[i] === 82) stored |= Stored.Read;
      else if (bytes[i] === 79) stored |= Stored.Old;
    }
    const plain = i < limit && hasNoSpecialBytes(bytes, value, i);
    this.#index.setStored(this.#index.count, plain ? stored | Stored.Plain : stored);
    this.#statusSeen = true;
  }
}

function isCandidate(bytes: Buffer, start: number, at: number): boolean {
  if (at - 2 < start || bytes[at - 1] !== LF) return false;
  if (bytes[at - 2] !== LF && (at - 3 < start || bytes[at - 2] !== CR || bytes[at - 3] !== LF)) return false;
  return bytes[at + 1] === 114 && bytes[at + 2] === 111 && bytes[at + 3] === 109 && bytes[at + 4] === 32;
}

/** Returns whether a field's value is exactly ` O` or ` RO`. */
function hasNoSpecialBytes(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== 32 || bytes[end - 1] !== 79) return false;
  return end - start === 2 || (end - start === 3 && bytes[start + 1] === 82);
}
