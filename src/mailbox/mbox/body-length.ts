/**
 * Decides whether a message's Content-Length is trusted. Dovecot stores `From ` lines unquoted and relies on this field.
 * But senders can also write the field, and its value is wrong after another program has edited the message.
 *
 * A length is valid if a body of this length ends at the end of the file or at a From_ line, and if the body contains
 * no line that is certain to begin a message (Separators.isCertain). A valid length therefore never hides another
 * message.
 */
import type { Separators } from "./separators.ts";

const name = Buffer.from("content-length");
const separatorStart = Buffer.from("\n\nFrom ");
const separatorStartCrlf = Buffer.from("\n\r\nFrom ");
const LF = 10;
const CR = 13;
const COLON = 58;
const mostDigits = 15;
/** Number of bytes per read when a body is searched for another message. */
const pieceSize = 256 << 10;
/** Number of bytes that must be read after a body to find a From_ line. */
const told = 1100;

/**
 * Returns the value of a header line if it is a Content-Length; undefined if it is another field, NaN if the value is
 * invalid.
 *
 * @param at the offset of the line
 */
export function lengthIn(bytes: Buffer, at: number, end: number): number | undefined {
  for (let i = 0; i < name.length; i++)
    if (at + i >= end || ((bytes[at + i] as number) | 32) !== name[i]) return undefined;
  let i = afterBlanks(bytes, at + name.length, end);
  if (i >= end || bytes[i] !== COLON) return undefined;
  i = afterBlanks(bytes, i + 1, end);
  const first = i;
  let value = 0;
  for (; i < end && isDigit(bytes[i] as number); i++) value = value * 10 + (bytes[i] as number) - 48;
  const digits = i - first;
  i = afterBlanks(bytes, i, end);
  if (i < end && bytes[i] === CR) i++;
  return digits > 0 && digits <= mostDigits && (i >= end || bytes[i] === LF) ? value : Number.NaN;
}

function afterBlanks(bytes: Buffer, from: number, end: number): number {
  let i = from;
  while (i < end && (bytes[i] === 32 || bytes[i] === 9)) i++;
  return i;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

/** Decides which Content-Length fields are valid, so that `From ` lines in a body do not begin a message. */
export class BodyLength {
  readonly #separators: Separators;
  #message = 0;
  /** The value in the message's header; NaN if the header contains the field twice. */
  #stated: number | undefined;
  /** The end of the body according to the stated length; 0 if no length is stated. */
  #end = 0;
  #isValid: boolean | undefined;
  #undecided: number | undefined;

  constructor(separators: Separators) {
    this.#separators = separators;
  }

  get undecided(): number | undefined {
    return this.#undecided;
  }

  /** Starts a new message. @param start its offset in the file */
  begin(start: number): void {
    this.#message = start;
    this.#stated = undefined;
    this.#end = 0;
    this.#isValid = undefined;
  }

  /** Records a header line's value. @param value returned by lengthIn */
  note(value: number | undefined): void {
    if (value !== undefined) this.#stated = this.#stated === undefined ? value : Number.NaN;
  }

  /** Starts the message's body. @param start its offset in the file */
  beginBody(start: number): void {
    if (this.#stated !== undefined && !Number.isNaN(this.#stated)) this.#end = start + this.#stated;
  }

  /**
   * Returns whether a valid Content-Length shows that a From_ line is part of the body.
   *
   * @param at the offset of the From_ line in `bytes`
   */
  covers(bytes: Buffer, at: number, base: number): boolean {
    if (base + at >= this.#end && this.#undecided === undefined) return false;
    if (base + at < this.#end) {
      this.#isValid ??= this.#endsWell() && !this.#hidesAnother(base + at);
      if (this.#isValid) return true;
      const mayChange = this.#end + told > this.#separators.size;
      if (mayChange) this.#undecided ??= this.#message;
    }
    // A preceding Content-Length is invalid if it extends beyond such a line.
    if (this.#undecided !== undefined && this.#separators.isCertain(bytes, at, base)) this.#undecided = undefined;
    return false;
  }

  #endsWell(): boolean {
    const { read, size } = this.#separators;
    if (this.#end > size) return false;
    const bytes = read(this.#end, this.#end + told);
    let at = 0;
    // The length may exclude the last line's newline and the empty line.
    for (let ends = 0; ends < 2; ends++) {
      if (bytes[at] === CR && bytes[at + 1] === LF) at += 2;
      else if (bytes[at] === LF) at++;
    }
    if (at >= bytes.length) return this.#end + at >= size;
    return bytes.toString("latin1", at, at + 5) === "From " && this.#separators.isOne(bytes, at, this.#end);
  }

  /** Returns whether the body contains another message. @param from the offset of the first From_ line in the body */
  #hidesAnother(from: number): boolean {
    const { read } = this.#separators;
    const overlap = separatorStartCrlf.length;
    for (let position = Math.max(0, from - 3); position < this.#end; position += pieceSize) {
      const bytes = read(position, Math.min(this.#end + overlap, position + pieceSize + overlap));
      for (const start of [separatorStart, separatorStartCrlf]) {
        for (let found = bytes.indexOf(start); found >= 0; found = bytes.indexOf(start, found + 1)) {
          const at = found + start.length - 5;
          if (position + at < this.#end && this.#separators.isCertain(bytes, at, position)) return true;
        }
      }
    }
    return false;
  }
}
