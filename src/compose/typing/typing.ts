/** A message that is typed: line by line, with questions, escapes and interrupts. */
import { MailError } from "../../errors.ts";
import { toBytes } from "../../message/text.ts";
import type { Input } from "../../terminal/terminal.ts";
import { splitTypedItems } from "../draft/recipients.ts";
import type { Composing, Ended } from "./tilde-escape.ts";
import { runTildeEscape } from "./tilde-escapes.ts";

/** How many ends of input in a row `ignoreeof` refuses. */
const refusals = 24;

/** Reads a message that is typed, line by line, with questions, tilde escapes and interrupts. */
export class Typing {
  readonly #composing: Composing;
  /** Interrupts since the last line; the second one ends the message. */
  #interrupts = 0;

  constructor(composing: Composing) {
    this.#composing = composing;
  }

  async run(ask: { subject: boolean }): Promise<Exclude<Ended, undefined>> {
    const { terminal, draft, config } = this.#composing;
    const settings = config.settings;
    if (terminal.inputIsTerminal && ask.subject && (settings.get("ask") || settings.get("asksub"))) {
      const subject = await this.#askSubject();
      if (subject === "cancelled") return subject;
      draft.subject = subject;
    }
    const ended = await this.#body({ dot: true });
    if (ended !== "end") return ended;
    if (settings.get("askcc") || settings.get("askbcc")) {
      if (!terminal.inputIsTerminal) return "sent";
      for (const [wanted, prompt, list] of [
        [settings.get("askcc"), "Cc: ", "cc"],
        [settings.get("askbcc"), "Bcc: ", "bcc"],
      ] as const) {
        if (!wanted) continue;
        const people = await this.#askPeople(prompt, draft[list]);
        if (people === "cancelled") return people;
        draft[list] = people;
      }
    } else terminal.out("EOT\n");
    return "sent";
  }

  /** -~: escapes count, but nothing is asked and a dot is text. */
  async runPiped(): Promise<Exclude<Ended, undefined>> {
    const ended = await this.#body({ dot: false });
    return ended === "end" ? "sent" : ended;
  }

  async #askSubject(): Promise<string | undefined | "cancelled"> {
    for (;;) {
      const answer = await this.#composing.terminal.readLine("Subject: ", "subject");
      if (answer.kind === "interrupt") {
        if (this.#interrupted()) return "cancelled";
        continue;
      }
      this.#endLine(answer);
      return answer.kind === "line" ? answer.text : undefined;
    }
  }

  /** Where the terminal edits lines itself, Ctrl-D ends one and leaves the cursor in it. */
  #endLine(answer: Input): void {
    const { terminal } = this.#composing;
    const ended = answer.kind === "line" && answer.ended;
    if (!ended && !terminal.rich && !terminal.lost) terminal.out("\n");
  }

  /**
   * As in bsd-mailx the second interrupt ends the message here, too, and Ctrl-D does nothing; an input that says nothing
   * else any more is taken for lost.
   */
  async #askPeople(prompt: string, present: string[]): Promise<string[] | "cancelled"> {
    const { terminal } = this.#composing;
    const value = present.join(" ");
    let asked = false;
    for (let ends = 0; ; ) {
      const answer: Input =
        asked && !terminal.rich
          ? await terminal.readLine("", "people")
          : await terminal.editLine(prompt, value, "people");
      if (answer.kind === "line") this.#endLine(answer);
      if (answer.kind === "line") return splitTypedItems(asked && !terminal.rich ? value + answer.text : answer.text);
      asked = answer.kind === "end";
      if (asked ? terminal.lost || ++ends > refusals : this.#interrupted()) return "cancelled";
    }
  }

  /** @returns "end" at the body's end */
  async #body({ dot }: { dot: boolean }): Promise<Exclude<Ended, undefined> | "end"> {
    const { terminal, draft, config } = this.#composing;
    const settings = config.settings;
    // As it is now: what ~: sets counts from the next message on.
    const mark = settings.get("escape")?.charAt(0) ?? "~";
    let ends = 0;
    let dropped: string[] = [];
    for (;;) {
      const input: Input = await terminal.readLine("", "text");
      if (input.kind === "interrupt") {
        if (input.dropped !== undefined && input.dropped !== "") dropped.push(input.dropped);
        if (!this.#interrupted()) continue;
        for (const line of dropped) draft.body.append(toBytes(`${line}\n`));
        return "cancelled";
      }
      if (input.kind === "end") {
        if (terminal.lost) return "cancelled";
        if (!settings.get("ignoreeof") || ++ends > refusals) return "end";
        terminal.out('Use "." to terminate letter\n');
        continue;
      }
      ends = 0;
      this.#interrupts = 0;
      dropped = [];
      const { text, pasted = false } = input;
      if (text === "." && dot && !pasted && (settings.get("dot") || settings.get("ignoreeof"))) return "end";
      if (mark === "" || pasted || !text.startsWith(mark)) {
        draft.body.append(toBytes(`${text.replace(/\r$/, "")}\n`));
        this.#composing.typed?.();
        continue;
      }
      const ended = await this.#escape(text.slice(mark.length), mark);
      this.#composing.typed?.();
      if (ended !== undefined) return ended;
    }
  }

  /** A mistake in an escape is told; the message goes on. */
  async #escape(line: string, mark: string): Promise<Ended> {
    try {
      return await runTildeEscape(this.#composing, line, mark);
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      this.#composing.terminal.err(`mail: ${error.message}\n`);
      return undefined;
    }
  }

  /** @returns whether this one ends the message */
  #interrupted(): boolean {
    const { terminal, config } = this.#composing;
    if (config.settings.get("ignore")) {
      terminal.out("@\n");
      return false;
    }
    if (++this.#interrupts > 1) {
      // The prompt that comes next is not to stand behind what was typed.
      if (terminal.rich) terminal.out("\n");
      return true;
    }
    terminal.out("\n(Interrupt -- one more to kill letter)\n");
    return false;
  }
}
