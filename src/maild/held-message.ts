/** The bytes of a message between its arrival and its delivery. */
import { closeSync } from "node:fs";
import { copyPieces, writeAll } from "../mailbox/file-ranges.ts";
import { openTemporary } from "../mailbox/packed/temporary-file.ts";

/** Bytes that a message may occupy in memory; a longer one is in a private file without a name. */
const largestInMemory = 128 * 1024;
/** Bytes that are read from the file at once. */
const pieceSize = 256 * 1024;

/** Holds a received message until it has been delivered. */
export class HeldMessage {
  #pieces: Uint8Array[] = [];
  #descriptor: number | undefined;
  #size = 0;

  /** Bytes. */
  get size(): number {
    return this.#size;
  }

  /** @throws MailError if no file can be created, or the system's error, for a full disk and the like */
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

  /** Yields the bytes in order, as often as it is called. Each piece is valid until the next. */
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
