/**
 * Writes large amounts of data as fast as the disk permits. While a block is being written, the next one is filled.
 * Writeback to the disk starts early, so that little is left for the final fsync.
 */
import { fdatasync, write } from "node:fs";
import { promisify } from "node:util";
import { MailError } from "../../errors.ts";
import { isSystemError } from "../../system-error.ts";
import { readInto } from "../file-ranges.ts";

/** A range of the source file, which is read only when it is about to be written to the target. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Bytes or a range. Bytes are copied before the next part is requested. */
export type Part = Uint8Array | Stretch;

/** The unit of direct writes in bytes. Offsets, lengths and memory addresses must be multiples of this unit. */
export const directUnit = 4096;
export const usualBlockSize = 4 << 20;
/** A block size that is large enough for writes through the page cache. */
export const smallBlockSize = 1 << 20;
const blockCount = 4;
const startForDiskEvery = 64 << 20;
const writeAsync = promisify(write);
const dataSynced = promisify(fdatasync);

/** The part of the WebAssembly API that this module uses, and that Node's types do not declare. */
declare const WebAssembly: { Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer } };

export interface BlockTarget {
  readonly descriptor: number;
  /** The same file opened with O_DIRECT. Complete blocks bypass the page cache, because they will not be read soon. */
  readonly direct?: number | undefined;
}

export interface BlockOptions {
  /**
   * Whether source and target are the same file. In that case, a block is written only after the next one has been
   * filled, so that writing stays at least one block behind reading.
   */
  readonly holdBack?: boolean;
  /**
   * Called when the write of a block has started, with the offset after the block. If the callback throws, writing
   * stops.
   */
  readonly onBlock?: ((end: number) => void) | undefined;
  readonly blockSize?: number;
}

interface Filled {
  readonly slot: number;
  readonly bytes: Buffer;
  readonly position: number;
}

/** Writes blocks to a file while the next one is being filled, and starts writeback early. */
export class BlockWriter {
  readonly #target: BlockTarget;
  readonly #source: number;
  readonly #options: BlockOptions;
  readonly #blockSize: number;
  readonly #memory: Buffer;
  #isDirect: boolean;
  #slot = 0;
  #filled = 0;
  /** File offset of the block that is being filled. */
  #position: number;
  #held: Filled | undefined;
  readonly #writing: Promise<void>[] = [];
  #starting: Promise<void> | undefined;
  #sinceStarted = 0;
  #failure: { readonly error: unknown } | undefined;

  /** Creates a writer. @param source descriptor of the file to which ranges refer */
  constructor(target: BlockTarget, position: number, source: number, options: BlockOptions = {}) {
    this.#target = target;
    this.#position = position;
    this.#source = source;
    this.#options = options;
    this.#blockSize = options.blockSize ?? usualBlockSize;
    const aligned = target.direct === undefined ? undefined : allocateAlignedMemory(blockCount * this.#blockSize);
    this.#memory = aligned ?? Buffer.allocUnsafeSlow(blockCount * this.#blockSize);
    this.#isDirect = aligned !== undefined && position % directUnit === 0 && this.#blockSize % directUnit === 0;
  }

  /**
   * Returns the length of the current block. Blocks end at page boundaries of the file. If the process is killed before
   * it has written all blocks, each page is still either old or new, as the replay of a journal requires.
   */
  get #capacity(): number {
    return this.#blockSize % directUnit === 0 ? this.#blockSize - (this.#position % directUnit) : this.#blockSize;
  }

  /**
   * Adds parts.
   *
   * @returns the position after the last byte that was added, even if that byte has not been written yet
   * @throws a system error
   */
  async add(parts: Iterable<Part>): Promise<number> {
    try {
      for (const part of parts) {
        const length = "start" in part ? part.end - part.start : part.length;
        for (let at = 0; at < length; ) {
          const fitting = Math.min(length - at, this.#capacity - this.#filled);
          this.#fill(part, at, fitting);
          this.#filled += fitting;
          at += fitting;
          if (this.#filled === this.#capacity) await this.#next();
        }
      }
    } catch (error) {
      await this.#settled();
      throw error;
    }
    return this.#position + this.#filled;
  }

  /** Writes the remaining bytes and waits for all writes, without syncing. @throws a system error */
  async end(): Promise<void> {
    try {
      if (this.#filled > 0) await this.#next();
      if (this.#held !== undefined) this.#start(this.#held);
    } finally {
      await this.#settled();
    }
    this.#check();
  }

  /** Copies `length` bytes of a part, beginning at offset `at`, into the block. */
  #fill(part: Part, at: number, length: number): void {
    const begin = this.#slot * this.#blockSize + this.#filled;
    // Most parts are small and fit into the block, so no object is created for each.
    if (!("start" in part)) this.#memory.set(length === part.length ? part : part.subarray(at, at + length), begin);
    else if (readInto(this.#source, this.#memory.subarray(begin, begin + length), part.start + at) < length)
      throw new MailError("the file became shorter while it was being read");
  }

  async #next(): Promise<void> {
    const block: Filled = {
      slot: this.#slot,
      bytes: this.#memory.subarray(this.#slot * this.#blockSize, this.#slot * this.#blockSize + this.#filled),
      position: this.#position,
    };
    const ready = this.#options.holdBack === true ? this.#held : block;
    if (this.#options.holdBack === true) this.#held = block;
    if (ready !== undefined) this.#start(ready);
    this.#position += this.#filled;
    this.#filled = 0;
    this.#slot = (this.#slot + 1) % blockCount;
    this.#options.onBlock?.(this.#position);
    await this.#writing[this.#slot];
    this.#check();
  }

  #start({ slot, bytes, position }: Filled): void {
    this.#writing[slot] = this.#write(bytes, position).catch((error: unknown) => this.#fail(error));
  }

  async #write(bytes: Buffer, position: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += await this.#writeSome(bytes.subarray(at), position + at);
    if (this.#isDirect) return;
    this.#sinceStarted += bytes.length;
    if (this.#starting !== undefined || this.#sinceStarted < startForDiskEvery) return;
    this.#sinceStarted = 0;
    this.#starting = dataSynced(this.#target.descriptor)
      // The kernel reports a write error only once per descriptor, so the final fsync would not report it again.
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#starting = undefined;
      });
  }

  async #writeSome(bytes: Buffer, position: number): Promise<number> {
    const { descriptor, direct } = this.#target;
    const isWhole = bytes.length % directUnit === 0 && position % directUnit === 0;
    let target = this.#isDirect && direct !== undefined && isWhole ? direct : descriptor;
    for (;;) {
      try {
        return (await writeAsync(target, bytes, 0, bytes.length, position)).bytesWritten;
      } catch (error) {
        if (target === descriptor || !isSystemError(error) || error.code !== "EINVAL") throw error;
        // This file system requires a different unit, or does not support direct writes.
        this.#isDirect = false;
        target = descriptor;
      }
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Waits until all writes have finished. */
  async #settled(): Promise<void> {
    await Promise.all(this.#writing);
    await this.#starting;
  }
}

/**
 * Returns page-aligned memory; undefined if the memory limit is too low. Node's own buffers are not always
 * page-aligned.
 */
function allocateAlignedMemory(size: number): Buffer | undefined {
  try {
    return Buffer.from(new WebAssembly.Memory({ initial: Math.ceil(size / (64 << 10)) }).buffer);
  } catch {
    return undefined;
  }
}
