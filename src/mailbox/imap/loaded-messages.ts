/**
 * Keeps the messages that have been loaded from a server. The messages are kept in an unnamed file, in the same form as
 * in an mbox: with LF newlines, a From_ line made from the sender and INTERNALDATE, and an empty line at the end. The
 * code that prints, searches and copies messages therefore works with mailboxes of any kind.
 */
import { closeSync, ftruncateSync, writeSync } from "node:fs";
import { Exit, MailError } from "../../errors.ts";
import { startsWithFrom } from "../../message/header.ts";
import { isSystemError, strerror } from "../../system-error.ts";
import { readRange } from "../file-ranges.ts";
import { formatAsctime, fromLineUser } from "../from-line.ts";
import { headerEnd } from "../header-bytes.ts";
import type { ByteRange, MessageNeed } from "../mailbox.ts";
import { openTemporary, type TemporaryFile } from "../packed/temporary-file.ts";

/** Length in bytes above which the file is emptied before the next window is opened. */
const largestFile = 64 << 20;
/** Maximum number of header bytes that are searched for the sender. */
const longestHead = 256 << 10;
const CR = 13;
const LF = 10;

/** A message part that is replaced by filler. Offset 0 is the From_ line. */
export interface OmittedPart extends ByteRange {
  /** The part's section, such as `2.1`. */
  readonly section: string;
  /** The part's size in bytes, with CRLF newlines. */
  readonly size: number;
}

/** A message, or a part of it, in the file. */
export interface Loaded {
  readonly at: number;
  /** The length in bytes of the loaded part, including the From_ line. */
  readonly length: number;
  readonly headerLength: number;
  /** The part of the message that is loaded. */
  readonly part: MessageNeed;
  /** The parts that filler replaces, in ascending order. */
  readonly filler: readonly OmittedPart[];
  /** The number of lines; undefined unless the message is complete. */
  readonly lines: number | undefined;
}

/** Converts CRLF newlines to LF in bytes that arrive in pieces. */
export class NewlineConverter {
  #hasCarriageReturn = false;

  /** Converts a piece in place, and returns the part of the buffer that contains the result. */
  convert(piece: Buffer): Buffer {
    if (piece.length === 0) return piece;
    let source = piece;
    if (this.#hasCarriageReturn) {
      this.#hasCarriageReturn = false;
      if (piece[0] !== LF) source = Buffer.concat([Buffer.of(CR), piece]);
    }
    let end = source.length;
    if (source[end - 1] === CR) {
      this.#hasCarriageReturn = true;
      end--;
    }
    let at = source.indexOf(CR);
    if (at < 0 || at >= end) return source.subarray(0, end);
    let written = at;
    while (at < end) {
      const next = source.indexOf(CR, at + 1);
      const stop = next < 0 || next > end ? end : next;
      const from = source[at] === CR && source[at + 1] === LF && at + 1 < end ? at + 1 : at;
      source.copyWithin(written, from, stop);
      written += stop - from;
      at = stop;
    }
    return source.subarray(0, written);
  }

  /** Returns the CR at the end of the last piece, if there is one. */
  end(): Buffer {
    return Buffer.alloc(this.#hasCarriageReturn ? 1 : 0, CR);
  }
}

/**
 * Returns the From_ line to be inserted before a message; empty if the message begins with one.
 *
 * @param piece the message's beginning
 */
function makeFromLine(piece: Buffer, received: Date): string {
  if (startsWithFrom(piece)) return "";
  const user = fromLineUser(piece.subarray(0, Math.min(headerEnd(piece, 0) ?? piece.length, longestHead)));
  return `From ${user} ${formatAsctime(received)}\n`;
}

/**
 * Returns a header in the form in which the file stores it.
 *
 * @param bytes the header as the server sent it; the buffer is modified
 */
export function makeHeaderBytes(bytes: Buffer, received: Date): Buffer {
  const newlines = new NewlineConverter();
  const header = newlines.convert(bytes);
  return Buffer.concat([Buffer.from(makeFromLine(header, received)), header, newlines.end()]);
}

/** Writes one message to the file, piece by piece. */
export class MessageWriter {
  readonly #file: LoadedMessages;
  readonly #message: number;
  readonly #received: Date;
  #newlines = new NewlineConverter();
  readonly #at: number;
  #length = 0;
  #headerLength: number | undefined;
  #lines = 0;
  #last: number | undefined;
  readonly #filler: OmittedPart[] = [];
  /** The total length of the filler so far. Filler is not written to the file. */
  #fillerLength = 0;

  constructor(file: LoadedMessages, message: number, received: Date, at: number, headerLength?: number) {
    this.#file = file;
    this.#message = message;
    this.#received = received;
    this.#at = at;
    this.#headerLength = headerLength;
  }

