/** The lines that separate the messages of one mbox. */
import {
  type FromLineForm,
  formLength,
  fromLineForm,
  hasDate,
  isFromLine,
  isHeaderNext,
  judgedLength,
} from "../from-line.ts";

/** Returns the bytes from an offset of the file to another, or as many as there are. */
export type ReadBytes = (from: number, to: number) => Buffer;

/** Decides which `From ` lines begin a message, by the form of the file's first one. */
export class Separators {
  /** Bytes of the file that are searched for messages. */
  readonly size: number;
  readonly form: FromLineForm;
  readonly read: ReadBytes;

  /** @param read does not return bytes past `size` */
  constructor(size: number, read: ReadBytes) {
    this.size = size;
    this.read = read;
    this.form = fromLineForm(read(0, formLength));
  }

  /**
   * Returns whether a `From ` line that follows an empty line begins a message.
   *
   * @param at its offset in `bytes`, which begin at `base` of the file
   */
  isOne(bytes: Buffer, at: number, base: number): boolean {
    if (this.form === "dated") return isFromLine(bytes, at, bytes.length);
    const [judged, from] = this.#judged(bytes, at, base);
    const isUsual = isFromLine(judged, from, judged.length);
    if (this.form === "two-words") return isUsual || isHeaderNext(judged, from);
    return hasDate(judged, from) ? isUsual : isHeaderNext(judged, from);
  }

  /** Returns whether such a line begins a message whatever a Content-Length before it says: it has a date, and a header follows. */
  isCertain(bytes: Buffer, at: number, base: number): boolean {
    const [judged, from] = this.#judged(bytes, at, base);
    if (!isHeaderNext(judged, from)) return false;
    return this.form !== "dated" || (isFromLine(judged, from, judged.length) && hasDate(judged, from));
  }

  /** The bytes that tell, and the line's offset in them: the end of a piece may cut them. */
  #judged(bytes: Buffer, at: number, base: number): [Buffer, number] {
    if (bytes.length - at >= judgedLength || base + bytes.length >= this.size) return [bytes, at];
    return [this.read(base + at, base + at + judgedLength), 0];
  }
}
