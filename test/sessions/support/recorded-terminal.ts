/**
 * Simulates either a terminal that records its screen and reads its input from a transcript, or a pipe with given
 * contents.
 */

import { makeVisible } from "../../../src/message/safe-text.ts";
import { decodeBytes } from "../../../src/message/text.ts";
import type { Input, Paged, Styled, Terminal } from "../../../src/terminal/terminal.ts";

export interface Typist {
  /** Returns the next input, or undefined at the end of input. */
  next(screen: string): string | undefined;
  echoed(screen: string): void;
}

export class RecordedTerminal implements Terminal {
  interactive: boolean;
  readonly begun = "";

  async hasMore(): Promise<boolean> {
    return false;
  }
  readonly inputIsTerminal: boolean;
  readonly outputIsTerminal: boolean;
  readonly rich = false;
  readonly lost = false;
  screen = "";
  readonly #typist: Typist | undefined;
  #piped: string;

  /** @param source the simulated user, or the contents of a pipe */
  constructor(source: Typist | string, interactive: boolean) {
    const typed = typeof source !== "string";
    this.interactive = typed || interactive;
    this.inputIsTerminal = typed;
    this.outputIsTerminal = typed;
    this.#typist = typed ? source : undefined;
    this.#piped = typed ? "" : source;
  }

  size(): { rows: number; columns: number } {
    return { rows: 24, columns: 80 };
  }

  out(text: string | Uint8Array): void {
    const shown = typeof text === "string" ? text : decodeBytes(text);
    this.screen += this.outputIsTerminal ? makeVisible(shown) : shown;
  }

  err(text: string): void {
    this.out(text);
  }

  async flush(): Promise<void> {}

  async readLine(prompt = ""): Promise<Input> {
    if (this.interactive) this.out(prompt);
    if (this.#typist === undefined) return this.#pipedLine();
    const typed = this.#typist.next(this.screen);
    if (typed === undefined) return { kind: "end" };
    const control = /\^[CD]$/.exec(typed)?.[0];
    this.screen += control === undefined ? `${typed}\n` : typed;
    this.#typist.echoed(this.screen);
    if (control === "^D" && typed === "^D") return { kind: "end" };
    return control === "^C" ? { kind: "interrupt" } : { kind: "line", text: typed, ended: true };
  }

  #pipedLine(): Input {
    if (this.#piped === "") return { kind: "end" };
    const end = this.#piped.indexOf("\n");
    const text = end < 0 ? this.#piped : this.#piped.slice(0, end);
    this.#piped = end < 0 ? "" : this.#piped.slice(end + 1);
    return { kind: "line", text, ended: end >= 0 };
  }

  async editLine(prompt: string, value: string): Promise<Input> {
    const typed = await this.readLine(`${prompt}${value}`);
    return typed.kind === "line" ? { ...typed, text: value + typed.text } : typed;
  }

  async *rest(): AsyncIterable<Uint8Array> {
    const piped = this.#piped;
    this.#piped = "";
    yield Buffer.from(piped);
  }

  assist(): void {}

  progress(): () => void {
    return () => {};
  }

  async chooseSeveral(): Promise<undefined> {}

  async choose(): Promise<undefined> {}

  async confirm(): Promise<boolean> {
    return false;
  }

  lend<T>(task: () => Promise<T>): Promise<T> {
    return task();
  }

  async page(_pager: string | undefined, pieces: Paged): Promise<void> {
    if (!(Symbol.asyncIterator in pieces)) return this.#page(pieces);
    for await (const group of pieces) this.#page(group);
  }

  #page(pieces: Iterable<Styled | Uint8Array>): void {
    for (const piece of pieces) this.out("text" in piece ? piece.text : piece);
  }

  onInterrupt(): () => void {
    return () => {};
  }

  close(): void {}
}
