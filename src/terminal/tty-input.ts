/**
 * Lines typed on a terminal that stays in cooked mode, with its own echo and line editing.
 *
 * Node's standard input is over for good after a Ctrl-D, and a pending read of descriptor 0 keeps the process from
 * ending. So each stretch of reading has a stream of its own on a freshly opened terminal, destroyed at end of file and
 * whenever nobody waits for a line.
 */
import { closeSync, openSync } from "node:fs";
import { ReadStream } from "node:tty";
import { fromBytes } from "../message/text.ts";
import { isSystemError } from "../system-error.ts";
import type { Input } from "./terminal.ts";

function openTerminalDescriptor(): number | undefined {
  // /proc/self/fd/0 first: standard input may be another terminal than the controlling one. After su it may not be ours.
  for (const path of ["/proc/self/fd/0", "/dev/tty"]) {
    try {
      return openSync(path, "r");
    } catch (error) {
      if (!isSystemError(error)) throw error;
    }
  }
  return undefined;
}

export class TtyInput {
  #unread: Buffer = Buffer.alloc(0);
  #lost = false;

  /** Whether the terminal is gone (hang-up): every further read is an end. */
  get lost(): boolean {
    return this.#lost;
  }

  async readLine(): Promise<Input> {
    const buffered = this.#takeLine();
    if (buffered !== undefined) return buffered;
    const descriptor = this.#lost ? undefined : openTerminalDescriptor();
    if (descriptor === undefined) {
      this.#lost = true;
      return { kind: "end" };
    }
    let stream: ReadStream;
    try {
      stream = new ReadStream(descriptor);
    } catch {
      closeSync(descriptor);
      this.#lost = true;
      return { kind: "end" };
    }
    return new Promise((resolve) => {
      const finish = (input: Input) => {
        process.removeListener("SIGINT", interrupted);
        stream.removeAllListeners("data");
        stream.removeAllListeners("end");
        stream.destroy();
        resolve(input);
      };
      const interrupted = () => {
        this.#unread = Buffer.alloc(0);
        finish({ kind: "interrupt" });
      };
      process.on("SIGINT", interrupted);
      stream.on("data", (piece: Buffer) => {
        this.#unread = Buffer.concat([this.#unread, piece]);
        const line = this.#takeLine();
        if (line !== undefined) finish(line);
      });
      stream.on("end", () => finish(this.#takeRest()));
      stream.on("error", () => {
        this.#lost = true;
        finish(this.#takeRest());
      });
    });
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
