/** Stores a message's bytes between its arrival and its delivery. */
import { closeSync } from "node:fs";
import { copyPieces, writeAll } from "../mailbox/file-ranges.ts";
import { openTemporary } from "../mailbox/packed/temporary-file.ts";

/** Maximum size in bytes of a message that is kept in memory. A longer message is stored in an unnamed private file. */
const largestInMemory = 128 * 1024;
/** Number of bytes read from the file at a time. */
const pieceSize = 256 * 1024;

/** A received message that has not been delivered yet. */
export class HeldMessage {
  #pieces: Uint8Array[] = [];
  #descriptor: number | undefined;
  #size = 0;

  /** The message's size in bytes. */
  get size(): number {
    return this.#size;
  }

  /**
   * Appends received bytes.
   *
   * @throws MailError if no file can be created; a system error if the file cannot be written, for example because the
   *   disk is full
   */
  append(bytes: Uint8Array): void {
    if (this.#descriptor === undefined && this.#size + bytes.length > largestInMemory) {
      this.#descriptor = openTemporary().descriptor;
      this.#write(Buffer.concat(this.#pieces), 0);
      this.#pieces = [];
    }
    if (this.#descriptor === undefined) this.#pieces.push(bytes);
    else this.#write(bytes, this.#size);
    this.#size += bytes.length;
  }

  /**
   * Yields the bytes in order. This function can be called repeatedly. Each piece is valid until the next is requested.
   */
  pieces(): Iterable<Uint8Array> {
    return this.#descriptor === undefined ? this.#pieces : copyPieces(this.#descriptor, 0, this.#size, pieceSize);
  }

  /** Frees the memory and the file. */
  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
    this.#pieces = [];
    this.#size = 0;
  }

  #write(bytes: Uint8Array, position: number): void {
    if (this.#descriptor !== undefined) writeAll(this.#descriptor, bytes, position);
  }
}
