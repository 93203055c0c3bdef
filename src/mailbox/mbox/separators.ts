/** The lines that separate the messages of one mbox. */
import { hasDate, isFromLine, isHeaderNext, isUndated, judgedLength } from "./from-line.ts";

/** Returns the bytes from an offset of the file to another, or as many as there are. */
export type ReadBytes = (from: number, to: number) => Buffer;

const headLength = 2 * judgedLength;

export class Separators {
  /** Bytes of the file that are searched for messages. */
  readonly size: number;
  /** Lines without a date begin messages, too; see isUndated. */
  readonly areUndated: boolean;
  readonly read: ReadBytes;

  /** @param read does not return bytes past `size` */
  constructor(size: number, read: ReadBytes) {
    this.size = size;
    this.read = read;
    this.areUndated = isUndated(read(0, headLength));
  }

  /**
   * Returns whether a `From ` line that follows an empty line begins a message.
   *
   * @param at its offset in `bytes`, which begin at `base` of the file
   */
  isOne(bytes: Buffer, at: number, base: number): boolean {
    if (!this.areUndated) return isFromLine(bytes, at, bytes.length);
    const [judged, from] = this.#judged(bytes, at, base);
    return hasDate(judged, from) ? isFromLine(judged, from, judged.length) : isHeaderNext(judged, from);
  }

  /** Returns whether such a line begins a message whatever a Content-Length before it says: it has a date, and a header follows. */
  isCertain(bytes: Buffer, at: number, base: number): boolean {
    const [judged, from] = this.#judged(bytes, at, base);
    if (!isHeaderNext(judged, from)) return false;
    return this.areUndated || (isFromLine(judged, from, judged.length) && hasDate(judged, from));
  }

  /** The bytes that tell, and the line's offset in them: the end of a piece may cut them. */
  #judged(bytes: Buffer, at: number, base: number): [Buffer, number] {
    if (bytes.length - at >= judgedLength || base + bytes.length >= this.size) return [bytes, at];
    return [this.read(base + at, base + at + judgedLength), 0];
  }
}
