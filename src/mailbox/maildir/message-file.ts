/**
 * Presents a Maildir file as an mbox would store it, with a From_ line before it and an empty line after it. The code
 * that displays, counts and copies messages therefore works with both formats.
 */
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { parseHeader, startsWithFrom } from "../../message/header.ts";
import { readInto, readRange } from "../file-ranges.ts";
import { formatAsctime, fromLineUser } from "../from-line.ts";
import { headerEnd } from "../header-bytes.ts";

const headPiece = 16 << 10;
/** Maximum number of header bytes that are searched for the envelope. */
const longestHead = 256 << 10;
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Returns the file's newline, CRLF or LF. @param head the bytes up to the empty line */
function lineEndOfFile(head: Buffer): string {
  const end = head.indexOf(10);
  return end > 0 && end < 1024 && head[end - 1] === 13 ? "\r\n" : "\n";
}

/** Returns the From_ line to prepend; empty if the file begins with one. */
function fromLineOf(head: Buffer, mtime: Date, lineEnd: string): string {
  if (startsWithFrom(head)) return "";
  return `From ${fromLineUser(head)} ${formatAsctime(deliveryDate(head) ?? mtime)}${lineEnd}`;
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
  /** The beginning of the file (often the entire file), which is read only once. */
  readonly #start: Buffer;

  /**
   * Opens a file of a Maildir.
   *
   * @param source its path, or a descriptor that this object closes
   * @param dateOf returns the From_ line's date if the header has no delivery date. Without this function, the file's
   *   modification time is used.
   * @throws a system error, for example if the file is a symbolic link
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

  /** Reads bytes `start` to `end`, counted from the From_ line. */
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

  /** Reads bytes of the file itself. */
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

/** Space reserved before a file's contents for the From_ line, and after the contents for the final newlines. */
const fromLineRoom = 1024;
const endRoom = 4;

/** Reads one file after another into the same memory, for operations on many messages. */
export class MessageReader {
  readonly #memory = Buffer.allocUnsafeSlow(fromLineRoom + longestHead + endRoom);
  /**
   * Reads a message or its header.
   *
   * @returns the same bytes as MessageFile, valid until the next call; undefined if the file is too long or is not a
   *   regular file
   * @throws a system error
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
    // A file whose first line is empty has no header.
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

/**
 * Returns the date in the Delivery-date field, which Exim adds. Dovecot, `mail` and delivery agents other than Exim
 * record the delivery date as the file's modification time.
 */
function deliveryDate(head: Buffer): Date | undefined {
  const date = new Date(parseHeader(head).get("delivery-date") ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
