/**
 * Records the facts of a dialogue with a server: its progress, the server's extensions, and whether the final dot was
 * sent.
 *
 * Each fact is also reported as an event. Transcripts are produced from these events (transcript.ts), but no decision
 * depends on an event.
 */

/** The verbs of commands, and the phases of a dialogue that have no command. */
export type Step =
  | "connection"
  | "greeting"
  | "EHLO"
  | "LHLO"
  | "HELO"
  | "STARTTLS"
  | "AUTH"
  | "MAIL"
  | "RCPT"
  | "DATA"
  | "BDAT"
  | "RSET"
  | "QUIT";

export type DialogueEvent =
  | { readonly kind: "connecting"; readonly server: string }
  | { readonly kind: "command"; readonly step: Step | undefined; readonly line: string }
  | { readonly kind: "reply"; readonly step: Step | undefined; readonly lines: readonly string[] }
  | { readonly kind: "message begins" }
  | { readonly kind: "message"; readonly bytes: Uint8Array }
  | { readonly kind: "message ends"; readonly by: "dot" | "chunk" }
  | { readonly kind: "encrypted" }
  | { readonly kind: "TLS failed" }
  | { readonly kind: "queued"; readonly id: string }
  | { readonly kind: "closed" };

export type DialogueObserver = (event: DialogueEvent) => void;

const verbs: readonly Step[] = [
  "EHLO",
  "LHLO",
  "HELO",
  "STARTTLS",
  "AUTH",
  "MAIL",
  "RCPT",
  "DATA",
  "BDAT",
  "RSET",
  "QUIT",
];

/** Records the facts of a dialogue with a server and reports each as an event. */
export class Dialogue {
  readonly #observe: DialogueObserver | undefined;
  #step: Step = "connection";
  /**
   * The commands that have not received a reply yet, oldest first. With PIPELINING, there may be several such commands.
   */
  #unanswered: (Step | undefined)[] = [];
  #isSecret = false;
  #extensions = new Map<string, string>();
  #greeting: string | undefined;
  #refusedHello: string | undefined;
  #login: string | undefined;
  #hasTlsFailed = false;
  #isDotSent = false;

  constructor(observe: DialogueObserver | undefined) {
    this.#observe = observe;
  }

  /** The last step that began. */
  get step(): Step {
    return this.#step;
  }

  /** The first line of the server's greeting. */
  get greeting(): string | undefined {
    return this.#greeting;
  }

  /** The last line of the reply if the server rejected EHLO, as old servers do. */
  get refusedHello(): string | undefined {
    return this.#refusedHello;
  }

  /** The mechanism of the login. */
  get login(): string | undefined {
    return this.#login;
  }

  /** Whether STARTTLS failed and the dialogue was restarted without it. */
  get hasTlsFailed(): boolean {
    return this.#hasTlsFailed;
  }

  /** Whether the complete message, with its final dot or last chunk, was written to the connection. */
  get isDotSent(): boolean {
    return this.#isDotSent;
  }

  /** Returns the parameters of an extension (RFC 5321, section 2.2), or undefined if the server does not offer it. */
  extension(keyword: string): string | undefined {
    return this.#extensions.get(keyword);
  }

  connecting(server: string): void {
    this.#step = "connection";
    this.#unanswered = ["greeting"];
    this.#extensions = new Map();
    this.#observe?.({ kind: "connecting", server });
  }

  /** Prepares for the next message on the same connection. */
  beginMessage(): void {
    this.#isDotSent = false;
    this.#observe?.({ kind: "message begins" });
  }

  command(line: string): void {
    const verb = /^[A-Z]*/.exec(line)?.[0] ?? "";
    const step = this.#isSecret ? undefined : verbs.find((each) => each === verb);
    if (step !== undefined) this.#step = step;
    this.#unanswered.push(step);
    if (step === "AUTH") this.#login = /^AUTH (\S+)/.exec(line)?.[1];
    const shown = this.#masked(line, step);
    this.#observe?.({ kind: "command", step, line: shown });
  }

  reply(text: string): void {
    const lines = text.split(/\r?\n/);
    const [first = ""] = lines;
    const step = this.#unanswered.shift();
    if (step === "greeting") {
      this.#step = "greeting";
      this.#greeting ??= first;
    }
    if (step === "EHLO" || step === "LHLO") {
      if (first.startsWith("250")) this.#extensions = extensionsIn(lines);
      this.#refusedHello = lines.findLast((line) => !line.startsWith("2")) ?? this.#refusedHello;
    }
    if (!first.startsWith("334")) this.#isSecret = false;
    this.#observe?.({ kind: "reply", step, lines });
  }

  /** Discards the extensions that an attacker could have offered before TLS (RFC 3207, section 4.2). */
  encrypted(): void {
    this.#extensions = new Map();
    this.#observe?.({ kind: "encrypted" });
  }

  tlsFailed(): void {
    this.#hasTlsFailed = true;
    this.#observe?.({ kind: "TLS failed" });
  }

  message(bytes: Uint8Array): void {
    this.#observe?.({ kind: "message", bytes });
  }

  messageEnds(by: "dot" | "chunk"): void {
    this.#isDotSent = true;
    if (by === "dot") this.#unanswered.push(undefined);
    this.#observe?.({ kind: "message ends", by });
  }

  queued(id: string): void {
    this.#observe?.({ kind: "queued", id });
  }

  closed(): void {
    this.#observe?.({ kind: "closed" });
  }

  /** Masks everything that could reveal a password. */
  #masked(line: string, step: Step | undefined): string {
    if (this.#isSecret) return "********";
    if (step !== "AUTH") return line;
    this.#isSecret = true;
    const [auth = "AUTH"] = /^AUTH \S+/.exec(line) ?? [];
    return line.length > auth.length ? `${auth} ********` : auth;
  }
}

function extensionsIn(lines: readonly string[]): Map<string, string> {
  return new Map(
    lines.slice(1).map((line) => {
      const [, keyword = "", parameters = ""] = /^250[ -](\S+)[ =]?(.*)$/.exec(line) ?? [];
      return [keyword.toUpperCase(), parameters];
    }),
  );
}
