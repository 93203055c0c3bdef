/**
 * Connects to an IMAP server, starts TLS, and logs in. This is the only file that imports imapflow. The module replaces
 * the start of imapflow's sessions, and declares imapflow's internal members that are used elsewhere. A test
 * (test/mailbox/imap/imapflow.test.ts) checks that these members exist.
 */
import type { Socket } from "node:net";
import { ImapFlow } from "imapflow";
import { parseFetchLine } from "./fetch-line.ts";
import { ImapFailed, type ImapReason, reasonOfCode } from "./imap-failure.ts";
import { findCode, type Handler, type Node, type Response, readNodeText, type Token } from "./imap-grammar.ts";

/** Handlers for the responses to a command. */
export interface Execution {
  readonly untagged?: Readonly<Record<string, Handler>>;
  readonly onPlusTag?: Handler;
}

/** The internal members of imapflow that this file and server-connection.ts use. */
export interface Internals {
  readonly socket: Socket | false;
  readonly untaggedHandlers: Record<string, Handler | null>;
  readonly byeReason?: string;
  usable: boolean;
  expectCapabilityUpdate: boolean;
  exec(
    command: string,
    attributes: readonly Node[] | false,
    options?: Execution,
  ): Promise<{ response: Response; next(): void }>;
  run(command: "CAPABILITY"): Promise<unknown>;
  write(line: string): unknown;
  failProtocol(error: Error): void;
  getUntaggedHandler(command: string, attributes: readonly Node[]): Handler | undefined;
}

/** The properties of imapflow's errors. */
export interface FlowError extends Error {
  readonly code?: string;
  readonly reason?: string;
  readonly responseStatus?: "NO" | "BAD" | "BYE";
  readonly responseText?: string;
  readonly response?: Response;
  readonly tlsFailed?: boolean;
}

/** The login methods that a server offers, and functions that use them. */
export interface LoginOffer {
  /**
   * The mechanisms that the server offers. LOGIN is included if the server accepts the LOGIN mechanism or the LOGIN
   * command.
   */
  readonly mechanisms: readonly string[];
  /** Whether the server offers LOGIN as a SASL mechanism, for the AUTHENTICATE command. */
  readonly hasSaslLogin: boolean;
  readonly isEncrypted: boolean;
  /**
   * Authenticates with a mechanism (RFC 9051, section 6.2.2).
   *
   * @param initial the initial response; undefined if the server sends a challenge first
   * @param respond returns the response to a challenge; both are in base64
   * @throws ImapFailed if the server refuses the login
   */
  authenticate(
    mechanism: string,
    initial: string | undefined,
    respond: (challenge: string) => string | Promise<string>,
  ): Promise<void>;
  /** Sends the LOGIN command (RFC 9051, section 6.2.3). @throws ImapFailed if the server refuses the login */
  logIn(user: string, password: string): Promise<void>;
}

export interface ConnectionSettings {
  readonly host: string;
  readonly port: number;
  /** Whether the connection begins with TLS (`imaps`). */
  readonly isSecure: boolean;
  readonly starttls: "required" | "opportunistic" | "none";
  readonly tls: {
    readonly ca?: readonly string[];
    readonly cert?: string;
    readonly key?: string;
    readonly minVersion: "TLSv1.2" | "TLSv1.3";
    readonly rejectUnauthorized: boolean;
  };
  /**
   * Time limits in milliseconds: `connect` for the connection and the greeting, and `silence` for a period in which
   * neither side sends anything.
   */
  readonly timeouts: { readonly connect: number; readonly silence: number };
  /** Returns the reason and a description of a TLS failure; undefined for other errors. */
  readonly explainTls: (error: Error) => { readonly reason: ImapReason; readonly detail: string } | undefined;
  /** Called when the server has sent its greeting. */
  readonly onGreeting?: () => void;
  /** Chooses a login mechanism and logs in. */
  readonly logIn: (offer: LoginOffer) => Promise<void>;
}

/** Maximum numbers of bytes in a requested range, in a literal, and in a line of a response. */
export const largestRange = 4 << 20;

const largestLiteral = largestRange + (64 << 10);

const longestLine = 64 << 20;

/** A response that imapflow has not parsed yet. */
interface Received {
  /** The response without its final newline and without the bytes of its literals. */
  readonly payload: Buffer;
  readonly literals?: readonly Buffer[];
}

const parseReceived = (
  ImapFlow.prototype as unknown as { handleResponse(this: ImapFlow, received: Received): Promise<boolean> }
).handleResponse;

/** An imapflow client that only connects, starts TLS and logs in. All later commands are sent by the caller. */
export class Flow extends ImapFlow {
  readonly settings: ConnectionSettings;

  constructor(settings: ConnectionSettings) {
    const { host, port, isSecure, starttls, timeouts } = settings;
    const { ca, ...rest } = settings.tls;
    super({
      host,
      port,
      secure: isSecure,
      ...(starttls === "required" && !isSecure ? { doSTARTTLS: true } : {}),
      ...(starttls === "none" ? { doSTARTTLS: false } : {}),
      tls: { ...rest, ...(ca === undefined ? {} : { ca: [...ca] }) },
      connectionTimeout: timeouts.connect,
      greetingTimeout: timeouts.connect,
      socketTimeout: timeouts.silence,
      maxLiteralSize: largestLiteral,
      maxLineLength: longestLine,
      maxResponseSize: longestLine,
      maxResponseTokens: 1_000_000,
      disableAutoIdle: true,
      disableAutoEnable: true,
      disableCompression: true,
      disableIMAP4rev2: true,
      logger: false,
    });
    this.settings = settings;
  }

