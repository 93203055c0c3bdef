/**
 * Reads the output of a child program, so that the output does not reach the standard streams of `mail`. A program that
 * runs `mail --json` expects nothing but JSON on these streams.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/** Prints a line of a child program. The line has no newline. */
export type PrintLine = (line: string) => void;

/** The maximum length of a line in characters. A longer line is printed in pieces. */
const longestLine = 4096;
/**
 * The time in milliseconds to wait for the end of the output after the program has exited. A background process of the
 * program may keep the output open.
 */
const patience = 200;

/** Runs a program that reads from a pipe. Without `print`, the program writes to the standard streams of `mail`. */
export function spawnReader(
  program: string,
  words: readonly string[],
  print: PrintLine | undefined,
): ChildProcess & { readonly stdin: Writable } {
  const output = print === undefined ? "inherit" : "pipe";
  return spawn(program, words, { stdio: ["pipe", output, output] }) as ChildProcess & { readonly stdin: Writable };
}

/** The output of a child program. Each line except the last is printed when the next one arrives. */
export class ProgramOutput {
  readonly #print: PrintLine;
  readonly #streams: readonly Readable[];
  readonly #ends: readonly Promise<void>[];
  #last: string | undefined;

  /** Begins to read. @param print the same function that spawnReader received */
  constructor({ stdout, stderr }: Pick<ChildProcess, "stdout" | "stderr">, print: PrintLine = () => {}) {
    this.#print = print;
    // The streams are undefined if the program could not be started.
    this.#streams = [stdout, stderr].flatMap((stream) => stream ?? []);
    this.#ends = this.#streams.map((stream) => this.#read(stream.setEncoding("utf8")));
  }

  /** Resolves at the end of the stream. */
  #read(stream: Readable): Promise<void> {
    let rest = "";
    stream.on("error", () => {});
    stream.on("data", (text: string) => {
      const lines = (rest + text).split(/\r?\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) this.#add(line);
      for (; rest.length > longestLine; rest = rest.slice(longestLine)) this.#add(rest.slice(0, longestLine));
    });
    return new Promise((resolve) => {
      stream.on("close", () => {
        this.#add(rest);
        resolve();
      });
    });
  }

  #add(line: string): void {
    if (line.trim() === "") return;
    this.printLast();
    this.#last = line;
  }

  /** Waits for the end of the output, after the program has exited. Returns the last line, which has not been printed. */
  async finish(): Promise<string | undefined> {
    const timer = setTimeout(() => {
      for (const stream of this.#streams) stream.destroy();
    }, patience);
    await Promise.all(this.#ends);
    clearTimeout(timer);
    return this.#last;
  }

  /** Prints the last line. */
  printLast(): void {
    if (this.#last !== undefined) this.#print(this.#last);
    this.#last = undefined;
  }
}
