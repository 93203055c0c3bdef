/**
 * Reads one line key by key. line-editor.ts maps keys to states, and line-view.ts maps states to rows. This module
 * handles signals and determines the order of events.
 */
import type { ReadStream } from "node:tty";
import { completeOffer, type Outcome } from "./completion.ts";
import type { Key } from "./keys.ts";
import { pressKey, replaceBeforeCursor } from "./line-editor.ts";
import { createLine, type LineState, type Pressed } from "./line-state.ts";
import { isPasteMarked, type Pasting } from "./pasting.ts";
import { type Screen, ShownLine } from "./shown-line.ts";
import type { Asked, Assistance, Input } from "./terminal.ts";

/** The interval in milliseconds between checks for new mail while the prompt waits for a command. */
const noticeInterval = 5_000;
/**
 * The maximum time in milliseconds until Ctrl-Z stops the process. If no shell can continue the process, Ctrl-Z has no
 * effect.
 */
const stopPatience = 20;
/**
 * The length in UTF-16 units above which redrawing a line is delayed. The delay in milliseconds is the line's length
 * divided by this value.
 */
const longLine = 32 * 1024;

export interface Question {
  readonly prompt: string;
  readonly value: string;
  readonly asked: Asked;
}

/** Reads one line key by key and handles the signals that arrive in the meantime. */
export class TypedLine {
  readonly #screen: Screen;
  readonly #question: Question;
  readonly #assistance: Assistance | undefined;
  readonly #shown: ShownLine;
  readonly #pasting: Pasting;
  /**
   * The place at which the current paste began: in an earlier line, or at the beginning of this line. Undefined if this
   * line was not pasted.
   */
  #pastedFrom: "an earlier line" | "its beginning" | undefined;
  #state: LineState;
  #stream: ReadStream | undefined;
  #busy = false;
  #showing: NodeJS.Timeout | undefined;
  #resolve: (input: Input) => void = () => {};
  #undo: (() => void)[] = [];
  unread: Buffer = Buffer.alloc(0);
  lost = false;

