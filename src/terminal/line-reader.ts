/**
 * Reads lines with editing: the terminal is in raw mode exactly while a line is awaited.
 *
 * Keys become states in line-editor.ts, states become rows in line-view.ts; here are the terminal, its signals and the
 * order of things. Between lines of a message raw mode is kept until the next turn of the event loop, so that what is
 * pasted is not echoed twice.
 */
import type { ReadStream } from "node:tty";
import { type Outcome, offered } from "./completion.ts";
import { firstKey, type Key } from "./keys.ts";
import { changes } from "./line-drawing.ts";
import { type LineState, newLine, type Pressed, press, replaceBeforeCursor } from "./line-editor.ts";
import { type LineView, type Size, viewOf } from "./line-view.ts";
import type { Stroke } from "./output.ts";
import type { Asked, Assistance, Input } from "./terminal.ts";
import { openTerminalDevice } from "./terminal-device.ts";

/** How often new mail is looked for while a command is awaited, in milliseconds. */
const noticeInterval = 5_000;
/** How long a stop by Ctrl-Z may take to arrive, in milliseconds; where nobody can continue us it never does. */
const stopPatience = 20;

export interface Screen {
  size(): Size;
  draw(strokes: readonly Stroke[]): void;
}

export interface Question {
  readonly prompt: string;
  readonly value: string;
  readonly asked: Asked;
}

export class LineReader {
  readonly #screen: Screen;
  #assistance: Assistance | undefined;
  #stream: ReadStream | undefined;
  #unread: Buffer = Buffer.alloc(0);
  #killed = "";
  #lost = false;
  #line: Line | undefined;
  readonly #leave = () => this.release();

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  assist(assistance: Assistance): void {
    this.#assistance = assistance;
  }

  /** Whether the terminal is gone: every further read is an end. */
  get lost(): boolean {
    return this.#lost;
  }

  /** What has been typed of a line of a message that has not ended. */
  get begun(): string {
    return this.#line?.text ?? "";
  }

  async read(question: Question): Promise<Input> {
    const stream = this.#acquire();
    if (stream === undefined) return { kind: "end" };
    const line = new Line(this.#screen, question, this.#assistance, this.#killed);
    this.#line = question.asked === "text" ? line : undefined;
    const input = await line.read(stream, this.#unread);
    this.#line = undefined;
    this.#unread = line.unread;
    this.#killed = line.killed;
    if (line.lost) {
      this.#lost = true;
      this.release();
    } else if (question.asked === "text" && input.kind !== "end") {
      setImmediate(() => {
        if (this.#stream === stream && stream.listenerCount("data") === 0) this.release();
      });
    } else this.release();
    if (input.kind === "line") this.#assistance?.remember(question.asked, input.text);
    return input;
  }

  /** Leaves raw mode and lets go of the terminal; what was typed ahead stays. */
  release(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#stream = undefined;
    process.removeListener("exit", this.#leave);
    try {
      stream.setRawMode(false);
    } catch {
      // The terminal is gone, and its mode with it.
    }
    stream.destroy();
  }

  #acquire(): ReadStream | undefined {
    if (this.#stream !== undefined) return this.#stream;
    const stream = this.#lost ? undefined : openTerminalDevice();
    if (stream === undefined) {
      this.#lost = true;
      return undefined;
    }
    this.#stream = stream;
    process.on("exit", this.#leave);
    stream.setRawMode(true);
    return stream;
  }
}

/** One line being typed. */
class Line {
  readonly #screen: Screen;
  readonly #question: Question;
  readonly #assistance: Assistance | undefined;
  #state: LineState;
  #view: LineView | undefined;
  #stream: ReadStream | undefined;
  #busy = false;
  #resolve: (input: Input) => void = () => {};
  #undo: (() => void)[] = [];
  unread: Buffer = Buffer.alloc(0);
  lost = false;

  constructor(screen: Screen, question: Question, assistance: Assistance | undefined, killed: string) {
    this.#screen = screen;
    this.#question = question;
    this.#assistance = assistance;
    this.#state = newLine(question.value, killed);
  }

  get text(): string {
    return this.#state.text;
  }

  get killed(): string {
    return this.#state.killed;
  }

  read(stream: ReadStream, unread: Buffer): Promise<Input> {
    this.#stream = stream;
    this.unread = unread;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#listen(stream);
      this.#show();
      void this.#take();
    });
  }

  #listen(stream: ReadStream): void {
    const data = (piece: Buffer) => {
      this.unread = Buffer.concat([this.unread, piece]);
      void this.#take();
    };
    const lost = () => {
      this.lost = true;
      // A line of a message is kept as far as it came; half a command is none.
      const { text } = this.#state;
      const kept = this.#question.asked === "text" && text !== "";
      this.#finish(kept ? { kind: "line", text, ended: false } : { kind: "end" });
    };
    stream.on("data", data);
    stream.on("end", lost);
    stream.on("error", lost);
    this.#undo.push(() => {
      stream.removeListener("data", data);
      stream.removeListener("end", lost);
      stream.removeListener("error", lost);
      stream.on("error", () => {});
      stream.pause();
    });
    stream.resume();
    this.#onSignal("SIGINT", () => this.#finish({ kind: "interrupt", dropped: this.#state.text }));
    this.#onSignal("SIGWINCH", () => this.#showAgain());
    this.#onSignal("SIGCONT", () => this.#continued());
    for (const signal of ["SIGHUP", "SIGTERM", "SIGQUIT"] as const) this.#onSignal(signal, () => this.#ended(signal));
    if (this.#question.asked === "command" && this.#assistance !== undefined) this.#watch(this.#assistance);
  }

  #onSignal(signal: NodeJS.Signals, handler: () => void): void {
    process.on(signal, handler);
    this.#undo.push(() => process.removeListener(signal, handler));
  }

