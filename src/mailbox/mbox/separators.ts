/** Recognizes the lines that separate the messages of one mbox. */
import {
  type FromLineForm,
  formLength,
  fromLineForm,
  hasDate,
  isFromLine,
  isHeaderNext,
  judgedLength,
} from "../from-line.ts";

/** Returns a range of the file; fewer bytes if the file ends earlier. */
export type ReadBytes = (from: number, to: number) => Buffer;

/** Decides which `From ` lines begin a message, according to the form of the file's first From_ line. */
export class Separators {
  /** Number of bytes in the file that are searched for messages. */
  readonly size: number;
  readonly form: FromLineForm;
  readonly read: ReadBytes;

  /** Reads the form of the first From_ line. @param read must not return bytes beyond `size` */
  constructor(size: number, read: ReadBytes) {
    this.size = size;
    this.read = read;
    this.form = fromLineForm(read(0, formLength));
  }

  /**
   * Returns whether a `From ` line that follows an empty line begins a message.
   *
   * @param at its offset in `bytes`, which begin at file offset `base`
   */
  isOne(bytes: Buffer, at: number, base: number): boolean {
    if (this.form === "dated") return isFromLine(bytes, at, bytes.length);
    const [judged, from] = this.#judged(bytes, at, base);
    const isUsual = isFromLine(judged, from, judged.length);
    if (this.form === "two-words") return isUsual || isHeaderNext(judged, from);
    return hasDate(judged, from) ? isUsual : isHeaderNext(judged, from);
  }

  /**
   * Returns whether a `From ` line begins a message regardless of any Content-Length. This requires that a header
   * follows, and that the line has a date or the header contains Status. A quit adds a Status field to each message. As
   * a result, the Content-Length of a preceding message may become valid.
   */
  isCertain(bytes: Buffer, at: number, base: number): boolean {
    const [judged, from] = this.#judged(bytes, at, base);
    if (!isHeaderNext(judged, from)) return false;
    if (this.form !== "dated") return true;
    return isFromLine(judged, from, judged.length) && (hasDate(judged, from) || hasStatusField(judged, from));
  }

  /**
   * Returns the bytes that are needed for the decision, and the offset of the line within those bytes. If the piece
   * ends too early, these bytes are read from the file.
   */
  #judged(bytes: Buffer, at: number, base: number): [Buffer, number] {
    if (bytes.length - at >= judgedLength || base + bytes.length >= this.size) return [bytes, at];
    return [this.read(base + at, base + at + judgedLength), 0];
  }
}

/** Returns whether the header that follows a From_ line contains a Status field. */
function hasStatusField(bytes: Buffer, from: number): boolean {
  const [header = ""] = bytes.toString("latin1", from).split(/\n\r?\n/, 1);
  return /\nStatus[ \t]*:/i.test(header);
}
