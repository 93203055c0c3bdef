/** Reads a typed message line by line. */
import { toBytes } from "../../message/text.ts";
import type { Input } from "../../terminal/terminal.ts";
import { splitTypedItems } from "../draft/recipients.ts";
import type { Composing, Ended } from "./tilde-escape.ts";
import { runTildeEscape } from "./tilde-escapes.ts";

/** The number of consecutive ends of input that `ignoreeof` ignores. */
const refusals = 24;

/** Reads a typed message line by line, and handles questions, tilde escapes and interrupts. */
export class Typing {
  readonly #composing: Composing;
  readonly #interrupts: InterruptCount;

  constructor(composing: Composing) {
    this.#composing = composing;
    this.#interrupts = new InterruptCount(composing);
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

  /** Reads a message from a pipe for -~. Escapes are interpreted, but no question is asked, and a lone dot is text. */
  async runPiped(): Promise<Exclude<Ended, undefined>> {
    const ended = await this.#body({ dot: false });
    return ended === "end" ? "sent" : ended;
  }

  async #askSubject(): Promise<string | undefined | "cancelled"> {
    for (;;) {
      const answer = await this.#composing.terminal.readLine("Subject: ", "subject");
      if (answer.kind === "interrupt") {
        if (this.#interrupts.endsMessage()) return "cancelled";
        continue;
      }
      this.#endLine(answer);
      return answer.kind === "line" ? answer.text : undefined;
    }
  }

  /**
   * Prints a newline after a line that ended with Ctrl-D instead of Enter. If the terminal itself edits the line,
   * Ctrl-D leaves the cursor at the end of the line.
   */
  #endLine(answer: Input): void {
    const { terminal } = this.#composing;
    const ended = answer.kind === "line" && answer.ended;
    if (!ended && !terminal.rich && !terminal.lost) terminal.out("\n");
  }

  /**
   * Asks for recipients. As in bsd-mailx, the second interrupt ends the message, and Ctrl-D has no effect. If the end
   * of input is read repeatedly, the terminal is considered lost.
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
      if (asked ? terminal.lost || ++ends > refusals : this.#interrupts.endsMessage()) return "cancelled";
    }
  }

  /** Reads the body. Returns "end" at the end of the body, or the reason why the message ended earlier. */
  async #body({ dot }: { dot: boolean }): Promise<Exclude<Ended, undefined> | "end"> {
    const { terminal, draft, config } = this.#composing;
    const settings = config.settings;
    // If ~: changes the escape character, the change takes effect in the next message.
    const mark = settings.get("escape")?.charAt(0) ?? "~";
    let ends = 0;
    let dropped: string[] = [];
    for (;;) {
      const input: Input = await terminal.readLine("", "text");
      if (input.kind === "interrupt") {
        if (input.dropped !== undefined && input.dropped !== "") dropped.push(input.dropped);
        if (!this.#interrupts.endsMessage()) continue;
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
      this.#interrupts.reset();
      dropped = [];
      const { text, pasted = false } = input;
      if (text === "." && dot && !pasted && (settings.get("dot") || settings.get("ignoreeof"))) return "end";
      if (mark === "" || pasted || !text.startsWith(mark)) {
        draft.body.append(toBytes(`${text.replace(/\r$/, "")}\n`));
        this.#composing.typed?.();
        continue;
      }
      const ended = await runTildeEscape(this.#composing, text.slice(mark.length), mark);
      this.#composing.typed?.();
      if (ended !== undefined) return ended;
    }
  }
}

/** Counts the interrupts since the last typed line. The second interrupt ends the message, as in bsd-mailx. */
class InterruptCount {
  readonly #composing: Pick<Composing, "terminal" | "config">;
  #count = 0;

  constructor(composing: Pick<Composing, "terminal" | "config">) {
    this.#composing = composing;
  }

  reset(): void {
    this.#count = 0;
  }

  /**
   * Counts an interrupt, and returns whether it ends the message. If `ignore` is set, interrupts never end a message.
   */
  endsMessage(): boolean {
    const { terminal, config } = this.#composing;
    if (config.settings.get("ignore")) {
      terminal.out("@\n");
      return false;
    }
    if (++this.#count > 1) {
      // The next prompt must not appear on the line that was being typed.
      if (terminal.rich) terminal.out("\n");
      return true;
    }
    terminal.out("\n(Interrupt -- one more to kill letter)\n");
    return false;
  }
}
