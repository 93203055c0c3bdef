/** Makes the Terminal of a process: standard input, output and error as they are, terminal or pipe. */
import { spawn } from "node:child_process";
import { isatty, WriteStream } from "node:tty";
import { Output } from "./output.ts";
import { PipeInput } from "./pipe-input.ts";
import type { Input, Style, Terminal } from "./terminal.ts";
import { loadTheme, wantsColour } from "./theme.ts";
import { TtyInput } from "./tty-input.ts";

export interface TerminalOptions {
  /** -I: behave as on a terminal although standard input is none. */
  readonly interactive?: boolean;
}

export async function openTerminal(options: TerminalOptions = {}): Promise<Terminal> {
  const inputIsTerminal = isatty(0);
  const outputIsTerminal = isatty(1);
  const paint = wantsColour(process.env, outputIsTerminal) ? await loadTheme() : undefined;
  return new ProcessTerminal(options.interactive === true || inputIsTerminal, inputIsTerminal, outputIsTerminal, paint);
}

class ProcessTerminal implements Terminal {
  readonly interactive: boolean;
  readonly inputIsTerminal: boolean;
  readonly outputIsTerminal: boolean;
  readonly #out: Output;
  readonly #err: Output;
  readonly #pipe = new PipeInput();
  readonly #tty = new TtyInput();
  readonly #keepAlive = () => {};

  constructor(
    interactive: boolean,
    inputIsTerminal: boolean,
    outputIsTerminal: boolean,
    paint: ((text: string, style: Style) => string) | undefined,
  ) {
    this.interactive = interactive;
    this.inputIsTerminal = inputIsTerminal;
    this.outputIsTerminal = outputIsTerminal;
    this.#out = new Output(1, outputIsTerminal, paint);
    this.#err = new Output(2, isatty(2));
  }

  size(): { rows: number; columns: number } {
    if (!this.outputIsTerminal) return { rows: 24, columns: 80 };
    const [columns, rows] = process.stdout instanceof WriteStream ? process.stdout.getWindowSize() : [80, 24];
    return { rows: rows || 24, columns: columns || 80 };
  }

  out(text: string | Uint8Array, style?: Style): void {
    this.#out.write(text, style);
  }

  err(text: string): void {
    this.#out.flush();
    this.#err.write(text);
    this.#err.flush();
  }

  async flush(): Promise<void> {
    this.#out.flush();
    this.#err.flush();
  }

  readLine(prompt = ""): Promise<Input> {
    if (this.interactive && prompt !== "") this.out(prompt, "prompt");
    if (this.interactive) this.#out.flush();
    return this.inputIsTerminal ? this.#tty.readLine() : this.#pipe.readLine();
  }

  async editLine(prompt: string, value: string): Promise<Input> {
    const typed = await this.readLine(`${prompt}${value}`);
    return typed.kind === "line" ? { ...typed, text: value + typed.text } : typed;
  }

  async *rest(): AsyncIterable<Uint8Array> {
    if (!this.inputIsTerminal) {
      yield* this.#pipe.rest();
      return;
    }
    for (;;) {
      const input = await this.readLine();
      if (input.kind !== "line") return;
      yield Buffer.from(`${input.text}${input.ended ? "\n" : ""}`);
    }
  }

  async lend<T>(task: () => Promise<T>): Promise<T> {
    this.#out.flush();
    // An interrupt reaches the child through the terminal; here it must only not be the end of us.
    process.on("SIGINT", this.#keepAlive);
    try {
      return await task();
    } finally {
      process.removeListener("SIGINT", this.#keepAlive);
    }
  }

  page(pager: string, text: Uint8Array): Promise<void> {
    return this.lend(
      () =>
        new Promise((resolve) => {
          const child = spawn("/bin/sh", ["-c", pager], { stdio: ["pipe", "inherit", "inherit"] });
          child.stdin.on("error", () => {});
          child.on("error", () => {
            this.out(text);
            resolve();
          });
          child.on("close", () => resolve());
          child.stdin.end(text);
        }),
    );
  }

  onInterrupt(handler: () => void): () => void {
    process.on("SIGINT", handler);
    return () => process.removeListener("SIGINT", handler);
  }

  close(): void {
    this.#out.flush();
    this.#err.flush();
  }
}
