/**
 * Creates the Terminal for this process from standard input, output and error, each of which is a terminal or a pipe.
 */
import { fstatSync } from "node:fs";
import { isatty, WriteStream } from "node:tty";
import { makeVisible } from "../message/safe-text.ts";
import { toBytes } from "../message/text.ts";
import { stopAfterChildren } from "./job-control.ts";
import type { LineReader } from "./line-reader.ts";
import type { ProgressBar } from "./progress.ts";
import { Output, PipeInput, type Stroke } from "./standard-streams.ts";
import type { Asked, Assistance, Choice, Input, Paged, Style, Styled, Terminal } from "./terminal.ts";
import { canMoveCursor, colourLevel, loadTheme, type Paint } from "./theme.ts";
import type { TtyInput } from "./tty-input.ts";

export interface TerminalOptions {
  /** Whether to behave as if standard input were a terminal (-I). */
  readonly interactive?: boolean;
  /**
   * The form of errors for a program. If set, `mail` does not prompt, run a pager, edit lines or use colours, even if
   * the standard streams are terminals.
   */
  readonly forProgram?: "text" | "json" | undefined;
}

/** The device number of /dev/null on Linux: major 1, minor 3. */
const nullDevice = 0x103;

/**
 * Returns whether a descriptor is a terminal. Pipes and /dev/null are detected without node:tty, which takes 4 ms to
 * load.
 */
function isTerminal(descriptor: number): boolean {
  try {
    const found = fstatSync(descriptor);
    return found.isCharacterDevice() && found.rdev !== nullDevice && isatty(descriptor);
  } catch {
    return false;
  }
}

/** Opens the terminal or the pipes of this process. */
export async function openTerminal(options: TerminalOptions = {}): Promise<Terminal> {
  if (options.forProgram !== undefined) {
    const { openForProgram } = await import("./for-program.ts");
    return openForProgram(new ProcessTerminal(false, undefined), options.forProgram === "json");
  }
  const isColoured = isTerminal(1) || process.env["FORCE_COLOR"] !== undefined;
  const level = isColoured ? colourLevel(process.env, isTerminal(1)) : 0;
  const paint = level > 0 ? await loadTheme(level) : undefined;
  const terminal = new ProcessTerminal(options.interactive === true, paint);
  // If standard error is redirected, no progress bars are drawn.
  if (terminal.rich && isTerminal(2)) terminal.loadBars(await import("./progress.ts"));
  return terminal;
}

class ProcessTerminal implements Terminal {
  interactive: boolean;
  readonly inputIsTerminal = isTerminal(0);
  readonly outputIsTerminal = isTerminal(1);
  readonly rich: boolean;
  readonly #out: Output;
  readonly #err: Output;
  readonly #pipe = new PipeInput(() => this.#out.flush());
  #tty: TtyInput | undefined;
  #reader: LineReader | undefined;
  #assistance: Assistance | undefined;
  #bars: { readonly ProgressBar: typeof ProgressBar } | undefined;
  /** The progress bar that may be on the screen. */
  #bar: ProgressBar | undefined;
  readonly #keepAlive = () => {};
  #awaitsText = false;
  /**
   * The number of lines being read plus the number of child processes that own the terminal. While it is not 0, the
   * line reader or the child process handles interrupts.
   */
  #others = 0;

  constructor(interactive: boolean, paint: Paint | undefined) {
    this.interactive = interactive || this.inputIsTerminal;
    this.rich = this.inputIsTerminal && this.outputIsTerminal && canMoveCursor(process.env["TERM"]);
    // If colours are forced for a pipe, the program that reads the pipe presumably shows the output on a terminal.
    this.#out = new Output(1, { guarded: this.outputIsTerminal || paint !== undefined, paint });
    this.#err = new Output(2, { guarded: isTerminal(2), paint: isTerminal(2) ? paint : undefined });
  }

