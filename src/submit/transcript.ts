/**
 * A readable transcript of a dialogue, made from its events: phases, commands, replies, notes, and the start of the
 * message's body.
 *
 * With PIPELINING, several commands are sent together. The transcript shows each command directly before its reply.
 */
import { decodeBytes } from "../message/text.ts";
import type { DialogueEvent, DialogueObserver, Step } from "./dialogue.ts";

/** Receives the lines of a transcript, without newlines. The side is the speaker, or "phase" for a phase's title. */
export type Witness = (side: "phase" | "client" | "server" | "note", line: string) => void;

/** The titles of the phases. RCPT belongs to the envelope, which begins with MAIL. */
export const titles = {
  connection: "Connection",
  greeting: "Greeting",
  EHLO: "EHLO: the client's name, and the server's capabilities",
  LHLO: "LHLO: the client's name, and the server's capabilities",
  HELO: "HELO: the client's name",
  STARTTLS: "STARTTLS: switching to TLS",
  AUTH: "AUTH: logging in",
  MAIL: "Envelope: the sender, then each recipient",
  RCPT: undefined,
  DATA: "DATA: the message follows",
  BDAT: "BDAT: the message follows, in chunks of a known size",
  RSET: "RSET: cancel this message",
  QUIT: "QUIT",
  header: "Header",
  body: "Body",
  end: "End of the message: a line with a single dot",
} as const satisfies Record<Step | "header" | "body" | "end", string | undefined>;

/** The maximum number of body lines that are shown. The remaining lines are only counted. */
const shownLines = 20;

/** Returns an observer that passes the transcript of a dialogue to a witness line by line. */
export function makeTranscript(witness: Witness): DialogueObserver {
  const transcript = new Transcript(witness);
  return (event) => transcript.add(event);
}

class Transcript {
  readonly #witness: Witness;
  #phase = "";
  /** The commands that have been sent but have not been shown yet. */
  #waiting: Extract<DialogueEvent, { kind: "command" }>[] = [];
  #awaitsReply = false;
  #messageLines = 0;
  #bodyLines = 0;
  #inHeader = true;
  #unfinishedLine: Buffer = Buffer.alloc(0);

  constructor(witness: Witness) {
    this.#witness = witness;
  }

  add(event: DialogueEvent): void {
    switch (event.kind) {
      case "connecting":
        this.#beginPhase(titles.connection);
        this.#note(`Connecting to ${event.server}`);
        return;
      case "command":
        if (this.#awaitsReply) this.#waiting.push(event);
        else this.#showCommand(event);
        return;
      case "reply":
        if (event.step === "greeting") this.#beginPhase(titles.greeting);
        for (const line of event.lines) this.#witness("server", line);
        this.#awaitsReply = false;
        this.#showNextCommand();
        return;
      case "message begins":
        this.#messageLines = 0;
        this.#bodyLines = 0;
        this.#inHeader = true;
        this.#unfinishedLine = Buffer.alloc(0);
        return;
      case "message":
        this.#unfinishedLine = this.#showLines(Buffer.concat([this.#unfinishedLine, event.bytes]));
        return;
      case "message ends":
        this.#endMessage(event.by);
        return;
      case "encrypted":
        this.#note("Encrypted from here on (TLS)");
        return;
      case "TLS failed":
        this.#note("TLS failed; retrying without TLS");
        return;
      case "queued":
        this.#note(`Queued as ${event.id}`);
        return;
      case "closed":
        this.#note("Connection closed");
        return;
    }
  }

  #beginPhase(title: string | undefined): void {
    if (title === undefined || title === this.#phase) return;
    this.#phase = title;
    this.#witness("phase", title);
  }

  #note(text: string): void {
    this.#witness("note", text);
  }

  #showCommand({ step, line }: { readonly step: Step | undefined; readonly line: string }): void {
    if (step !== undefined) this.#beginPhase(titles[step]);
    this.#witness("client", line);
    this.#awaitsReply = true;
  }

  #showNextCommand(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) this.#showCommand(next);
  }

  #endMessage(by: "dot" | "chunk"): void {
    if (this.#unfinishedLine.length > 0) this.#showLine(decodeBytes(this.#unfinishedLine));
    const more = this.#bodyLines - shownLines;
    if (more > 0) this.#note(`${more} more ${more === 1 ? "line" : "lines"} of the body`);
    if (by === "chunk") return;
    this.#beginPhase(titles.end);
    this.#witness("client", ".");
    this.#awaitsReply = true;
  }

  /**
   * Shows the complete lines. Returns the start of an incomplete last line, or nothing if lines are only being
   * counted.
   */
  #showLines(bytes: Buffer): Buffer {
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(10, from);
      if (end < 0) break;
      if (this.#bodyLines > shownLines) this.#bodyLines++;
      else this.#showLine(decodeBytes(bytes.subarray(from, bytes[end - 1] === 13 ? end - 1 : end)));
      from = end + 1;
    }
    return this.#bodyLines > shownLines ? Buffer.alloc(0) : bytes.subarray(from);
  }

  #showLine(line: string): void {
    if (this.#messageLines === 0) this.#beginPhase(titles.header);
    this.#messageLines++;
    if (this.#inHeader && line === "") {
      this.#witness("client", "");
      this.#inHeader = false;
      return;
    }
    if (!this.#inHeader) {
      if (this.#bodyLines === 0) this.#beginPhase(titles.body);
      this.#bodyLines++;
    }
    if (this.#inHeader || this.#bodyLines <= shownLines) this.#witness("client", line);
  }
}
