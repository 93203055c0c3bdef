/** Standard output and standard error: written in order, at once when a person looks on, and never torn by a full pipe. */
import { writeSync } from "node:fs";
import { visible } from "../message/safe-text.ts";
import { fromBytes, toBytes } from "../message/text.ts";
import { isSystemError } from "../system-error.ts";
import type { Style } from "./terminal.ts";
import type { Paint } from "./theme.ts";

const bufferSize = 64 * 1024;

export class Output {
  readonly #descriptor: number;
  readonly #guarded: boolean;
  readonly #paint: Paint | undefined;
  #pending: Buffer[] = [];
  #pendingSize = 0;
  #broken = false;

  constructor(descriptor: number, guarded: boolean, paint?: Paint) {
    this.#descriptor = descriptor;
    this.#guarded = guarded;
    this.#paint = paint;
  }

  write(text: string | Uint8Array, style: Style = "plain"): void {
    if (this.#guarded) {
      const safe = visible(typeof text === "string" ? text : fromBytes(text));
      this.#put(Buffer.from(this.#paint === undefined ? safe : this.#paint(safe, style)));
      this.flush();
      return;
    }
    this.#put(typeof text === "string" ? toBytes(text) : Buffer.from(text));
    if (this.#pendingSize >= bufferSize) this.flush();
  }

  #put(bytes: Buffer): void {
    this.#pending.push(bytes);
    this.#pendingSize += bytes.length;
  }

  /** @throws the system error of a failing write; after a broken pipe, once, and then nothing is written any more */
  flush(): void {
    if (this.#pendingSize === 0) return;
    const bytes = this.#pending.length === 1 ? (this.#pending[0] as Buffer) : Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingSize = 0;
    if (this.#broken) return;
    let written = 0;
    while (written < bytes.length) {
      try {
        written += writeSync(this.#descriptor, bytes, written);
      } catch (error) {
        if (isSystemError(error) && error.code === "EAGAIN") {
          // A reader that made the pipe non-blocking is slow: wait a little without giving up the order of output.
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
          continue;
        }
        this.#broken = true;
        throw error;
      }
    }
  }
}