  get lost(): boolean {
    return this.#tty?.lost === true || this.#reader?.lost === true;
  }

  get begun(): string {
    return this.#reader?.begun ?? (this.#awaitsText ? this.#pipe.begun : "");
  }

  async hasMore(): Promise<boolean> {
    const { isReadable } = await import("./readable.ts");
    return isReadable(0);
  }

  size(): { rows: number; columns: number } {
    if (!this.outputIsTerminal) return { rows: 24, columns: 80 };
    const [columns, rows] = process.stdout instanceof WriteStream ? process.stdout.getWindowSize() : [80, 24];
    return { rows: rows || 24, columns: columns || 80 };
  }

  out(text: string | Uint8Array, style?: Style): void {
    this.#bar?.end();
    this.#out.write(text, style);
  }

  err(text: string): void {
    this.#bar?.end();
    this.#out.flush();
    this.#err.write(text, "error");
    this.#err.flush();
  }

  async flush(): Promise<void> {
    this.#out.flush();
    this.#err.flush();
  }

  async readLine(prompt = "", asked: Asked = "answer"): Promise<Input> {
    if (!this.inputIsTerminal) {
      if (this.interactive && prompt !== "") this.out(prompt, "prompt");
      if (this.interactive) this.#out.flush();
      this.#awaitsText = asked === "text";
      try {
        return await this.#pipe.readLine();
      } finally {
        this.#awaitsText = false;
      }
    }
    if (this.rich) return await this.#edited(prompt, "", asked);
    // The module is loaded before the prompt appears, because Ctrl-C is handled only while a line is being read.
    this.#tty ??= new (await import("./tty-input.ts")).TtyInput();
    const tty = this.#tty;
    if (this.interactive && prompt !== "") this.out(prompt, "prompt");
    this.#out.flush();
    // The prompt is shown again when the user returns from the shell.
    const continued = () => {
      this.out(asked === "text" ? "(continue)\n" : prompt, "prompt");
      this.#out.flush();
    };
    process.on("SIGCONT", continued);
    try {
      return await this.#alone(() => tty.readLine());
    } finally {
      process.removeListener("SIGCONT", continued);
    }
  }