  #watch(assistance: Assistance): void {
    const timer = setInterval(() => {
      const notice = assistance.notice();
      if (notice === undefined) return;
      this.#putAway();
      this.#screen.draw([{ text: `${notice}\n`, style: "hint" }]);
      this.#show();
    }, noticeInterval);
    this.#undo.push(() => clearInterval(timer));
  }

  #finish(input: Input): void {
    for (const undo of this.#undo.splice(0)) undo();
    this.#resolve(input);
  }

  /** A signal that ends us must not leave the terminal raw; whoever else listens has the last word. */
  #ended(signal: NodeJS.Signals): void {
    this.#setRaw(false);
    if (process.listenerCount(signal) > 1) return;
    this.#finish({ kind: "end" });
    process.kill(process.pid, signal);
  }

  #setRaw(raw: boolean): void {
    try {
      this.#stream?.setRawMode(raw);
    } catch {
      // The terminal is gone.
    }
  }

  /** Handles what was received, key after key, until a key ends the line. */
  async #take(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (;;) {
      const next = firstKey(this.unread);
      if (next === undefined || this.#undo.length === 0) break;
      this.unread = this.unread.subarray(next.size);
      if (await this.#press(next.key)) break;
    }
    this.#busy = false;
  }

  /** @returns whether the line has ended */
  async #press(key: Key): Promise<boolean> {
    const { asked } = this.#question;
    const { state, effect } = this.#keyed(key, asked);
    this.#state = state;
    switch (effect) {
      case "accept":
        this.#putDown();
        this.#finish({ kind: "line", text: this.#state.text, ended: true });
        return true;
      case "end":
        // In a message, what comes next begins where the empty line is.
        this.#putDown(asked === "text" ? "" : "\n");
        this.#finish({ kind: "end" });
        return true;
      case "interrupt":
        // The composer's word for it begins with a newline of its own.
        this.#putDown(asked === "command" ? "\n" : "");
        this.#finish({ kind: "interrupt", dropped: this.#state.text });
        return true;
      case "suspend":
        this.#suspend();
        return false;
      case "quit":
        this.#putDown();
        process.kill(process.pid, "SIGQUIT");
        return false;
      case "complete":
        await this.#complete();
        return false;
      case "redraw":
        this.#view = undefined;
        this.#screen.draw(["clear-screen"]);
        this.#show();
        return false;
      case "bell":
        this.#show();
        this.#screen.draw(["bell"]);
        return false;
      default:
        this.#show();
        return false;
    }
  }

  #keyed(key: Key, asked: Asked): Pressed {
    const tab = { state: this.#state, key: { name: "text", text: "\t" } } as const;
    // In the text of a message Tab is a tab, unless an escape is typed.
    if (key.name === "tab" && asked === "text" && !this.#state.text.startsWith("~"))
      return press(tab.state, tab.key, []);
    return press(this.#state, key, this.#assistance?.recall(asked) ?? []);
  }

  async #complete(): Promise<void> {
    const { asked } = this.#question;
    const { text, cursor } = this.#state;
    const outcome: Outcome =
      this.#assistance === undefined
        ? { kind: "none" }
        : offered(text.slice(0, cursor), await this.#assistance.complete(asked, text.slice(0, cursor)));
    if (this.#undo.length === 0) return;
    if (outcome.kind === "none") this.#screen.draw(["bell"]);
    if (outcome.kind === "text") {
      this.#state = replaceBeforeCursor(this.#state, outcome.start, outcome.text);
      this.#show();
    }
    if (outcome.kind === "list") {
      const columns = outcome.lines(this.#screen.size());
      this.#putDown();
      this.#screen.draw([{ text: columns, style: "hint" }]);
      this.#show();
    }
  }

  /** As the terminal itself would do it: the whole job stops, the shell takes over. */
  #suspend(): void {
    // The shell's word for it begins in a new line.
    this.#putDown("");
    this.#setRaw(false);
    process.kill(0, "SIGTSTP");
    setTimeout(() => {
      if (this.#undo.length > 0 && this.#view === undefined) this.#continued();
    }, stopPatience);
  }

  #continued(): void {
    this.#setRaw(false);
    this.#setRaw(true);
    this.#view = undefined;
    this.#show();
  }

  #show(): void {
    const { prompt } = this.#question;
    const view = viewOf(prompt, this.#state, this.#screen.size());
    const strokes = changes(this.#view, view);
    this.#view = view;
    if (strokes.length > 0) this.#screen.draw(strokes);
  }

  /** After a change of the window: where the rows are now is only known of the one with the cursor. */
  #showAgain(): void {
    const { prompt } = this.#question;
    const view = viewOf(prompt, this.#state, this.#screen.size());
    this.#view = this.#view === undefined ? undefined : { ...view, text: "", prompt: "" };
    this.#show();
  }

  /** Leaves the line as it stands, and the cursor behind it. */
  #putDown(end = "\n"): void {
    const { prompt } = this.#question;
    const state = { ...this.#state, cursor: this.#state.text.length, search: undefined };
    const view = viewOf(prompt, state, this.#screen.size());
    const strokes = changes(this.#view, view);
    this.#view = undefined;
    // Behind a full row the cursor is at the next one's beginning already.
    const there = view.end.column === 0 && view.end.row > 0;
    this.#screen.draw(end === "" || there ? strokes : [...strokes, { text: end }]);
  }

  /** Takes the line off the screen. */
  #putAway(): void {
    if (this.#view === undefined) return;
    this.#screen.draw([{ move: { rows: -this.#view.cursor.row, column: 0 } }, "erase-below"]);
    this.#view = undefined;
  }
}