  /** Adds the next bytes as the server sent them; the first piece must contain the header. The buffer is modified. */
  add(bytes: Buffer): void {
    const piece = this.#newlines.convert(bytes);
    if (this.#length === 0) this.#addFirst(piece);
    else this.#write(piece);
  }

  /** Adds a separate section, which does not continue the preceding bytes. The buffer is modified. */
  addSection(bytes: Buffer): void {
    this.beginSection();
    this.addToSection(bytes);
    this.beginSection();
  }

  /** Begins a separate section, and ends the section before it. */
  beginSection(): void {
    this.#write(this.#newlines.end());
    this.#newlines = new NewlineConverter();
  }

  /** Adds the next bytes of a section. The buffer is modified. */
  addToSection(bytes: Buffer): void {
    this.#write(this.#newlines.convert(bytes));
  }

  /** Adds bytes that are already in the form in which the file stores them. */
  addStored(bytes: Buffer): void {
    this.#write(bytes);
  }

  /** Adds filler in place of a part. @param size the part's size with CRLF newlines */
  addFiller(size: number, section: string): void {
    // A line of base64 has 76 characters. The newline after such a line is LF here, but CRLF on the server.
    const length = Math.floor((size * 77) / 78);
    this.#filler.push({ start: this.#length, end: this.#length + length, section, size });
    this.#length += length;
    this.#fillerLength += length;
  }

  /** Completes the message. @param part the part of the message that was added */
  finish(part: MessageNeed): void {
    const isWhole = part === "whole";
    if (this.#length === 0) this.#addFirst(Buffer.alloc(0));
    this.#write(this.#newlines.end());
    const isEmpty = this.#length === this.#fromLength;
    if (isWhole) this.#write(Buffer.from(this.#last === LF || isEmpty ? "\n" : "\n\n"));
    this.#file.record(this.#message, {
      at: this.#at,
      length: this.#length,
      headerLength: Math.min(this.#headerLength ?? this.#length, this.#length),
      part,
      filler: this.#filler,
      lines: isWhole ? this.#lines : undefined,
    });
  }

  #fromLength = 0;

  #addFirst(piece: Buffer): void {
    const end = headerEnd(piece, 0);
    this.#write(Buffer.from(makeFromLine(piece, this.#received)));
    this.#fromLength = this.#length;
    this.#headerLength = end === undefined ? undefined : this.#length + end;
    this.#write(piece);
  }

  #write(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#file.write(bytes, this.#at + this.#length - this.#fillerLength);
    this.#length += bytes.length;
    this.#last = bytes[bytes.length - 1];
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) this.#lines++;
  }
}

/** The parts of a message, from the smallest to the largest. */
const order: readonly MessageNeed[] = ["facts", "header", "text", "whole"];

const fillerLine = `${"A".repeat(76)}\n`;
/** Filler for reads of up to 2 MiB. Readers must not modify it. */
let commonFiller: Buffer | undefined;

/** Returns bytes `start` to `end` of filler, which consists of meaningless base64 lines. */
function makeFiller(start: number, end: number): Buffer {
  const first = start % fillerLine.length;
  const last = first + end - start;
  commonFiller ??= Buffer.alloc(fillerLine.length * 27_235, fillerLine);
  return last <= commonFiller.length
    ? commonFiller.subarray(first, last)
    : Buffer.alloc(last, fillerLine).subarray(first);
}

/** Keeps the loaded messages of a session. */
export class LoadedMessages {
  #file: TemporaryFile | undefined;
  #end = 0;
  #found = new Map<number, Loaded>();

  /** Returns a message if the given part of it is loaded; otherwise undefined. */
  find(message: number, need: MessageNeed): Loaded | undefined {
    const found = this.#found.get(message);
    return found !== undefined && order.indexOf(found.part) >= order.indexOf(need) ? found : undefined;
  }

  /** Begins to write a message. Only one message can be written at a time. */
  begin(message: number, received: Date): MessageWriter {
    return new MessageWriter(this, message, received, this.#end);
  }

  /** Begins to write a message again, with its header in the form in which the file stores it. */
  beginAgain(message: number, { headerLength }: Loaded): MessageWriter {
    return new MessageWriter(this, message, new Date(0), this.#end, headerLength);
  }

  /** Returns the From_ line and the header; undefined if they are not loaded. */
  header(message: number): Buffer | undefined {
    const found = this.#found.get(message);
    return found === undefined ? undefined : this.read(found, 0, found.headerLength);
  }

  /** Reads bytes of a loaded message, counted from its From_ line. */
  read({ at, length, filler }: Loaded, start: number, end: number): Buffer {
    if (this.#file === undefined) throw new Error("nothing was loaded");
    const { descriptor } = this.#file;
    const until = Math.max(start, Math.min(end, length));
    if (filler.length === 0) return readRange(descriptor, at + start, at + until);
    const pieces: Buffer[] = [];
    let from = start;
    let skipped = 0;
    for (const hole of [...filler, { start: length, end: length }]) {
      if (from < hole.start && from < until) {
        const to = Math.min(until, hole.start);
        pieces.push(readRange(descriptor, at + from - skipped, at + to - skipped));
        from = to;
      }
      const to = Math.min(until, hole.end);
      if (from >= hole.start && from < to) {
        pieces.push(makeFiller(from - hole.start, to - hole.start));
        from = to;
      }
      skipped += hole.end - hole.start;
    }
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  /** Discards all messages if the file is large. The caller must ensure that no window is open. */
  makeRoom(): void {
    if (this.#end <= largestFile || this.#file === undefined) return;
    ftruncateSync(this.#file.descriptor, 0);
    this.#end = 0;
    this.#found = new Map();
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file.descriptor);
    this.#file = undefined;
    this.#found.clear();
  }

  /** @internal Writes bytes of the message that is being loaded. */
  write(bytes: Buffer, at: number): void {
    this.#file ??= openTemporary();
    try {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.#file.descriptor, bytes, done, bytes.length - done, at + done);
      }
    } catch (error) {
      if (!isSystemError(error)) throw error;
      const text = `${this.#file.directory}: ${strerror(error)}; the message was not loaded; set TMPDIR to a directory with enough space`;
      throw new MailError(text, Exit.IoErr, { cause: error });
    }
  }

  /** @internal Records a message that was written at the end of the file. */
  record(message: number, loaded: Loaded): void {
    this.#end = loaded.at + loaded.filler.reduce((length, { start, end }) => length - (end - start), loaded.length);
    this.#found.set(message, loaded);
  }
}
