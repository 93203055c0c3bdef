/**
 * Stores a draft's text or a built message, which can be read repeatedly.
 *
 * Up to a few megabytes are kept in memory. Larger bodies are stored in an unnamed private file, which no other process
 * can open and which disappears with the process. If no such file can be written, the body remains in memory.
 */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { isSystemError } from "../../system-error.ts";
import { TextFacts } from "./choose-encoding.ts";

const inMemory = 4 * 1024 * 1024;
const pieceSize = 256 * 1024;
/** The size, in bytes, of the blocks that collect typed lines. */
const blockSize = 16 * 1024;

/** Bytes that can be read repeatedly. */
export interface Built {
  readonly size: number;
  pieces(): Iterable<Buffer>;
}

/**
 * Stores the bytes of a draft's text or of a message, in memory or, above a few megabytes, in an unnamed private file.
 */
export class Body implements Built {
  #facts = new TextFacts();
  #pieces: Buffer[] = [];
  /** The block that contains the last of #pieces, if the block has room for more bytes. */
  #block: Buffer | undefined;
  /** The number of bytes in #pieces. */
  #held = 0;
  #file: number | undefined;
  /** The number of bytes that are already in the file, before those in #pieces. */
  #filed = 0;
  #fileFails = false;
  #edition = 0;

  get size(): number {
    return this.#facts.size;
  }

  get facts(): TextFacts {
    return this.#facts;
  }

  /**
   * A number that changes whenever earlier bytes are removed. While this number stays the same, the body only grows.
   */
  get edition(): number {
    return this.#edition;
  }

  append(bytes: Uint8Array): void {
    const piece = Buffer.from(bytes);
    this.#facts.add(piece);
    this.#hold(piece);
    this.#held += piece.length;
    if (this.#held > inMemory && !this.#fileFails) this.#spill();
  }

  clear(): void {
    this.close();
    this.#facts = new TextFacts();
    this.#pieces = [];
    this.#block = undefined;
    this.#held = 0;
    this.#edition++;
  }

  /** Truncates the body to its first `size` bytes. */
  cut(size: number): void {
    const kept: Buffer[] = [];
    let rest = size;
    for (const piece of this.pieces()) {
      if (rest === 0) break;
      kept.push(piece.subarray(0, rest));
      rest -= Math.min(rest, piece.length);
    }
    this.clear();
    for (const piece of kept) this.append(piece);
  }

  /** Closes the file and releases its bytes. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#filed = 0;
  }

  /** Yields all bytes from `start` on, in pieces. */
  *pieces(start = 0): Iterable<Buffer> {
    let at = start;
    while (this.#file !== undefined && at < this.#filed) {
      const piece = Buffer.allocUnsafe(Math.min(pieceSize, this.#filed - at));
      const length = readSync(this.#file, piece, 0, piece.length, at);
      if (length === 0) break;
      at += length;
      yield piece.subarray(0, length);
    }
    let offset = this.#filed;
    for (const piece of this.#pieces) {
      const end = offset + piece.length;
      if (end > at) yield piece.subarray(Math.max(0, at - offset));
      offset = end;
    }
  }

  /** Returns the complete body. Use this function only for text that a person edits. */
  bytes(): Buffer {
    return Buffer.concat([...this.pieces()]);
  }

  open(): Readable {
    return Readable.from(this.pieces(), { objectMode: false });
  }

  #hold(piece: Buffer): void {
    if (piece.length > blockSize / 4) {
      this.#pieces.push(piece);
      this.#block = undefined;
      return;
    }
    let block = this.#block;
    let used = block === undefined ? 0 : (this.#pieces.at(-1)?.length ?? 0);
    if (block !== undefined && used + piece.length <= blockSize) this.#pieces.pop();
    else [block, used] = [Buffer.allocUnsafe(blockSize), 0];
    piece.copy(block, used);
    this.#pieces.push(block.subarray(0, used + piece.length));
    this.#block = block;
  }

  #spill(): void {
    this.#block = undefined;
    try {
      this.#file ??= namelessFile();
      for (let piece = this.#pieces[0]; piece !== undefined; piece = this.#pieces[0]) {
        let done = 0;
        while (done < piece.length) done += writeSync(this.#file, piece, done, piece.length - done, this.#filed + done);
        this.#filed += piece.length;
        this.#held -= piece.length;
        this.#pieces.shift();
      }
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#fileFails = true;
    }
  }
}

function namelessFile(): number {
  const path = join(tmpdir(), `mail.${randomBytes(12).toString("hex")}`);
  const descriptor = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  return descriptor;
}
