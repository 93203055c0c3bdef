/** Lines typed on a terminal that stays in cooked mode, with its own echo and line editing. */
import { fromBytes } from "../message/text.ts";
import type { Input } from "./terminal.ts";
import { openTerminalDevice } from "./terminal-device.ts";

/** A terminal that was hung up ends as one at which Ctrl-D was typed, but it can't be opened any more. */
function isStillThere(): boolean {
  const stream = openTerminalDevice();
  stream?.destroy();
  return stream !== undefined;
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
    const stream = this.#lost ? undefined : openTerminalDevice();
    if (stream === undefined) {
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
      stream.on("end", () => {
        finish(this.#takeRest());
        this.#lost = !isStillThere();
      });
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
