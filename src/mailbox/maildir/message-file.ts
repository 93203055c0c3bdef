/**
 * One file of a Maildir as it would stand in an mbox: a From_ line in front, an empty line behind. So all that shows,
 * counts and copies messages works on both.
 */
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { asctime } from "../../message/date.ts";
import { parseHeader, startsWithFrom } from "../../message/header.ts";
import { readInto, readRange } from "../file-ranges.ts";
import { fromLineUser } from "../from-line.ts";
import { headerEnd } from "../header-bytes.ts";

const headPiece = 16 << 10;
/** A header longer than this is looked at up to here for its envelope. */
const longestHead = 256 << 10;
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** @param head up to the empty line */
function lineEndOfFile(head: Buffer): string {
  const end = head.indexOf(10);
  return end > 0 && end < 1024 && head[end - 1] === 13 ? "\r\n" : "\n";
}

/** The line that stands in front; none where the file has one. */
function fromLineOf(head: Buffer, mtime: Date, lineEnd: string): string {
  if (startsWithFrom(head)) return "";
  return `From ${fromLineUser(head)} ${asctime(deliveryDate(head) ?? mtime)}${lineEnd}`;
}

function endOfMboxForm(lastByte: number | undefined, lineEnd: string): string {
  return lastByte === undefined || lastByte === 10 ? lineEnd : lineEnd + lineEnd;
}

/** Reads one file of a Maildir as the message that an mbox would store. */
export class MessageFile {
  readonly size: number;
  readonly #descriptor: number;
  readonly #fileSize: number;
  readonly #fromLine: Buffer;
  readonly #end: Buffer;
  /** The beginning of the file, and of most files all of it: read once. */
  readonly #start: Buffer;

  /**
   * @param source its path, or a descriptor, which is taken over
   * @param dateOf for the From_ line, if the header has no date of delivery; otherwise the file's last change
   * @throws the system's error; a file that is none (a link, a pipe) is not opened
   */
  constructor(source: string | number, dateOf: (head: Buffer) => Date | undefined = () => undefined) {
    this.#descriptor = typeof source === "number" ? source : openSync(source, openFlags);
    const { size, mtime } = fstatSync(this.#descriptor);
    this.#fileSize = size;
    this.#start = readRange(this.#descriptor, 0, Math.min(size, headPiece));
    const head = this.#head();
    const lineEnd = lineEndOfFile(head);
    this.#fromLine = Buffer.from(fromLineOf(head, dateOf(head) ?? mtime, lineEnd));
    this.#end = Buffer.from(endOfMboxForm(size === 0 ? undefined : this.#bytes(size - 1, size)[0], lineEnd));
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

/** Room in front of the file for its From_ line, and behind it for its end. */
const fromLineRoom = 1024;
const endRoom = 4;

/** Reads file after file into the same memory, for what looks at all of them. */
export class MessageReader {
  readonly #memory = Buffer.allocUnsafeSlow(fromLineRoom + longestHead + endRoom);
  /**
   * @returns the same bytes as MessageFile's, good until the next call; undefined where the file is too long for it, or is none
   * @throws the system's error
   */
  read(path: string, part: "whole" | "header"): Buffer | undefined {
    const descriptor = openSync(path, openFlags);
    try {
      return this.#read(descriptor, part);
    } finally {
      closeSync(descriptor);
    }
  }

  #read(descriptor: number, part: "whole" | "header"): Buffer | undefined {
    const stat = fstatSync(descriptor);
    const { size } = stat;
    if (!stat.isFile() || size === 0 || size > longestHead) return undefined;
    const length = part === "whole" ? size : Math.min(size, headPiece);
    const file = this.#memory.subarray(fromLineRoom, fromLineRoom + length);
    if (readInto(descriptor, file, 0) < length) return undefined;
    const headLength = headerEnd(file, 0);
    // A file that begins with the empty line has no header.
    if (headLength === undefined || file[0] === 10 || file[0] === 13) return undefined;
    const head = file.subarray(0, headLength);
    const lineEnd = lineEndOfFile(head);
    const fromLine = fromLineOf(head, stat.mtime, lineEnd);
    const fromLength = Buffer.byteLength(fromLine);
    if (fromLength > fromLineRoom) return undefined;
    const start = fromLineRoom - fromLength;
    this.#memory.write(fromLine, start);
    if (part === "header") return this.#memory.subarray(start, fromLineRoom + headLength);
    const end = endOfMboxForm(file[length - 1], lineEnd);
    this.#memory.write(end, fromLineRoom + length, "latin1");
    return this.#memory.subarray(start, fromLineRoom + length + end.length);
  }
}

/** Exim writes when it delivered; else the file's own time is it, which Dovecot and we keep so. */
function deliveryDate(head: Buffer): Date | undefined {
  const date = new Date(parseHeader(head).get("delivery-date") ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
