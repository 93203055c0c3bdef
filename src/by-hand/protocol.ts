/** The state of a dialogue: the phase of each line, and the possible next lines. Lines are never changed. */

import type { ExitCode } from "../errors.ts";
import { exitCodeForRefusal, queueIdOf } from "../submit/replies.ts";
import { titles } from "../submit/transcript.ts";

type Mode = "command" | "message" | "chunk" | "secret";

export interface Said {
  /** The title of the new phase. */
  readonly phase: string | undefined;
  /** The line in a form that is safe to show. */
  readonly shown: string;
  /** A warning for the user. */
  readonly warning: string | undefined;
  /** Whether the server responds to the line. The server does not respond to the lines of a message. */
  readonly answered: boolean;
}

/** Help for a user who types the dialogue. */
export interface Hint {
  readonly text: string;
  /** Whether the help contains a fact that is also useful to a script. */
  readonly forScripts?: true;
}

const phases: readonly (readonly [RegExp, string])[] = [
  [/^ehlo\b/i, titles.EHLO],
  [/^lhlo\b/i, titles.LHLO],
  [/^helo\b/i, titles.HELO],
  [/^starttls\b/i, titles.STARTTLS],
  [/^auth\b/i, titles.AUTH],
  [/^mail\b/i, "Envelope: the sender"],
  [/^rcpt\b/i, "Envelope: a recipient"],
  [/^data\b/i, titles.DATA],
  [/^bdat\b/i, "BDAT: a chunk of the message"],
  [/^rset\b/i, titles.RSET],
  [/^(vrfy|expn)\b/i, "Checking an address"],
  [/^(noop|help)\b/i, "Not part of a message"],
  [/^quit\b/i, titles.QUIT],
];

/** Follows a dialogue without changing it, and determines each line's phase and the possible next lines. */
export class Protocol {
  mode: Mode = "command";
  #command = "";
  #header = false;
  #lines = 0;
  #chunk = 0;
  #recipients = 0;
  #ended = false;
  #refused: string | undefined;

  /** Whether a message has begun but not ended. */
  get unfinished(): boolean {
    return this.mode === "message" || this.mode === "chunk";
  }

  get inHeader(): boolean {
    return this.mode === "message" && this.#header;
  }

  /** Whether QUIT was sent and answered with 221. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The exit code of the first refused message; undefined if all were accepted. */
  get exit(): ExitCode | undefined {
    return this.#refused === undefined ? undefined : exitCodeForRefusal(this.#refused);
  }

  say(line: string): Said {
    if (this.mode === "message") return this.#messageLine(line);
    if (this.mode === "chunk") {
      this.#chunk -= Buffer.byteLength(line) + 2;
      const over = this.#chunk <= 0;
      if (over) this.mode = "command";
      return { phase: undefined, shown: line, warning: undefined, answered: over };
    }
    if (this.mode === "secret") {
      this.mode = "command";
      return { phase: undefined, shown: "********", warning: undefined, answered: true };
    }
    this.#command = (/^\s*(\w+)/.exec(line)?.[1] ?? "").toUpperCase();
    const size = /^bdat\s+(\d+)/i.exec(line)?.[1];
    if (size !== undefined && Number(size) > 0) {
      this.mode = "chunk";
      this.#chunk = Number(size);
    }
    return {
      phase: phases.find(([verb]) => verb.test(line))?.[1],
      shown: line.replace(/^(\s*auth\s+\S+\s+)\S.*$/i, "$1********"),
      warning: this.#warningOf(line),
      answered: this.mode !== "chunk",
    };
  }

  /** Processes a response. @returns help for the next line */
  hear(reply: readonly string[]): Hint | undefined {
    const [first = ""] = reply;
    const text = reply.join("\n");
    if (this.#command === "MESSAGE" || (this.#command === "BDAT" && !first.startsWith("2"))) {
      if (!first.startsWith("2")) return this.#refuse(text, "The message was not accepted.");
      const id = queueIdOf(text);
      if (id === undefined) return { text: "The message was accepted." };
      return { text: `Queued as ${id}; follow it with mail --track ${id}.`, forScripts: true };
    }
    if (this.#command === "DATA") {
      if (!first.startsWith("3"))
        return this.#refuse(text, "The server is not ready to accept a message; type commands.");
      this.mode = "message";
      this.#header = true;
      this.#lines = 0;
      return { text: "Type header fields, an empty line and the body. A line with a single dot ends the message." };
    }
    if (first.startsWith("334")) this.mode = "secret";
    if (this.#command === "RCPT" && first.startsWith("2")) this.#recipients++;
    if (["MAIL", "RSET", "EHLO", "HELO", "LHLO"].includes(this.#command)) this.#recipients = 0;
    if (this.#command === "QUIT" && first.startsWith("2")) this.#ended = true;
    return first.startsWith("2") || first.startsWith("3") ? this.#nextCommand() : undefined;
  }

  /** Returns whether STARTTLS was accepted and TLS therefore begins with the next byte. */
  encrypts(reply: readonly string[]): boolean {
    return this.#command === "STARTTLS" && (reply[0] ?? "").startsWith("220");
  }

  #messageLine(line: string): Said {
    const first = this.#lines === 0;
    this.#lines++;
    const phase = first ? titles.header : undefined;
    if (line === ".") {
      const warning = this.#header
        ? "The dot ended the message, which has no empty line and therefore no body."
        : undefined;
      this.mode = "command";
      this.#command = "MESSAGE";
      return { phase: titles.end, shown: line, warning, answered: true };
    }
    if (line === "" && this.#header) {
      this.#header = false;
      return { phase, shown: line, warning: undefined, answered: false };
    }
    const warning =
      line.startsWith(".") && !line.startsWith("..")
        ? "The server removes the first dot of this line; type two to send one."
        : undefined;
    return { phase, shown: line, warning, answered: false };
  }

  #warningOf(line: string): string | undefined {
    if (line === ".") return "A dot ends a message, but no message has begun; DATA begins one.";
    if (/^\s/.test(line)) return "A command must begin at the start of the line.";
    if (/^(mail|rcpt)\b/i.test(line) && !/^(mail from|rcpt to):\s*<[^<>]*>/i.test(line)) {
      return "The forms are MAIL FROM:<address> and RCPT TO:<address>; the angle brackets are required.";
    }
    return undefined;
  }

  #refuse(reply: string, text: string): Hint {
    this.#refused ??= reply;
    return { text };
  }

  #nextCommand(): Hint | undefined {
    const text = this.#nextWords();
    return text === undefined ? undefined : { text };
  }

  /** Returns a hint about the next command. */
  #nextWords(): string | undefined {
    switch (this.#command) {
      case "":
        return "Next: EHLO and the name of this host, or HELO.";
      case "EHLO":
      case "HELO":
      case "LHLO":
        return "Next: MAIL FROM:<your address>";
      case "STARTTLS":
        return "The connection is now encrypted. Next: EHLO again.";
      case "MAIL":
        return "Next: RCPT TO:<address>";
      case "RCPT":
        return this.#recipients > 0 ? "Next: another RCPT TO:<address>, or DATA" : undefined;
      default:
        return undefined;
    }
  }
}
