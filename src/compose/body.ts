/** The text of a draft, as bytes. */
import { Readable } from "node:stream";

export class Body {
  readonly #pieces: Buffer[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  append(bytes: Uint8Array): void {
    this.#pieces.push(Buffer.from(bytes));
    this.#size += bytes.length;
  }

  clear(): void {
    this.#pieces.length = 0;
    this.#size = 0;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  open(): Readable {
    return Readable.from(this.#pieces);
  }
}
