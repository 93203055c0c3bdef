/**
 * Reads lines from a terminal in cooked mode. In this mode, the terminal itself echoes and edits the lines.
 *
 * The terminal device is closed while no line is requested (terminal-device.ts). The device stays open between lines
 * that are requested in direct succession, such as the lines of a message.
 */
import type { ReadStream } from "node:tty";
import { decodeBytes } from "../message/text.ts";
import type { Input } from "./terminal.ts";
import { openTerminalDevice } from "./terminal-device.ts";

/**
 * Returns whether the terminal can still be opened. The terminal can be opened after Ctrl-D but not after a hang-up,
 * although both end the input in the same way.
 */
function isStillThere(): boolean {
  const stream = openTerminalDevice();
  stream?.destroy();
  return stream !== undefined;
}

/** Reads lines from a terminal in cooked mode. */
export class TtyInput {
  #stream: ReadStream | undefined;
  #unread: Buffer = Buffer.alloc(0);
  #lost = false;
  /** Receives the next input, while a line is being read. */
  #awaiting: ((input: Input) => void) | undefined;
  readonly #interrupted = () => {
    this.#unread = Buffer.alloc(0);
    this.#finish({ kind: "interrupt" });
  };

  /** Whether the terminal is lost (hang-up); every further read returns the end of input. */
  get lost(): boolean {
    return this.#lost;
  }

  async readLine(): Promise<Input> {
    const buffered = this.#takeLine();
    if (buffered !== undefined) return buffered;
    const stream = this.#acquire();
    if (stream === undefined) return { kind: "end" };
    return new Promise((resolve) => {
      this.#awaiting = resolve;
      process.on("SIGINT", this.#interrupted);
      stream.resume();
    });
  }

  #acquire(): ReadStream | undefined {
    if (this.#stream !== undefined) return this.#stream;
    const stream = this.#lost ? undefined : openTerminalDevice();
    if (stream === undefined) {
      this.#lost = true;
      return undefined;
    }
    stream.on("data", (piece: Buffer) => {
      this.#unread = this.#unread.length === 0 ? piece : Buffer.concat([this.#unread, piece]);
      const line = this.#awaiting === undefined ? undefined : this.#takeLine();
      if (line !== undefined) this.#finish(line);
    });
    stream.on("end", () => {
      this.#release();
      this.#finish(this.#takeRest());
      this.#lost = !isStillThere();
    });
    stream.on("error", () => {
      this.#lost = true;
      this.#release();
      this.#finish(this.#takeRest());
    });
    this.#stream = stream;
    return stream;
  }

  #finish(input: Input): void {
    const resolve = this.#awaiting;
    if (resolve === undefined) return;
    this.#awaiting = undefined;
    process.removeListener("SIGINT", this.#interrupted);
    this.#stream?.pause();
    resolve(input);
    setImmediate(() => {
      if (this.#awaiting === undefined) this.#release();
    });
  }

  #release(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    // Bytes received after the last line are passed to the listener.
    stream?.read();
    stream?.destroy();
  }

  #takeLine(): Input | undefined {
    const end = this.#unread.indexOf(10);
    if (end < 0) return undefined;
    const text = decodeBytes(this.#unread.subarray(0, end));
    this.#unread = this.#unread.subarray(end + 1);
    return { kind: "line", text, ended: true };
  }

  #takeRest(): Input {
    if (this.#unread.length === 0) return { kind: "end" };
    const text = decodeBytes(this.#unread);
    this.#unread = Buffer.alloc(0);
    return { kind: "line", text, ended: false };
  }
}
