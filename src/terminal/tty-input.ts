/**
 * Lines typed on a terminal that stays in cooked mode, with its own echo and line editing.
 *
 * It is let go of as soon as nobody waits for a line (terminal-device.ts), but not between lines that are asked for one
 * right after the other, as those of a message are.
 */
import type { ReadStream } from "node:tty";
import { fromBytes } from "../message/text.ts";
import type { Input } from "./terminal.ts";
import { openTerminalDevice } from "./terminal-device.ts";

/** A terminal that was hung up ends as one at which Ctrl-D was typed, but it can't be opened any more. */
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
  /** Given what comes next, while a line is awaited. */
  #awaiting: ((input: Input) => void) | undefined;
  readonly #interrupted = () => {
    this.#unread = Buffer.alloc(0);
    this.#finish({ kind: "interrupt" });
  };

  /** Whether the terminal is gone (hang-up): every further read is an end. */
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
    // What was received behind the last line goes to who listens.
    stream?.read();
    stream?.destroy();
  }

  #takeLine(): Input | undefined {
    const end = this.#unread.indexOf(10);
    if (end < 0) return undefined;
    const text = fromBytes(this.#unread.subarray(0, end));
    this.#unread = this.#unread.subarray(end + 1);
    return { kind: "line", text, ended: true };
  }

  #takeRest(): Input {
    if (this.#unread.length === 0) return { kind: "end" };
    const text = fromBytes(this.#unread);
    this.#unread = Buffer.alloc(0);
    return { kind: "line", text, ended: false };
  }
}
