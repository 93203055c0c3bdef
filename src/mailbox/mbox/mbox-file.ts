/** Reads the messages of an open mbox by their offsets. */
import { closeSync } from "node:fs";
import { readInto, readRange } from "../file-ranges.ts";
import { headerOf } from "../header-bytes.ts";
import { LineBuffer } from "../line-buffer.ts";
import { MessageIndex } from "./message-index.ts";

/** Numbers of bytes per read: the first is for single messages, the second is for messages that are read in order. */
const smallWindow = 64 << 10;
const largeWindow = 1 << 20;
const pieceSize = 4 << 20;
/** Maximum size in bytes of a mailbox that is kept in memory. */
const mostHeld = 8 << 20;

/** A part of the file in memory. */
export interface FileWindow {
  readonly lines: LineBuffer;
  /** The offset in the file of the first byte. */
  readonly start: number;
  /** Number of valid bytes. */
  readonly length: number;
}

const emptyWindow: FileWindow = { lines: new LineBuffer(0), start: 0, length: 0 };

/** An open mbox and the index of its messages. */
export class MboxFile {
  readonly descriptor: number;
  index: MessageIndex;
  /** Number of indexed bytes of the file. */
  covered = 0;
  /** The bytes that replace messages at the commit. */
  readonly replaced: Map<number, Buffer>;
  /** Called after each read of the file. @throws if the bytes read may be wrong */
  guard: (() => void) | undefined;
  /**
   * The bytes that were read last. If the whole file is kept in memory, the session can still read its messages if
   * another program moves them in the file.
   */
  #window = emptyWindow;
  #isHeld = false;
  /** The memory of the next window, which is reused unless a caller may keep a slice of it. */
  #memory = emptyWindow.lines;
  #isLent = false;

  constructor(descriptor: number, index = new MessageIndex(), replaced = new Map<number, Buffer>()) {
    this.descriptor = descriptor;
    this.index = index;
    this.replaced = replaced;
  }

  /** Returns an object that reads the same messages from the file's current contents. */
  onDisk(): MboxFile {
    const file = new MboxFile(this.descriptor, this.index, this.replaced);
    file.covered = this.covered;
    return file;
  }

  /** Keeps the file in memory if it is small. The file must not have been written to since it was scanned. */
  hold(): void {
    if (this.covered > mostHeld) return;
    const lines = new LineBuffer(this.covered);
    const length = readInto(this.descriptor, lines.bytes.subarray(0, this.covered), 0);
    this.#window = { lines, start: 0, length };
    this.#isHeld = true;
  }

  /**
   * Restores the map of replaced messages after a failed attempt to commit. The attempt may have added messages to the
   * map.
   */
  restoreReplaced(replaced: ReadonlyMap<number, Buffer>): void {
    this.replaced.clear();
    for (const [message, bytes] of replaced) this.replaced.set(message, bytes);
  }

  /** Whether the messages are kept in memory as they were when the file was scanned. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Fills `bytes` with the file's bytes, beginning at the offset `position`. @returns the number of bytes read */
  readInto(bytes: Uint8Array, position: number): number {
    if (this.#isHeld) {
      const there = this.#slice(position, position + bytes.length);
      bytes.set(there);
      return there.length;
    }
    const length = readInto(this.descriptor, bytes, position);
    this.guard?.();
    return length;
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
    return headerOf(this.size(message), (length) => this.read(message, 0, length));
  }

  read(message: number, start: number, end: number): Buffer {
    const bytes = this.readBriefly(message, start, end);
    this.#isLent = true;
    return bytes;
  }

  /** Returns the same bytes as `read`. The bytes are valid only until the next read, because the memory is reused. */
  readBriefly(message: number, start: number, end: number): Buffer {
    const replaced = this.replaced.get(message);
    if (replaced !== undefined) return replaced.subarray(start, end);
    const from = this.index.start(message);
    return this.#inWindow(from + start, Math.max(from + start, Math.min(from + end, this.end(message))));
  }

  #inWindow(from: number, to: number): Buffer {
    if (!this.#covers(from, to)) {
      if (to - from > smallWindow) {
        const bytes = Buffer.allocUnsafe(to - from);
        return bytes.subarray(0, this.readInto(bytes, from));
      }
      this.#moveWindow(from, to);
    }
    return this.#slice(from, to);
  }

  /**
   * Returns a window that contains the first bytes of a message, up to `length`; undefined if they do not fit in a
   * window, or if the file is shorter. The window is valid until the next read, because the memory is reused.
   */
  locate(message: number, length: number): FileWindow | undefined {
    const from = this.index.start(message);
    const to = Math.min(from + length, this.end(message));
    if (!this.#covers(from, to)) {
      if (to - from > smallWindow) return undefined;
      this.#moveWindow(from, to);
    }
    return to <= this.#window.start + this.#window.length ? this.#window : undefined;
  }

  /** Returns whether the window contains a range of the file. */
  #covers(from: number, to: number): boolean {
    const { start, length } = this.#window;
    return this.#isHeld || (from >= start && to <= start + length);
  }

  /** Returns the part of a range that the window contains. */
  #slice(from: number, to: number): Buffer {
    const { lines, start, length } = this.#window;
    return lines.bytes.subarray(Math.min(from - start, length), Math.min(to - start, length));
  }

  #moveWindow(from: number, to: number): void {
    const { start, length } = this.#window;
    const ahead = from - start;
    const inOrder = length > 0 && ahead >= 0 && ahead <= length + smallWindow;
    const size = inOrder ? largeWindow : smallWindow;
    // If messages are read in reverse order, the window also contains the messages before this one.
    const position = length > 0 && ahead < 0 && ahead >= -smallWindow ? Math.max(0, to - size) : from;
    if (this.#isLent || this.#memory.bytes.length < size) this.#memory = new LineBuffer(size);
    this.#isLent = false;
    const lines = this.#memory;
    // If the read fails, the old window is no longer in memory.
    this.#window = emptyWindow;
    const wanted = lines.bytes.subarray(0, Math.min(size, this.covered - position));
    this.#window = { lines, start: position, length: this.readInto(wanted, position) };
  }

  /** Discards the bytes read so far, because the file will be written or scanned again. */
  forget(): void {
    this.#window = emptyWindow;
    this.#isHeld = false;
  }

  /** Yields a message's bytes. Each piece is valid until the next one is requested. */
  *pieces(message: number): Iterable<Buffer> {
    const replaced = this.replaced.get(message);
    if (replaced !== undefined) yield replaced;
    else if (this.size(message) <= smallWindow) yield this.readBriefly(message, 0, smallWindow);
    else yield* this.#largePieces(this.index.start(message), this.end(message));
  }

  *#largePieces(start: number, end: number): Iterable<Buffer> {
    const buffer = Buffer.allocUnsafeSlow(Math.min(pieceSize, end - start));
    for (let at = start; at < end; at += buffer.length) {
      const piece = buffer.subarray(0, Math.min(buffer.length, end - at));
      const length = this.readInto(piece, at);
      if (length > 0) yield piece.subarray(0, length);
      if (length < piece.length) return;
    }
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

const landmarkLength = 4096;

/**
 * Returns the first bytes of a mailbox and the first bytes of its last message. These bytes show whether a mailbox that
 * has grown is otherwise unchanged.
 */
export function readLandmarks({ descriptor, covered, index }: MboxFile): Buffer {
  const last = Math.max(0, index.lastStart);
  return Buffer.concat([
    readRange(descriptor, 0, Math.min(covered, landmarkLength)),
    readRange(descriptor, last, Math.min(covered, last + landmarkLength)),
  ]);
}
