/** Reads lines and bytes from a standard input that is a pipe or a file. */
import { fstatSync, read, readSync } from "node:fs";
import { Exit } from "../errors.ts";
import { decodeBytes } from "../message/text.ts";
import { addPathToError, isSystemError } from "../system-error.ts";
import type { Input } from "./terminal.ts";

const pieceSize = 64 * 1024;

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function waitAndRead(piece: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    read(0, piece, 0, piece.length, null, (error, length) => (error === null ? resolve(length) : reject(error)));
  });
}

/** Reads lines and bytes from a pipe or file. */
export class PipeInput {
  readonly #beforeWaiting: () => void;
  #unread: Buffer = Buffer.alloc(0);
  #ended = false;

  /**
   * @param beforeWaiting called before each read that may wait for another program, which may itself be waiting for
   * output from `mail`
   */
  constructor(beforeWaiting: () => void) {
    this.#beforeWaiting = beforeWaiting;
  }

  /** The part of the current line that has been received. */
  get begun(): string {
    return decodeBytes(this.#unread);
  }

  async readLine(): Promise<Input> {
    let searched = 0;
    for (;;) {
      const end = this.#unread.indexOf(10, searched);
      if (end >= 0) {
        const line = this.#unread.subarray(0, end);
        this.#unread = this.#unread.subarray(end + 1);
        return { kind: "line", text: decodeBytes(line), ended: true };
      }
      searched = this.#unread.length;
      if (this.#ended || !(await this.#fill())) break;
    }
    if (this.#unread.length === 0) return { kind: "end" };
    const line = this.#unread;
    this.#unread = Buffer.alloc(0);
    return { kind: "line", text: decodeBytes(line), ended: false };
  }

  async *rest(): AsyncIterable<Uint8Array> {
    for (;;) {
      if (this.#unread.length > 0) {
        const piece = this.#unread;
        this.#unread = Buffer.alloc(0);
        yield piece;
      }
      if (this.#ended) return;
      const piece = await this.#wait();
      if (piece === undefined) return;
      this.#unread = piece;
    }
  }

  /**
   * Reads the next bytes. A failed read is an error and not the end of input, because a partial message must not be
   * sent.
   */
  async #wait(): Promise<Buffer | undefined> {
    this.#beforeWaiting();
    try {
      return await this.#piece();
    } catch (error) {
      throw addPathToError("standard input", error, Exit.IoErr);
    }
  }

  /** Reads more bytes for a line. In commands, a failed read is treated as the end of input. */
  async #fill(): Promise<boolean> {
    let found: Buffer | undefined;
    // The call is outside the try block, because a failed write is not the end of input.
    if (!fstatSync(0).isFile()) this.#beforeWaiting();
    try {
      found = await this.#piece();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#ended = true;
    }
    if (found === undefined) return false;
    this.#unread = this.#unread.length === 0 ? found : Buffer.concat([this.#unread, found]);
    return true;
  }

  /**
   * Reads the next bytes. A pipe is read asynchronously, so that signals are handled in the meantime.
   *
   * @throws the system error
   */
  async #piece(): Promise<Buffer | undefined> {
    const piece = Buffer.allocUnsafe(pieceSize);
    for (;;) {
      try {
        const length = fstatSync(0).isFile() ? readSync(0, piece, 0, pieceSize, null) : await waitAndRead(piece);
        this.#ended = length === 0;
        return this.#ended ? undefined : piece.subarray(0, length);
      } catch (error) {
        // Another program has made this pipe non-blocking.
        if (!isSystemError(error) || error.code !== "EAGAIN") throw error;
        await sleep(5);
      }
    }
  }
}