  get internals(): Internals {
    return this as unknown as Internals;
  }

  /** Replaces imapflow's method of the same name, which also sends ID, NAMESPACE, COMPRESS and ENABLE. */
  async startSession(): Promise<void> {
    this.settings.onGreeting?.();
    await this.internals.run("CAPABILITY");
    if (this.capabilities.size === 0)
      throw makeFailure(this.settings, "not IMAP", "the server does not list its capabilities");
    await this.upgradeToSTARTTLS();
    this.internals.expectCapabilityUpdate = true;
    await this.settings.logIn(this.#offer());
    this.authenticated = true;
    this.state = this.states.AUTHENTICATED;
    // The server's capabilities may change after the login (RFC 9051, section 7.2.2).
    await this.internals.run("CAPABILITY");
    this.internals.usable = true;
    // From now on, each command has its own time limit, because the user may be idle for hours.
    if (this.internals.socket !== false) this.internals.socket.setTimeout(0);
  }

  /** Called by imapflow if the server does not offer STARTTLS or has refused it. */
  _failSTARTTLS(): boolean {
    if (this.settings.starttls !== "required") return false;
    throw makeFailure(
      this.settings,
      "STARTTLS refused",
      "the server does not offer STARTTLS; the login was not sent; use imaps://, or set starttls=none to allow it",
    );
  }

  /**
   * Called by imapflow if the greeting states that the client is already logged in. In that case, nothing proves which
   * user's mail would be shown, and STARTTLS is no longer possible.
   */
  initialPREAUTH(): void {
    const text = "the server claims that the login has already taken place; the connection was closed";
    this.internals.failProtocol(makeFailure(this.settings, "logged in before TLS", text));
  }

  /**
   * Called by imapflow for each response. The most frequent responses are parsed by parseFetchLine(), which is faster
   * than imapflow's parser.
   */
  async handleResponse(received: Received): Promise<boolean> {
    const fetched = parseFetchLine(received.payload, received.literals);
    if (fetched === undefined) return parseReceived.call(this, received);
    await this.internals.getUntaggedHandler("FETCH", [])?.({ fetched });
    return true;
  }

  #offer(): LoginOffer {
    const words = [...this.capabilities.keys()].map((word) => word.toUpperCase());
    const mechanisms = words.filter((word) => word.startsWith("AUTH=")).map((word) => word.slice(5));
    const isLoginAllowed = !words.includes("LOGINDISABLED") && !mechanisms.includes("LOGIN");
    return {
      mechanisms: isLoginAllowed ? [...mechanisms, "LOGIN"] : mechanisms,
      hasSaslLogin: mechanisms.includes("LOGIN"),
      isEncrypted: this.secureConnection,
      authenticate: (mechanism, initial, respond) => this.#authenticate(mechanism, initial, respond),
      logIn: (user, password) =>
        this.#finishLogin("LOGIN", [
          { type: "STRING", value: user },
          { type: "STRING", value: password },
        ]),
    };
  }

  async #authenticate(
    mechanism: string,
    initial: string | undefined,
    respond: (challenge: string) => string | Promise<string>,
  ): Promise<void> {
    const sendsAtOnce = initial !== undefined && this.capabilities.has("SASL-IR");
    let unsent = sendsAtOnce ? undefined : initial;
    const words = [mechanism, ...(sendsAtOnce ? [initial === "" ? "=" : initial] : [])];
    await this.#finishLogin(
      "AUTHENTICATE",
      words.map((value) => ({ type: "ATOM", value })),
      {
        onPlusTag: async ({ attributes }) => {
          const challenge = readNodeText(attributes?.[0] ?? null) ?? "";
          const response = unsent ?? (await respond(challenge));
          unsent = undefined;
          this.internals.write(response);
        },
      },
    );
  }

  async #finishLogin(command: string, words: readonly Token[], options: Execution = {}): Promise<void> {
    try {
      const { next } = await this.internals.exec(command, words, options);
      next();
    } catch (thrown) {
      const error = thrown as FlowError;
      if (!isRefusal(error)) throw thrown;
      const reason = reasonOfCode(findCode(error.response)?.name) ?? "login refused";
      throw makeFailure(this.settings, reason, `login failed: ${onOneLine(error.responseText ?? "")}`, error);
    }
  }
}

/** Returns whether a server refused a command with NO or BAD. */
export function isRefusal({ responseStatus }: FlowError): boolean {
  return responseStatus === "NO" || responseStatus === "BAD";
}

/** Returns an error that names the server. */
export function makeFailure(
  { host, port }: Pick<ConnectionSettings, "host" | "port">,
  reason: ImapReason,
  text: string,
  cause?: unknown,
): ImapFailed {
  return new ImapFailed(reason, `${host} port ${port}: ${text}`, cause);
}

/** Converts a server's text to printable text on one line. */
export function onOneLine(reply: string): string {
  return reply
    .replace(/[\s\p{C}]+/gu, " ")
    .trim()
    .slice(0, 500);
}
