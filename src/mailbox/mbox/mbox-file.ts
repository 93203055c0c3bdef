/** The file of an mbox and where its messages are in it: ranges of bytes, read when asked for. */
import { closeSync } from "node:fs";
import { copyPieces, readRange } from "../file-ranges.ts";
import { MessageIndex } from "./message-index.ts";
import { headerEnd } from "./scan.ts";

const headerPiece = 16 << 10;
/** What is asked for in order, message by message, is read so much at a time. */
const smallWindow = 64 << 10;
const largeWindow = 1 << 20;

export class MboxFile {
  readonly descriptor: number;
  index: MessageIndex;
  /** Bytes of the file that are indexed. */
  covered = 0;
  /** What takes the place of a message's bytes at the commit. */
  readonly replaced = new Map<number, Buffer>();
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;

  constructor(descriptor: number, index = new MessageIndex()) {
    this.descriptor = descriptor;
    this.index = index;
  }

  get count(): number {
    return this.index.count;
  }

  start(message: number): number {
    return this.index.start(message);
  }

  end(message: number): number {
    return message < this.index.count ? this.index.start(message + 1) : this.covered;
  }

  size(message: number): number {
    return this.replaced.get(message)?.length ?? this.end(message) - this.index.start(message);
  }

  header(message: number): Buffer {
    const size = this.size(message);
    for (let length = headerPiece; ; length *= 4) {
      const bytes = this.read(message, 0, Math.min(size, length));
      const end = headerEnd(bytes, 0);
      if (end !== undefined) return bytes.subarray(0, end);
      if (length >= size) return bytes;
    }
  }

  read(message: number, start: number, end: number): Buffer {
    const replaced = this.replaced.get(message);
    if (replaced !== undefined) return replaced.subarray(start, end);
    const from = this.index.start(message);
    return this.#range(from + start, Math.max(from + start, Math.min(from + end, this.end(message))));
  }

  #range(from: number, to: number): Buffer {
    const ahead = from - this.#windowAt;
    const held = this.#window.length;
    if (ahead >= 0 && to <= this.#windowAt + held) return this.#window.subarray(ahead, to - this.#windowAt);
    if (to - from > smallWindow) return readRange(this.descriptor, from, to);
    const inOrder = held > 0 && ahead >= 0 && ahead <= held + smallWindow;
    const wanted = Math.min(from + (inOrder ? largeWindow : smallWindow), this.covered);
    // A buffer of its own each time: what was given out of the one before may be kept.
    this.#window = readRange(this.descriptor, from, wanted);
    this.#windowAt = from;
    return this.#window.subarray(0, to - from);
  }

  /** Somebody may have written the file: what was read ahead is not to be believed. */
  forget(): void {
    this.#window = Buffer.alloc(0);
  }

  /** The bytes of a message; each piece is valid until the next. */
  *pieces(message: number): Iterable<Buffer> {
    const replaced = this.replaced.get(message);
    if (replaced !== undefined) yield replaced;
    else if (this.size(message) <= smallWindow) yield this.read(message, 0, smallWindow);
    else yield* copyPieces(this.descriptor, this.index.start(message), this.end(message));
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
