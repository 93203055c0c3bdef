/** Connects to an IMAP server, logs in, executes commands, and passes on what the server sends without being asked. */
import type { TLSSocket } from "node:tls";
import { MailError } from "../../errors.ts";
import { explainFlowError } from "./flow-failure.ts";
import { ImapFailed, type ImapReason } from "./imap-failure.ts";
import { type ConnectionSettings, type Execution, Flow, type FlowError, isRefusal, makeFailure } from "./imap-flow.ts";
import {
  type Code,
  type FetchedMessage,
  findCode,
  type Handler,
  isList,
  makeAtom,
  mostMessages,
  type Node,
  parseFetch,
  readNodeText,
  readNumber,
} from "./imap-grammar.ts";
import { parseUidRanges, type UidRange } from "./uid-set.ts";

/** Receives data that a server sends without being asked. */
export interface Listener {
  /** Called with the new number of messages in the folder. */
  onExists?(count: number): void;
  /**
   * Called when the message with this sequence number has been removed. The sequence numbers of later messages then
   * decrease by one.
   */
  onExpunge?(sequence: number): void;
  /**
   * Called with the UIDs of removed messages (RFC 7162).
   *
   * @param isEarlier whether the messages were removed before the folder was selected
   */
  onVanished?(ranges: readonly UidRange[], isEarlier: boolean): void;
  /** Called with a message's new flags. */
  onFlags?(message: FetchedMessage): void;
}

/** A connection that executes one command at a time. */
export class ServerConnection {
  readonly #flow: Flow;
  readonly #settings: ConnectionSettings;
  #listener: Listener = {};
  /** The extensions that have been enabled, in upper case. */
  readonly #enabled = new Set<string>();
  /** The error that caused the connection to be closed. */
  #ended: unknown;