  constructor(
    screen: Screen,
    question: Question,
    assistance: Assistance | undefined,
    killed: string,
    pasting: Pasting,
  ) {
    this.#screen = screen;
    this.#question = question;
    this.#assistance = assistance;
    this.#pasting = pasting;
    if (pasting.going) this.#pastedFrom = "an earlier line";
    this.#shown = new ShownLine(screen, question.prompt);
    this.#state = createLine(question.value, killed);
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
      this.#shown.show(this.#state);
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
      // An unfinished line of a message is kept. An unfinished command is discarded.
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
      stream.pause();
    });
    stream.resume();
    this.#onSignal("SIGINT", () => this.#finish({ kind: "interrupt", dropped: this.#state.text }));
    this.#onSignal("SIGWINCH", () => this.#shown.showInNewWindow(this.#state));
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
      this.#shown.putAway();
      this.#screen.draw([{ text: `${notice}\n`, style: "hint" }]);
      this.#shown.show(this.#state);
    }, noticeInterval);
    this.#undo.push(() => clearInterval(timer));
  }

  #finish(input: Input): void {
    clearTimeout(this.#showing);
    for (const undo of this.#undo.splice(0)) undo();
    this.#resolve(input);
  }

  /**
   * Leaves raw mode after a signal that ends the program. If the signal has other listeners, they decide what happens
   * next.
   */
  #ended(signal: NodeJS.Signals): void {
    this.#setRaw(false);
    if (process.listenerCount(signal) > 1) return;
    this.#finish({ kind: "end" });
    process.kill(process.pid, signal);
  }

  #setRaw(raw: boolean): void {
    try {
      this.#stream?.setRawMode(raw);
      if (isPasteMarked(this.#question.asked)) this.#screen.draw([raw ? "mark-pastes" : "leave-pastes"]);
    } catch {
      // The terminal has been disconnected.
    }
  }

  /** Handles the received keys one after the other, until a key ends the line. */
  async #take(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (;;) {
      const next = this.#pasting.firstKey(this.unread);
      if (next === undefined || this.#undo.length === 0) break;
      this.unread = this.unread.subarray(next.size);
      if (await this.#press(next.key)) break;
    }
    this.#busy = false;
  }

  /** Whether the line counts as pasted. A single pasted line that the user ends with Enter is treated as typed. */
  get #isPasted(): boolean {
    return this.#pastedFrom === "an earlier line" || (this.#pastedFrom === "its beginning" && this.#pasting.going);
  }

  /** Handles a key. @returns whether the line has ended */
  async #press(key: Key): Promise<boolean> {
    const { asked } = this.#question;
    if (this.#state.text === "" && key.name === "paste-begin") this.#pastedFrom ??= "its beginning";
    if (this.#state.text === "" && key.name === "paste-end") this.#pastedFrom = undefined;
    const { state, effect } = this.#keyed(key, asked);
    this.#state = state;
    switch (effect) {
      case "accept":
        this.#shown.putDown(this.#state);
        this.#finish({ kind: "line", text: this.#state.text, ended: true, pasted: this.#isPasted });
        return true;
      case "end":
        // In a message, the next output begins on the empty line.
        this.#shown.putDown(this.#state, asked === "text" ? "" : "\n");
        this.#finish({ kind: "end" });
        return true;
      case "interrupt":
        // `^C` is written after the line, as a terminal would echo it, to show that the line was discarded. In a
        // message, the composer then writes the newline.
        this.#shown.putDown(this.#state, asked === "command" || asked === "answer" ? "^C\n" : "^C");
        this.#finish({ kind: "interrupt", dropped: this.#state.text });
        return true;
      case "suspend":
        this.#suspend();
        return false;
      case "quit":
        this.#shown.putDown(this.#state);
        process.kill(process.pid, "SIGQUIT");
        return false;
      case "complete":
        await this.#complete();
        return false;
      case "redraw":
        this.#shown.forget();
        this.#screen.draw(["clear-screen"]);
        this.#shown.show(this.#state);
        return false;
      case "bell":
        this.#shown.show(this.#state);
        this.#screen.draw(["bell"]);
        return false;
      default:
        this.#showInTime();
        return false;
    }
  }

  /**
   * Shows the line. A line of several megabytes, which can only have been pasted, is not redrawn for every piece
   * received.
   */
  #showInTime(): void {
    const { length } = this.#state.text;
    if (length < longLine) this.#shown.show(this.#state);
    else this.#showing ??= setTimeout(() => this.#showLate(), length / longLine);
  }

  #showLate(): void {
    this.#showing = undefined;
    if (this.#undo.length > 0 && this.#shown.isThere) this.#shown.show(this.#state);
  }

  #keyed(key: Key, asked: Asked): Pressed {
    const tab = { state: this.#state, key: { name: "text", text: "\t" } } as const;
    // In the body of a message, Tab inserts a tab, except in a tilde escape.
    if (key.name === "tab" && asked === "text" && !this.#state.text.startsWith("~"))
      return pressKey(tab.state, tab.key, []);
    return pressKey(this.#state, key, this.#assistance?.recall(asked) ?? []);
  }

  async #complete(): Promise<void> {
    const { asked } = this.#question;
    const { text, cursor } = this.#state;
    const outcome: Outcome =
      this.#assistance === undefined
        ? { kind: "none" }
        : completeOffer(text.slice(0, cursor), await this.#assistance.complete(asked, text.slice(0, cursor)));
    if (this.#undo.length === 0) return;
    if (outcome.kind === "none") this.#screen.draw(["bell"]);
    if (outcome.kind === "text") {
      this.#state = replaceBeforeCursor(this.#state, outcome.start, outcome.text);
      this.#shown.show(this.#state);
    }
    if (outcome.kind === "list") {
      const columns = outcome.lines(this.#screen.size());
      this.#shown.putDown(this.#state);
      this.#screen.draw([{ text: columns, style: "hint" }]);
      this.#shown.show(this.#state);
    }
  }

  /** Stops the entire job, as the terminal itself would. */
  #suspend(): void {
    // No newline is written, because the shell begins its message on a new line.
    this.#shown.putDown(this.#state, "");
    this.#setRaw(false);
    process.kill(0, "SIGTSTP");
    setTimeout(() => {
      if (this.#undo.length > 0 && !this.#shown.isThere) this.#continued();
    }, stopPatience);
  }

  #continued(): void {
    this.#setRaw(false);
    this.#setRaw(true);
    this.#shown.forget();
    this.#shown.show(this.#state);
  }
}