  async #alone<T>(task: () => Promise<T>): Promise<T> {
    this.#others++;
    try {
      return await task();
    } finally {
      this.#others--;
    }
  }

  async editLine(prompt: string, value: string, asked: Asked = "answer"): Promise<Input> {
    if (this.rich) return this.#edited(prompt, value, asked);
    const typed = await this.readLine(`${prompt}${value}`);
    return typed.kind === "line" ? { ...typed, text: value + typed.text } : typed;
  }

  async #edited(prompt: string, value: string, asked: Asked): Promise<Input> {
    this.#bar?.end();
    this.#out.flush();
    if (this.#reader === undefined) {
      const { LineReader } = await import("./line-reader.ts");
      this.#reader = new LineReader({
        size: () => this.size(),
        draw: (strokes) => this.#out.draw(strokes),
        drawLater: (strokes) => this.#out.drawLater(strokes),
      });
      if (this.#assistance !== undefined) this.#reader.assist(this.#assistance);
    }
    const reader = this.#reader;
    return await this.#alone(() => reader.read({ prompt, value, asked }));
  }

  assist(assistance: Assistance): void {
    this.#assistance = assistance;
    this.#reader?.assist(assistance);
  }

  async chooseSeveral(question: string, choices: readonly Choice[]): Promise<readonly string[] | undefined> {
    const prompts = await import("./prompts.ts");
    return await this.lend(() => prompts.chooseSeveral(this.#canvas(), question, choices));
  }

  async choose(question: string, choices: readonly Choice[]): Promise<string | undefined> {
    const prompts = await import("./prompts.ts");
    return await this.lend(() => prompts.choose(this.#canvas(), question, choices));
  }

  async confirm(question: string): Promise<boolean> {
    const prompts = await import("./prompts.ts");
    return await this.lend(() => prompts.confirm(this.#canvas(), question));
  }

  #canvas() {
    return {
      size: () => this.size(),
      drawForeign: (text: string) => this.#out.drawForeign(text),
      visible: makeVisible,
    };
  }

  async *rest(): AsyncIterable<Uint8Array> {
    if (!this.inputIsTerminal) {
      yield* this.#pipe.rest();
      return;
    }
    for (;;) {
      const input = await this.readLine("", "text");
      if (input.kind !== "line") return;
      yield toBytes(`${input.text}${input.ended ? "\n" : ""}`);
    }
  }

  loadBars(bars: { readonly ProgressBar: typeof ProgressBar }): void {
    this.#bars = bars;
  }

  progress(what: string, unit?: "bytes"): (done: number, total: number) => void {
    const bars = this.#bars;
    if (bars === undefined) return () => {};
    let bar: ProgressBar | undefined;
    return (done, total) => {
      bar ??= new bars.ProgressBar(what, (strokes) => this.#drawBar(strokes), unit);
      bar.at(done, total, this.size().columns);
      this.#bar = bar;
    };
  }

  #drawBar(strokes: readonly Stroke[]): void {
    this.#out.flush();
    this.#err.draw(strokes);
  }

  async lend<T>(task: () => Promise<T>): Promise<T> {
    this.#out.flush();
    this.#reader?.release();
    // An interrupt typed on the terminal is intended for the child, and must not end this program.
    process.on("SIGINT", this.#keepAlive);
    const stopNormally = this.rich ? stopAfterChildren() : () => {};
    try {
      return await this.#alone(task);
    } finally {
      stopNormally();
      process.removeListener("SIGINT", this.#keepAlive);
    }
  }

  async page(pager: string | undefined, pieces: Paged): Promise<void> {
    if (pager !== undefined && (await this.#feed(pager, pieces))) return;
    for await (const group of groupOutput(pieces)) {
      for (const piece of group) {
        if (piece instanceof Uint8Array) this.out(piece);
        else this.out(piece.text, piece.style);
      }
    }
    if (pager === undefined)
      this.err("mail: PAGER: no pager is installed; the text was printed without pauses; set PAGER\n");
  }

  /** Shows text in the pager program. @returns false if the program does not exist */
  async #feed(pager: string, pieces: Paged): Promise<boolean> {
    const { feedPager, needsFolding, showsColour } = await import("./pager.ts");
    const out = this.#out;
    const coloured = out.paints && showsColour(pager, process.env);
    const folding = coloured && needsFolding(pager, process.env) ? await import("./folded.ts") : undefined;
    const { columns } = this.size();
    function* written(group: Iterable<Styled | Uint8Array>): Iterable<Buffer> {
      for (const piece of folding?.foldStyled(group, columns) ?? group) {
        yield piece instanceof Uint8Array
          ? out.bytesOf(piece, "plain", coloured)
          : out.bytesOf(piece.text, piece.style, coloured);
      }
    }
    async function* groups(): AsyncIterable<Iterable<Buffer>> {
      for await (const group of groupOutput(pieces)) yield written(group);
    }
    this.#reader?.takeTypedAhead();
    return await this.lend(() => feedPager(pager, groups(), coloured));
  }

  onInterrupt(handler: () => void): () => void {
    if (!this.interactive) return () => {};
    const ours = () => {
      if (this.#others === 0) handler();
    };
    process.on("SIGINT", ours);
    return () => process.removeListener("SIGINT", ours);
  }

  close(): void {
    this.#reader?.release();
    this.#out.flush();
    this.#err.flush();
  }
}

async function* groupOutput(pieces: Paged): AsyncIterable<Iterable<Styled | Uint8Array>> {
  if (Symbol.asyncIterator in pieces) yield* pieces;
  else yield pieces;
}
