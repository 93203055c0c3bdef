/**
 * Reads lines with editing. The terminal is in raw mode only while a line is being read (typed-line.ts).
 *
 * Between the lines of a message, raw mode is kept until the next turn of the event loop, so that pasted text is not
 * echoed twice.
 */
import type { ReadStream } from "node:tty";
import { fitText } from "./line-view.ts";
import { isPasteMarked, Pasting } from "./pasting.ts";
import type { Screen } from "./shown-line.ts";
import type { Assistance, Input } from "./terminal.ts";
import { openTerminalDevice, readAvailableKeys } from "./terminal-device.ts";
import { type Question, TypedLine } from "./typed-line.ts";

/** Reads lines that the user can edit. The terminal is in raw mode while a line is being read. */
export class LineReader {
  readonly #screen: Screen;
  #assistance: Assistance | undefined;
  #stream: ReadStream | undefined;
  #unread: Buffer = Buffer.alloc(0);
  #killed = "";
  #lost = false;
  readonly #pasting = new Pasting();
  #marked = false;
  #line: TypedLine | undefined;
  #drawsLater = false;
  readonly #leave = () => this.release();

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  assist(assistance: Assistance): void {
    this.#assistance = assistance;
  }

  /** Whether the terminal is lost; every further read returns the end of input. */
  get lost(): boolean {
    return this.#lost;
  }

  /** The unfinished line of a message, as typed so far. */
  get begun(): string {
    return this.#line?.text ?? "";
  }

  async read(question: Question): Promise<Input> {
    const whole = this.#takeWhole(question);
    if (whole !== undefined) return whole;
    const stream = this.#acquire();
    if (stream === undefined) return { kind: "end" };
    this.#markPastes(isPasteMarked(question.asked));
    const line = new TypedLine(this.#screen, question, this.#assistance, this.#killed, this.#pasting);
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

  /**
   * Returns a pasted line that has been received completely. The line is shown, but not processed key by key. When the
   * first pasted line is requested, all pasted lines except the last have already arrived.
   */
  #takeWhole({ prompt, value, asked }: Question): Input | undefined {
    if (asked !== "text" || value !== "") return undefined;
    const pasted = this.#pasting.going;
    const line = this.#pasting.wholeLine(this.#unread);
    if (line === undefined) return undefined;
    this.#unread = this.#unread.subarray(line.size);
    this.#screen.drawLater([
      { text: prompt, style: "prompt" },
      { text: `${fitText(line.text, this.#screen.size())}\n` },
    ]);
    if (!this.#drawsLater) setImmediate(() => this.#draw());
    this.#drawsLater = true;
    return { kind: "line", text: line.text, ended: true, pasted };
  }

  #draw(): void {
    this.#drawsLater = false;
    this.#screen.draw([]);
  }

  /** Leaves raw mode and closes the terminal device. Unread input is kept. */
  release(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#stream = undefined;
    process.removeListener("exit", this.#leave);
    try {
      this.#markPastes(false);
      stream.setRawMode(false);
    } catch {
      // The terminal and its mode are lost.
    }
    const left: unknown = stream.read();
    if (left instanceof Buffer) this.#unread = Buffer.concat([this.#unread, left]);
    stream.destroy();
  }

  /** Reads the keys that have been typed in advance, so that a child process does not receive them. */
  takeTypedAhead(): void {
    if (this.#acquire() === undefined) return;
    this.#unread = Buffer.concat([this.#unread, readAvailableKeys()]);
    this.release();
  }

  #markPastes(marked: boolean): void {
    if (marked === this.#marked) return;
    this.#marked = marked;
    this.#screen.draw([marked ? "mark-pastes" : "leave-pastes"]);
  }

  #acquire(): ReadStream | undefined {
    if (this.#stream !== undefined) return this.#stream;
    const stream = this.#lost ? undefined : openTerminalDevice();
    if (stream === undefined) {
      this.#lost = true;
      return undefined;
    }
    this.#stream = stream;
    // No other listener exists between lines, and an unhandled error event would end the program.
    stream.on("error", () => {});
    process.on("exit", this.#leave);
    stream.setRawMode(true);
    return stream;
  }
}
