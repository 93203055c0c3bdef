/**
 * One file of a Maildir as it would stand in an mbox: a From_ line in front, an empty line behind. So all that shows,
 * counts and copies messages works on both.
 */
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { asctime } from "../../message/date.ts";
import { parseHeader, startsWithFrom } from "../../message/header.ts";
import { readRange } from "../bytes.ts";
import { headerEnd } from "../mbox/scan.ts";
import { fromLineUser } from "./mbox-form.ts";

const headPiece = 16 << 10;
/** A header longer than this is looked at up to here for its envelope. */
const longestHead = 256 << 10;

export class MessageFile {
  readonly size: number;
  readonly #descriptor: number;
  readonly #fileSize: number;
  readonly #fromLine: Buffer;
  readonly #end: Buffer;
  /** The beginning of the file, and of most files all of it: read once. */
  readonly #start: Buffer;

  /** @throws the system's error; a file that is none (a link, a pipe) is not opened */
  constructor(path: string) {
    this.#descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { size, mtime } = fstatSync(this.#descriptor);
    this.#fileSize = size;
    this.#start = readRange(this.#descriptor, 0, Math.min(size, headPiece));
    const head = this.#head();
    const lineEnd = /^[^\n]*\r\n/.test(head.toString("latin1", 0, 1024)) ? "\r\n" : "\n";
    this.#fromLine = startsWithFrom(head)
      ? Buffer.alloc(0)
      : Buffer.from(`From ${fromLineUser(head)} ${asctime(deliveryDate(head) ?? mtime)}${lineEnd}`);
    const ended = size === 0 || this.#bytes(size - 1, size)[0] === 10;
    this.#end = Buffer.from(ended ? lineEnd : lineEnd + lineEnd);
    this.size = this.#fromLine.length + size + this.#end.length;
  }

  /** Bytes `start` to `end`, counted from the From_ line. */
  read(start: number, end: number): Buffer {
    const front = this.#fromLine.length;
    const back = front + this.#fileSize;
    if (start >= front && end <= back) return this.#bytes(start - front, end - front);
    return Buffer.concat([
      this.#fromLine.subarray(Math.min(start, front), Math.min(end, front)),
      this.#bytes(Math.max(0, start - front), Math.max(0, Math.min(end, back) - front)),
      this.#end.subarray(Math.max(0, start - back), Math.max(0, end - back)),
    ]);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** Bytes of the file. */
  #bytes(start: number, end: number): Buffer {
    if (end <= this.#start.length) return this.#start.subarray(start, end);
    return readRange(this.#descriptor, start, end);
  }

  #head(): Buffer {
    for (let length = headPiece; ; length *= 4) {
      const bytes = this.#bytes(0, Math.min(this.#fileSize, length));
      const end = headerEnd(bytes, 0);
      if (end !== undefined) return bytes.subarray(0, end);
      if (length >= Math.min(this.#fileSize, longestHead)) return bytes;
    }
  }
}

/** Exim writes when it delivered; else the file's own time is it, which Dovecot and we keep so. */
function deliveryDate(head: Buffer): Date | undefined {
  const date = new Date(parseHeader(head).get("delivery-date") ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
