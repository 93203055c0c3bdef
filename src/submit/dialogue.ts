/**
 * Follows what nodemailer says of a dialogue: for those who look on, and for what an outcome depends on.
 *
 * With PIPELINING several commands are under way at once. They are shown as one would type them by hand, each before its
 * reply.
 */
import { fromBytes } from "../message/text.ts";
import type { Witness } from "./transport.ts";

interface Entry {
  readonly tnx?: string;
}

/** Lines of a body that are shown; the rest is counted. */
const shownLines = 20;

export class Dialogue {
  readonly #witness: Witness | undefined;
  #phase = "";
  #waiting: string[] = [];
  #open = false;
  #secret = false;
  #extensions = new Map<string, string>();
  #lines = 0;
  #rest: Buffer = Buffer.alloc(0);
  #message: { header: boolean; body: number } = { header: true, body: 0 };
  /** The whole message and the final dot were handed to the connection. */
  dotSent = false;

  constructor(witness: Witness | undefined) {
    this.#witness = witness;
  }

  /** What a keyword of the answer to EHLO was followed by; undefined when the server did not say it. */
  extension(keyword: string): string | undefined {
    return this.#extensions.get(keyword);
  }

  phase(name: string): void {
    if (name === this.#phase) return;
    this.#phase = name;
    this.#witness?.("phase", name);
  }

  note(text: string): void {
    this.#witness?.("note", text);
  }

  /** Another message follows on the same connection. */
  begin(): void {
    this.dotSent = false;
    this.#rest = Buffer.alloc(0);
    this.#lines = 0;
    this.#message = { header: true, body: 0 };
  }

  /** Shows a message as it passes over the wire: its header whole, and the start of its body. */
  passes(bytes: Uint8Array): void {
    if (this.#witness === undefined) return;
    this.#rest = this.#linesOf(Buffer.concat([this.#rest, bytes]));
  }

  /** All of the message has passed: by a dot, or with the last chunk. */
  ends(by: "dot" | "chunk"): void {
    this.dotSent = true;
    if (this.#witness === undefined) return;
    if (this.#rest.length > 0) this.#messageLine(fromBytes(this.#rest));
    const more = this.#message.body - shownLines;
    if (more > 0) this.note(`${more} more ${more === 1 ? "line" : "lines"} of the body`);
    if (by === "chunk") return;
    this.phase("End of the message: a line with a dot alone");
    this.#witness("client", ".");
    this.#open = true;
  }

  /** @returns what is no whole line yet; nothing once lines are only counted */
  #linesOf(bytes: Buffer): Buffer {
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(10, from);
      if (end < 0) break;
      if (this.#message.body > shownLines) this.#message.body++;
      else this.#messageLine(fromBytes(bytes.subarray(from, bytes[end - 1] === 13 ? end - 1 : end)));
      from = end + 1;
    }
    return this.#message.body > shownLines ? Buffer.alloc(0) : bytes.subarray(from);
  }

  #messageLine(line: string): void {
    if (this.#lines === 0) this.phase("Header");
    this.#lines++;
    const { header } = this.#message;
    if (header && line === "") {
      this.#witness?.("client", "");
      this.#message.header = false;
      return;
    }
    if (!header) {
      if (this.#message.body === 0) this.phase("Body");
      this.#message.body++;
    }
    if (header || this.#message.body <= shownLines) this.#witness?.("client", line);
  }

  logger(): Record<string, (entry: unknown, text?: unknown) => void> {
    const hear = (entry: unknown, text?: unknown) => this.#hear(entry as Entry, String(text ?? ""));
    return { trace: hear, debug: hear, info: hear, warn: hear, error: hear, fatal: hear };
  }

  #hear(entry: Entry, text: string): void {
    if (entry.tnx === "client") {
      const line = this.#masked(text);
      if (this.#open) this.#waiting.push(line);
      else this.#say(line);
    } else if (entry.tnx === "server") this.#reply(text);
    else if (entry.tnx === "smtp" && text.startsWith("Connection upgraded")) {
      // RFC 3207, section 4.2: what anybody could have said before counts no more.
      this.#extensions = new Map();
      this.note("From here on encrypted (TLS)");
    }
  }

  #say(line: string): void {
    const phase = phases.find(([verb]) => verb.test(line));
    if (phase !== undefined) this.phase(phase[1]);
    this.#witness?.("client", line);
    this.#open = true;
  }

  #reply(text: string): void {
    const lines = text.split(/\r?\n/);
    if (this.#phase === "Connection") {
      this.#extensions = new Map();
      this.phase("Greeting");
    }
    if (/^(EHLO|LHLO)/.test(this.#phase) && text.startsWith("250")) this.#learn(lines);
    if (this.#secret && !text.startsWith("334")) this.#secret = false;
    for (const line of lines) this.#witness?.("server", line);
    this.#open = false;
    const next = this.#waiting.shift();
    if (next !== undefined) this.#say(next);
  }

  #learn(lines: readonly string[]): void {
    this.#extensions = new Map(
      lines.slice(1).map((line) => {
        const [, keyword = "", parameters = ""] = /^250[ -](\S+)[ =]?(.*)$/.exec(line) ?? [];
        return [keyword.toUpperCase(), parameters];
      }),
    );
  }

  /** Nothing that a password could be had from. */
  #masked(line: string): string {
    if (this.#secret) return "********";
    const [, auth] = /^(AUTH \S+)/i.exec(line) ?? [];
    if (auth === undefined) return line;
    this.#secret = true;
    return line.length > auth.length ? `${auth} ********` : auth;
  }
}

const phases: readonly (readonly [RegExp, string])[] = [
  [/^EHLO /, "EHLO: who we are, and what the server can do"],
  [/^LHLO /, "LHLO: who we are, and what the server can do"],
  [/^HELO /, "HELO: who we are"],
  [/^STARTTLS$/, "STARTTLS: from plain text to TLS"],
  [/^AUTH /, "AUTH: logging in"],
  [/^MAIL FROM/, "Envelope: the sender, then each recipient"],
  [/^DATA$/, "DATA: the message follows"],
  [/^BDAT /, "BDAT: the message follows, in chunks of a known size"],
  [/^RSET$/, "RSET: forget this message"],
  [/^QUIT$/, "QUIT"],
];