  protected constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#flow = new Flow(settings);
    this.#flow.on("error", (error: unknown) => {
      this.#ended ??= error;
    });
  }

  /**
   * Connects, starts TLS as the settings require, and logs in.
   *
   * @param signal abandons the attempt
   * @throws ImapFailed, the MailError of `logIn`, or the signal's reason
   */
  protected static async connect<Connection extends ServerConnection>(
    connection: Connection,
    signal: AbortSignal | undefined,
  ): Promise<Connection> {
    signal?.throwIfAborted();
    const abandon = () => connection.destroy();
    signal?.addEventListener("abort", abandon);
    try {
      await connection.#flow.connect();
    } catch (error) {
      connection.destroy();
      signal?.throwIfAborted();
      throw error instanceof MailError ? error : connection.#failureOf(error);
    } finally {
      signal?.removeEventListener("abort", abandon);
    }
    connection.#listen();
    return connection;
  }

  /** Whether the connection is still open. */
  get isOpen(): boolean {
    return !this.#flow.isClosed;
  }

  get isEncrypted(): boolean {
    return this.#flow.secureConnection;
  }

  /**
   * The TLS version, and the reason if the certificate is not trusted; undefined if the connection is not encrypted.
   */
  get encryption(): { readonly version: string; readonly untrustedFor: string | undefined } | undefined {
    if (!this.isEncrypted) return undefined;
    const socket = this.#flow.internals.socket as TLSSocket;
    const untrustedFor = socket.authorized ? undefined : String(socket.authorizationError);
    return { version: socket.getProtocol() ?? "TLS", untrustedFor };
  }

  /** The server's capabilities, except for login mechanisms. */
  get capabilities(): string[] {
    return [...this.#flow.capabilities.keys()].filter((each) => !each.startsWith("AUTH="));
  }

  /** The number of bytes received so far. */
  get received(): number {
    return this.#flow.stats().received;
  }

  /** Returns whether the server has a capability (RFC 9051, section 7.2.2), such as UIDPLUS. */
  can(capability: string): boolean {
    return this.#flow.capabilities.has(capability);
  }

  /** Sets the listener for data that the server sends without being asked. */
  listen(listener: Listener): void {
    this.#listener = listener;
  }

  /**
   * Enables extensions if the server supports all of them (RFC 5161).
   *
   * @returns whether all of them are enabled
   */
  async enable(...extensions: readonly string[]): Promise<boolean> {
    if (!this.can("ENABLE") || !extensions.every((each) => this.can(each))) return false;
    const enabled = this.#enabled;
    await this.run("ENABLE", extensions.map(makeAtom), {
      ENABLED: ({ attributes }) => {
        for (const node of attributes ?? []) enabled.add((readNodeText(node) ?? "").toUpperCase());
      },
    });
    return extensions.every((each) => enabled.has(each));
  }

  /** Returns whether an extension has been enabled. */
  protected isEnabled(extension: string): boolean {
    return this.#enabled.has(extension);
  }

  /** Passes a message's new flags to the listener. */
  protected reportFlags(message: FetchedMessage): void {
    this.#listener.onFlags?.(message);
  }

  /** Writes a line that continues the current command. */
  protected writeLine(line: string): void {
    this.#flow.internals.write(line);
  }

  /** Logs out and closes the connection. Waits at most one second for the server's response. */
  async logout(): Promise<void> {
    if (!this.isOpen) return;
    const timer = setTimeout(() => this.destroy(), 1000);
    try {
      await this.run("LOGOUT", false);
    } catch {
      // The connection is closed whether or not the server confirms the logout.
    } finally {
      clearTimeout(timer);
      this.destroy();
    }
  }

  /** Closes the connection without logging out. */
  destroy(): void {
    this.#flow.close();
  }

  /** Replaces imapflow's handlers, because they only maintain a message count that this class does not use. */
  #listen(): void {
    const { untaggedHandlers } = this.#flow.internals;
    untaggedHandlers["EXISTS"] = ({ command }) => {
      const count = readNumber(command, mostMessages);
      if (count !== undefined) this.#listener.onExists?.(count);
    };
    untaggedHandlers["EXPUNGE"] = ({ command }) => {
      const sequence = readNumber(command, mostMessages);
      if (sequence !== undefined) this.#listener.onExpunge?.(sequence);
    };
    untaggedHandlers["VANISHED"] = ({ attributes = [] }) => {
      const [first] = attributes;
      const isEarlier = isList(first) && first.some((node) => readNodeText(node)?.toUpperCase() === "EARLIER");
      const ranges = parseUidRanges(readNodeText(attributes.at(-1) ?? null) ?? "");
      if (ranges !== undefined) this.#listener.onVanished?.(ranges, isEarlier);
    };
    untaggedHandlers["FETCH"] = (response) => {
      const message = parseFetch(response);
      if (message?.flags !== undefined) this.#listener.onFlags?.(message);
    };
  }

  /** Sends a command and waits for it to complete. @returns the response code of the server's final response */
  protected async run(
    command: string,
    attributes: readonly Node[] | false,
    untagged: Readonly<Record<string, Handler>> = {},
    { isPatient = false, onPlusTag }: { readonly isPatient?: true | false; readonly onPlusTag?: Handler } = {},
  ): Promise<{ code: Code | undefined }> {
    const watch = isPatient ? undefined : this.closeIfSilent();
    try {
      const options: Execution = onPlusTag === undefined ? { untagged } : { untagged, onPlusTag };
      const { response, next } = await this.#flow.internals.exec(command, attributes, options);
      next();
      return { code: findCode(response) };
    } catch (error) {
      throw this.#failureOf(error);
    } finally {
      clearInterval(watch);
    }
  }

  /** Closes the connection if neither side sends anything within the time limit. */
  protected closeIfSilent(): NodeJS.Timeout {
    const { silence } = this.#settings.timeouts;
    let before = -1;
    return setInterval(() => {
      const { socket } = this.#flow.internals;
      const unsent = socket === false ? 0 : socket.writableLength;
      const progress = this.received - unsent;
      if (progress === before) {
        this.#ended ??= this.fail("no reply", "the server did not respond in time; the connection was closed");
        this.destroy();
      }
      before = progress;
    }, silence);
  }

  protected fail(reason: ImapReason, detail: string, cause?: unknown): ImapFailed {
    return makeFailure(this.#settings, reason, detail, cause);
  }

  /**
   * Converts an error to `ImapFailed`. The error that ended the connection explains all later errors except refusals.
   */
  #failureOf(thrown: unknown): ImapFailed {
    if (thrown instanceof ImapFailed) return thrown;
    const error = thrown as FlowError;
    if (!isRefusal(error) && this.#ended !== undefined && this.#ended !== thrown) return this.#failureOf(this.#ended);
    return explainFlowError(error, this.#settings, this.#flow.internals.byeReason);
  }
}
