/**
 * Reads and writes the standard streams. Standard input is a pipe or a file here; a terminal is read by tty-input.ts
 * and line-reader.ts. Output is written in order. Output to a terminal is written immediately, and no bytes are lost if
 * a pipe is full.
 *
 * Another program may have made a pipe non-blocking. `mail` then waits until it can continue.
 */
import { fstatSync, read, readSync, writeSync } from "node:fs";
import { Exit } from "../errors.ts";
import { makeVisible } from "../message/safe-text.ts";
import { decodeBytes, toBytes } from "../message/text.ts";
import { addPathToError, isSystemError } from "../system-error.ts";
import type { Input, Style } from "./terminal.ts";
import type { Paint } from "./theme.ts";

const bufferSize = 64 * 1024;
/**
 * The number of characters that are collected before they are converted to bytes. Converting each short string would
 * take longer. Keeping many strings in memory would slow down garbage collection.
 */
const mostText = 4096;

/** Cursor movements, erasing, colours, hiding the cursor, carriage return and bell. */
const foreign = /(\x1b\[\??\d*(?:;\d+)*[A-HJKSTfhlmsu]|\x1b[78]|[\r\x07])/;

/**
 * An output command for the terminal. Only such commands can control the terminal, because control characters in text
 * are made visible.
 */
export type Stroke =
  | { readonly text: string; readonly style?: Style }
  /** Moves the cursor by a number of rows, down if positive, and to a column counted from 0. */
  | { readonly move: { readonly rows: number; readonly column: number } }
  | "erase-below"
  | "clear-screen"
  /** Makes the terminal start or stop marking pasted text (pasting.ts). */
  | "mark-pastes"
  | "leave-pastes"
  | "bell";

export interface OutputOptions {
  /** Whether the output is shown on a terminal, in which case control characters must be made visible. */
  readonly guarded: boolean;
  readonly paint?: Paint | undefined;
}

/** Writes to standard output or standard error in order, without losing bytes if a pipe is full. */
export class Output {
  readonly #descriptor: number;
  readonly #guarded: boolean;
  readonly #paint: Paint | undefined;
  /** The bytes to write, and their number. */
  #pending: Buffer | undefined;
  #pendingSize = 0;
  /** The text to write after #pending. */
  #text = "";
  #broken = false;

  constructor(descriptor: number, { guarded, paint }: OutputOptions) {
    this.#descriptor = descriptor;
    this.#guarded = guarded;
    this.#paint = paint;
  }

  /** Whether styles are shown as colours. */
  get paints(): boolean {
    return this.#guarded && this.#paint !== undefined;
  }

  write(text: string | Uint8Array, style: Style = "plain"): void {
    if (typeof text === "string" && !this.#guarded) {
      this.#text += text;
      if (this.#text.length >= mostText) this.#takeText();
    } else if (typeof text !== "string" && !this.#guarded) this.#put(text);
    else this.#put(this.bytesOf(text, style, true));
    if (this.#guarded) this.flush();
  }

  /** Writes strokes immediately. */
  draw(strokes: readonly Stroke[]): void {
    this.#putStrokes(strokes);
    this.flush();
  }

  /** Writes strokes together with the next output. */
  drawLater(strokes: readonly Stroke[]): void {
    this.#putStrokes(strokes);
  }

  #putStrokes(strokes: readonly Stroke[]): void {
    for (const stroke of strokes) {
      const bytes =
        typeof stroke === "object" && "text" in stroke
          ? this.bytesOf(stroke.text, stroke.style ?? "plain", true)
          : Buffer.from(encodeStroke(stroke));
      this.#put(bytes);
    }
  }

  /**
   * Writes the output of a prompt library. Cursor movements are kept, and colours are kept if there is a theme; other
   * control characters are made visible.
   */
  drawForeign(text: string): void {
    for (const [index, piece] of text.split(foreign).entries()) {
      // Every second piece is a separator, that is, a control sequence.
      if (index % 2 === 0) this.#put(this.bytesOf(piece, "plain", false));
      else if (this.#paint !== undefined || !piece.endsWith("m")) this.#put(Buffer.from(piece));
    }
    this.flush();
  }

  /** Returns the text's bytes. For a terminal, control characters are made visible and colours are added. */
  bytesOf(text: string | Uint8Array, style: Style, coloured: boolean): Buffer {
    if (!this.#guarded) return typeof text === "string" ? toBytes(text) : Buffer.from(text);
    const safe = makeVisible(typeof text === "string" ? text : decodeBytes(text));
    return Buffer.from(coloured && this.#paint !== undefined ? this.#paint(safe, style) : safe);
  }

  #put(bytes: Uint8Array): void {
    this.#takeText();
    this.#append(bytes);
  }

  #takeText(): void {
    const text = this.#text;
    this.#text = "";
    if (text !== "") this.#append(toBytes(text));
  }

  /** Adds bytes to the pending bytes, and writes them as soon as there are enough. */
  #append(bytes: Uint8Array): void {
    if (this.#pendingSize + bytes.length > bufferSize) this.#writePending();
    if (bytes.length > bufferSize) {
      this.#writeBytes(bytes);
      return;
    }
    this.#pending ??= Buffer.allocUnsafeSlow(bufferSize);
    this.#pending.set(bytes, this.#pendingSize);
    this.#pendingSize += bytes.length;
  }

  /**
   * Writes all pending output.
   *
   * @throws the system error from a failed write, but only the first time: all later output is discarded
   */
  flush(): void {
    this.#takeText();
    this.#writePending();
  }

  #writePending(): void {
    if (this.#pendingSize === 0) return;
    const bytes = (this.#pending as Buffer).subarray(0, this.#pendingSize);
    this.#pendingSize = 0;
    this.#writeBytes(bytes);
  }

  #writeBytes(bytes: Uint8Array): void {
    if (this.#broken) return;
    let written = 0;
    while (written < bytes.length) {
      try {
        written += writeSync(this.#descriptor, bytes, written);
      } catch (error) {
        if (isSystemError(error) && error.code === "EAGAIN") {
          // The reader is slow and has made the pipe non-blocking. Waiting here keeps the output in order.
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
          continue;
        }
        this.#broken = true;
        throw error;
      }
    }
  }
}

/**
 * Returns the ECMA-48 control sequence for a drawing operation. All terminals except dumb ones support these sequences.
 */
function encodeStroke(stroke: Exclude<Stroke, { text: string }>): string {
  if (stroke === "erase-below") return "\x1b[J";
  if (stroke === "clear-screen") return "\x1b[H\x1b[2J";
  if (stroke === "mark-pastes") return "\x1b[?2004h";
  if (stroke === "leave-pastes") return "\x1b[?2004l";
  if (stroke === "bell") return "\x07";
  const { rows, column } = stroke.move;
  const vertical = rows === 0 ? "" : `\x1b[${Math.abs(rows)}${rows < 0 ? "A" : "B"}`;
  return `\r${vertical}${column > 0 ? `\x1b[${column}C` : ""}`;
}

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
