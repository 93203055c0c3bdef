/** Reads many messages from an mbox in file order, using large reads. */

import { headerEnd } from "../header-bytes.ts";
import type { MessagePiece, MessageRun } from "../mailbox.ts";
import type { MboxFile } from "./mbox-file.ts";

const wholeWindow = 8 << 20;
const headerWindow = 64 << 10;
/** Small enough that the bytes are still in the processor's cache when they are searched and written. */
const runWindow = 1 << 20;

/**
 * A buffer for large reads. A read covers only consecutive messages, so that the bytes between scattered messages are
 * not read.
 */
export class Window {
  readonly #read: (bytes: Uint8Array, position: number) => number;
  readonly #bytes: Buffer;
  #start = 0;
  #end = 0;

  /** Creates a window. @param read fills bytes from an offset on, and returns the number of bytes read */
  constructor(read: (bytes: Uint8Array, position: number) => number, size: number) {
    this.#read = read;
    this.#bytes = Buffer.allocUnsafe(size);
  }

  holds(start: number, end: number): boolean {
    return start >= this.#start && end <= this.#end;
  }

  move(start: number, end: number): void {
    const wanted = Math.min(end - start, this.#bytes.length);
    const filled = this.#read(this.#bytes.subarray(0, wanted), start);
    this.#start = start;
    this.#end = start + filled;
  }

  /**
   * Returns a range of bytes, which is read together with the bytes after it; undefined if the range is longer than the
   * window.
   *
   * @param limit the offset at which the read must end
   */
  take(start: number, end: number, limit: number): Buffer | undefined {
    if (end - start > this.#bytes.length) return undefined;
    if (!this.holds(start, end)) this.move(start, limit);
    return this.slice(start, end);
  }

  /** Returns the part of a range that the window contains. */
  slice(start: number, end: number): Buffer {
    return this.#bytes.subarray(start - this.#start, Math.min(end, this.#end) - this.#start);
  }
}

/** Yields complete messages. @param messages in ascending order */
export function* wholeMessages(source: MboxFile, messages: readonly number[]): Iterable<MessagePiece> {
  const window = new Window((bytes, position) => source.readInto(bytes, position), wholeWindow);
  for (const [index, message] of messages.entries()) {
    const replaced = source.replaced.get(message);
    if (replaced !== undefined) {
      yield { message, at: 0, bytes: replaced };
      continue;
    }
    const start = source.start(message);
    const end = source.end(message);
    if (!window.holds(start, end)) window.move(start, runEnd(source, messages, index, wholeWindow));
    let at = 0;
    for (;;) {
      const bytes = window.slice(start + at, end);
      yield { message, at, bytes };
      at += bytes.length;
      if (bytes.length === 0 || start + at >= end) break;
      window.move(start + at, end);
    }
  }
}

/** Yields complete messages in runs that fit in a window. */
export function* readRuns(source: MboxFile, messages: readonly number[]): Iterable<MessageRun> {
  const buffer = Buffer.allocUnsafeSlow(runWindow);
  for (let at = 0; at < messages.length; ) {
    const first = at;
    const start = source.start(messages[first] as number);
    const ends: number[] = [];
    let end = start;
    for (; at < messages.length; at++) {
      const message = messages[at] as number;
      const next = source.end(message);
      if (source.start(message) !== end || next - start > runWindow || source.replaced.has(message)) break;
      end = next;
      ends.push(end - start);
    }
    const bytes = buffer.subarray(0, end - start);
    if (ends.length > 0 && source.readInto(bytes, start) === bytes.length)
      yield { messages: messages.slice(first, at), bytes, ends };
    else {
      at = first + 1;
      yield { messages: messages.slice(first, at), bytes: undefined, ends: [] };
    }
  }
}

/** Yields the headers of messages. @param messages in ascending order */
export function* messageHeaders(source: MboxFile, messages: readonly number[]): Iterable<MessagePiece> {
  const window = new Window((bytes, position) => source.readInto(bytes, position), headerWindow);
  for (const [index, message] of messages.entries()) {
    const start = source.start(message);
    const end = source.end(message);
    let bytes = headerOfPiece(window, start, end);
    if (bytes === undefined && source.replaced.get(message) === undefined) {
      window.move(start, runEnd(source, messages, index, headerWindow));
      bytes = headerOfPiece(window, start, end);
    }
    if (bytes === undefined || source.replaced.get(message) !== undefined) bytes = source.header(message);
    yield { message, at: 0, bytes };
  }
}

function headerOfPiece(window: Window, start: number, end: number): Buffer | undefined {
  if (!window.holds(start, start + 1)) return undefined;
  const bytes = window.slice(start, end);
  const found = headerEnd(bytes, 0);
  if (found !== undefined) return bytes.subarray(0, found);
  return window.holds(start, end) ? bytes : undefined;
}

/** Returns the end of the run of consecutive messages that begins at `index`, or of the part that fits in one read. */
function runEnd(source: MboxFile, messages: readonly number[], index: number, enough: number): number {
  const first = messages[index] as number;
  const start = source.start(first);
  let end = source.end(first);
  for (let next = index + 1; end - start < enough && next < messages.length; next++) {
    const message = messages[next] as number;
    if (source.start(message) !== end) break;
    end = source.end(message);
  }
  return end;
}
