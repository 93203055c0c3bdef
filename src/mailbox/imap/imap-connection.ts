/**
 * A connection to an IMAP server. This is the only file that uses imapflow, and it also uses imapflow's internal members
 * (test/mailbox/imap/imapflow.test.ts checks that they exist).
 *
 * imapflow's own methods for messages are never called, because some of them send CLOSE, or EXPUNGE for messages that
 * other clients have marked. Instead, this class sends each command itself. It has no method that replaces flags, sends
 * CLOSE or a bare EXPUNGE, or names a message by its sequence number. imapflow contributes the connection, STARTTLS, the
 * grammar of responses, and the quoting of arguments.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { ImapFlow } from "imapflow";
import { MailError } from "../../errors.ts";
import { strerror } from "../../system-error.ts";
import { decodeFolderName, encodeFolderName } from "./folder-name.ts";
import { ImapFailed, type ImapReason, reasonOfCode } from "./imap-failure.ts";
import { listUids, parseUidRanges, sortUids, type UidRange } from "./uid-set.ts";

/** A parsed part of a response, or an argument of a command. */
interface Token {
  readonly type?: string;
  readonly value?: string | Buffer | number | null;
  readonly section?: readonly Node[];
  readonly partial?: readonly number[];
}
type Node = Token | null | readonly Node[];

interface Response {
  readonly tag?: string;
  readonly command?: string;
  readonly attributes?: readonly Node[];
  /** The numbers of an untagged SEARCH response. */
  readonly numbers?: readonly number[];
}

type Handler = (response: Response) => unknown;

interface Execution {
  readonly untagged?: Readonly<Record<string, Handler>>;
  readonly onPlusTag?: Handler;
}

/** imapflow's internal members that this file uses. */
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
}

/** The fields of imapflow's errors. */
interface FlowError extends Error {
  readonly code?: string;
  readonly reason?: string;
  readonly responseStatus?: "NO" | "BAD" | "BYE";
  readonly responseText?: string;
  readonly response?: Response;
  readonly tlsFailed?: boolean;
}

/** A login in progress. */
export interface LoginOffer {
  /** The mechanisms that the server offers. LOGIN is included if the server accepts the command of that name. */
  readonly mechanisms: readonly string[];
  /** Whether LOGIN is one of the mechanisms of AUTHENTICATE. */
  readonly hasSaslLogin: boolean;
  readonly isEncrypted: boolean;
  /**
   * Authenticates with a mechanism (RFC 9051, section 6.2.2).
   *
   * @param initial the initial response; undefined if the server speaks first
   * @param respond returns the response to a challenge; both in base64
   * @throws ImapFailed if the server refuses the login
   */
  authenticate(
    mechanism: string,
    initial: string | undefined,
    respond: (challenge: string) => string | Promise<string>,
  ): Promise<void>;
  /** Sends the command LOGIN (RFC 9051, section 6.2.3). @throws ImapFailed if the server refuses the login */
  logIn(user: string, password: string): Promise<void>;
}

export interface ConnectionSettings {
  readonly host: string;
  readonly port: number;
  /** Whether TLS begins at once (`imaps`). */
  readonly isSecure: boolean;
  readonly starttls: "required" | "opportunistic" | "none";
  readonly tls: {
    readonly ca?: readonly string[];
    readonly cert?: string;
    readonly key?: string;
    readonly minVersion: "TLSv1.2" | "TLSv1.3";
    readonly rejectUnauthorized: boolean;
  };
  /** Time limits in milliseconds: for the connection and greeting, and for a server that sends nothing. */
  readonly timeouts: { readonly connect: number; readonly silence: number };
  /** Describes a TLS failure; undefined for other errors. */
  readonly explainTls: (error: Error) => { readonly reason: ImapReason; readonly detail: string } | undefined;
  /** Chooses a mechanism and logs in. */
  readonly logIn: (offer: LoginOffer) => Promise<void>;
}

/** Data that a server sends without being asked. */
export interface Listener {
  /** Reports the number of messages. */
  onExists?(count: number): void;
  /** Reports that the message with this sequence number has been removed; later messages move up. */
  onExpunge?(sequence: number): void;
  /** Reports removed messages by UID (RFC 7162). @param isEarlier whether they were removed before the folder was selected */
  onVanished?(ranges: readonly UidRange[], isEarlier: boolean): void;
  /** Reports a message's flags. */
  onFlags?(message: FetchedMessage): void;
}

export interface SelectedFolder {
  readonly uidValidity: number;
  readonly uidNext: number | undefined;
  readonly exists: number;
  readonly readOnly: boolean;
  /** The highest modification sequence (RFC 7162); undefined if the server keeps none. */
  readonly highestModSeq: bigint | undefined;
  /** Whether the server accepts keywords that the folder does not have yet. */
  readonly acceptsKeywords: boolean;
  /** Whether UIDs are valid only during this session (RFC 4315, UIDNOTSTICKY). */
  readonly hasTemporaryUids: boolean;
}

/** The state of a folder at an earlier time, for resynchronization (RFC 7162, section 3.2.5). */
export interface KnownState {
  readonly uidValidity: number;
  readonly modSeq: bigint;
}

/**
 * A part of a message's bytes: `section` is empty for the whole message, `HEADER`, `HEADER.FIELDS (MESSAGE-ID)`, `1.2`,
 * `1.2.MIME` and so on.
 */
export interface Range {
  readonly section: string;
  readonly start: number;
  readonly length: number;
}

export interface FetchItems {
  readonly flags?: true;
  /** RFC822.SIZE and INTERNALDATE. */
  readonly facts?: true;
  readonly structure?: true;
  readonly ranges?: readonly Range[];
}

export interface FetchedMessage {
  /** Undefined if an unsolicited response lacks it. */
  readonly uid: number | undefined;
  readonly sequence: number;
  readonly flags?: readonly string[];
  readonly size?: number;
  /** Milliseconds since 1970. */
  readonly received?: number;
  readonly modSeq?: bigint;
  readonly structure?: Node;
  /** Returns the bytes of a section; undefined if they were not sent. */
  bytes(section: string): Buffer | undefined;
}

/** An argument of SEARCH. */
export type SearchKey =
  | { readonly word: string }
  | { readonly text: string }
  | { readonly set: string }
  | { readonly all: readonly SearchKey[] };

/** A copy's UIDs in the destination (RFC 4315). */
export interface CopiedUids {
  readonly uidValidity: number;
  readonly uids: readonly number[];
  /** The UIDs of the originals; empty for an appended message. */
  readonly sources: readonly number[];
}

/** A limit of a server (RFC 9208). */
export interface Quota {
  /** The name of the quota root; often empty. */
  readonly root: string;
  /** Such as STORAGE, in units of 1024 bytes, or MESSAGE. */
  readonly resource: string;
  readonly used: number;
  readonly limit: number;
}

export interface ListedFolder {
  readonly name: string;
  /** The character that separates levels of the hierarchy; undefined if there are no levels. */
  readonly delimiter: string | undefined;
  /** The attributes in lower case, such as `\noselect` and `\trash`. */
  readonly attributes: readonly string[];
}

/** The largest number of bytes that is requested at once, and the limits of a response. */
export const largestRange = 4 << 20;
const largestLiteral = largestRange + (64 << 10);
const longestLine = 64 << 20;
/** The largest number of messages that a folder may have. */
export const mostMessages = 10_000_000;

class Flow extends ImapFlow {
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

  /** Replaces imapflow's beginning of a session, which also sends ID, NAMESPACE, COMPRESS and ENABLE. */
  async startSession(): Promise<void> {
    await this.internals.run("CAPABILITY");
    if (this.capabilities.size === 0)
      throw makeFailure(this.settings, "not IMAP", "the server does not list its capabilities");
    await this.upgradeToSTARTTLS();
    this.internals.expectCapabilityUpdate = true;
    await this.settings.logIn(this.#offer());
    this.authenticated = true;
    this.state = this.states.AUTHENTICATED;
    // The server's abilities may differ after the login (RFC 9051, section 7.2.2).
    await this.internals.run("CAPABILITY");
    this.internals.usable = true;
    // From now on, each command has its own time limit, because the user may be silent for hours.
    if (this.internals.socket !== false) this.internals.socket.setTimeout(0);
  }

  /** Called if STARTTLS is not offered or was refused. */
  _failSTARTTLS(): boolean {
    if (this.settings.starttls !== "required") return false;
    throw makeFailure(
      this.settings,
      "STARTTLS refused",
      "the server does not offer STARTTLS; the login was not sent; use imaps://, or set starttls=none to allow it",
    );
  }

  /** Called for a greeting that claims a completed login. Nothing proves whose mail it is, and STARTTLS is impossible. */
  initialPREAUTH(): void {
    const text = "the server claims that the login has already taken place; the connection was closed";
    this.internals.failProtocol(makeFailure(this.settings, "logged in before TLS", text));
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
      if (error.responseStatus !== "NO" && error.responseStatus !== "BAD") throw thrown;
      const reason = reasonOfCode(findCode(error.response)?.name) ?? "login refused";
      throw makeFailure(this.settings, reason, `login failed: ${onOneLine(error.responseText ?? "")}`, error);
    }
  }
}

/** Returns an error that names the server. */
function makeFailure(
  { host, port }: Pick<ConnectionSettings, "host" | "port">,
  reason: ImapReason,
  text: string,
  cause?: unknown,
): ImapFailed {
  return new ImapFailed(reason, `${host} port ${port}: ${text}`, cause);
}

/** An open connection with a completed login. It executes one command at a time. */
export class ImapConnection {
  readonly #flow: Flow;
  readonly #settings: ConnectionSettings;
  #listener: Listener = {};
  /** The error that ended the connection. */
  #ended: unknown;

  private constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#flow = new Flow(settings);
    this.#flow.on("error", (error: unknown) => {
      this.#ended ??= error;
    });
  }

  /** Connects, starts TLS as the settings require, and logs in. @throws ImapFailed, or the MailError of `logIn` */
  static async open(settings: ConnectionSettings): Promise<ImapConnection> {
    const connection = new ImapConnection(settings);
    try {
      await connection.#flow.connect();
    } catch (error) {
      connection.destroy();
      throw error instanceof MailError ? error : connection.#failureOf(error);
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

  /** The encryption of the connection; undefined if there is none. */
  get encryption(): { readonly version: string; readonly untrustedFor: string | undefined } | undefined {
    if (!this.isEncrypted) return undefined;
    const socket = this.#flow.internals.socket as TLSSocket;
    const untrustedFor = socket.authorized ? undefined : String(socket.authorizationError);
    return { version: socket.getProtocol() ?? "TLS", untrustedFor };
  }

  /** The server's capabilities, without the login mechanisms. */
  get capabilities(): string[] {
    return [...this.#flow.capabilities.keys()].filter((each) => !each.startsWith("AUTH="));
  }

  /** The number of bytes that were received. */
  get received(): number {
    return this.#flow.stats().received;
  }

  /** Returns whether the server has a capability (RFC 9051, section 7.2.2), such as UIDPLUS. */
  can(capability: string): boolean {
    return this.#flow.capabilities.has(capability);
  }

  /** Sets the receiver of data that the server sends without being asked. */
  listen(listener: Listener): void {
    this.#listener = listener;
  }

  /**
   * Enables extensions (RFC 5161) if the server supports them.
   *
   * @returns whether all of them are enabled
   */
  async enable(...extensions: readonly string[]): Promise<boolean> {
    if (!this.can("ENABLE") || !extensions.every((each) => this.can(each))) return false;
    const enabled = new Set<string>();
    await this.#run("ENABLE", extensions.map(makeAtom), {
      ENABLED: ({ attributes }) => {
        for (const node of attributes ?? []) enabled.add((readNodeText(node) ?? "").toUpperCase());
      },
    });
    return extensions.every((each) => enabled.has(each));
  }

  /**
   * Selects a folder.
   *
   * @param options.readOnly whether EXAMINE is used, so that the server changes nothing
   * @param options.known an earlier state; requires QRESYNC. The listener receives the changes since then.
   * @throws ImapFailed
   */
  async select(
    folder: string,
    { readOnly = false, known }: { readonly readOnly?: boolean; readonly known?: KnownState | undefined } = {},
  ): Promise<SelectedFolder> {
    const parameters =
      known === undefined
        ? []
        : [[makeAtom("QRESYNC"), [makeAtom(`${known.uidValidity}`), makeAtom(`${known.modSeq}`)]] as readonly Node[]];
    const codes = new Map<string, Code>();
    let exists: number | undefined;
    const { code } = await this.#run(readOnly ? "EXAMINE" : "SELECT", [folderToken(folder), ...parameters], {
      OK: (response) => {
        const found = findCode(response);
        if (found !== undefined) codes.set(found.name, found);
      },
      EXISTS: ({ command }) => {
        exists = readNumber(command, mostMessages);
      },
      FLAGS: () => undefined,
      RECENT: () => undefined,
    });
    const uidValidity = readNumber(codes.get("UIDVALIDITY")?.words[0]);
    if (exists === undefined || uidValidity === undefined)
      throw this.#fail(
        "malformed response",
        `${folder}: the server did not report UIDVALIDITY and the number of messages`,
      );
    const permanent = codes.get("PERMANENTFLAGS")?.words;
    return {
      exists,
      uidValidity,
      uidNext: readNumber(codes.get("UIDNEXT")?.words[0]),
      readOnly: readOnly || code?.name === "READ-ONLY",
      highestModSeq: codes.has("NOMODSEQ") ? undefined : readBigInt(codes.get("HIGHESTMODSEQ")?.words[0]),
      acceptsKeywords: permanent?.includes("\\*") ?? true,
      hasTemporaryUids: codes.has("UIDNOTSTICKY"),
    };
  }

  /**
   * Returns the UIDs of the messages that match, in ascending order.
   *
   * @throws ImapFailed
   */
  async search(...keys: readonly SearchKey[]): Promise<number[]> {
    const found: number[] = [];
    const ranges: UidRange[] = [];
    let isMalformed = false;
    const words = makeCharset(keys).concat(keys.flatMap(searchTokens));
    await this.#run("UID SEARCH", this.can("ESEARCH") ? [makeAtom("RETURN"), [makeAtom("ALL")], ...words] : words, {
      SEARCH: ({ numbers, attributes }) => {
        for (const number of numbers ?? (attributes ?? []).map((node) => readNumber(readNodeText(node)))) {
          if (number === undefined || number < 1 || number > largestNumber) isMalformed = true;
          else found.push(number);
        }
      },
      ESEARCH: ({ attributes = [] }) => {
        const at = attributes.findIndex((node) => readNodeText(node)?.toUpperCase() === "ALL");
        if (at < 0) return;
        const parsed = parseUidRanges(readNodeText(attributes[at + 1] ?? null) ?? "");
        if (parsed === undefined) isMalformed = true;
        else for (const range of parsed) ranges.push(range);
      },
    });
    const listed = listUids(ranges, mostMessages);
    if (isMalformed || listed === undefined) throw this.#fail("malformed response", "the reply to SEARCH is not valid");
    return found.length > 0 ? sortUids(found) : listed;
  }

  /** Returns all UIDs in the order that the server determines (RFC 5256). @throws ImapFailed */
  async sort(criteria: readonly string[]): Promise<number[]> {
    const found: number[] = [];
    await this.#run("UID SORT", [criteria.map(makeAtom), makeAtom("UTF-8"), makeAtom("ALL")], {
      SORT: ({ attributes }) => {
        for (const node of attributes ?? []) found.push(readNumber(readNodeText(node)) ?? 0);
      },
    });
    if (found.some((uid) => uid < 1)) throw this.#fail("malformed response", "the reply to SORT is not valid");
    return found;
  }

  /**
   * Fetches items of messages, without marking them as seen.
   *
   * @param set UIDs as formatUidSets writes them
   * @param onMessage receives each message with a UID; the connection waits for it
   * @throws ImapFailed
   */
  async fetch(
    set: string,
    { flags, facts, structure, ranges = [] }: FetchItems,
    onMessage: (message: FetchedMessage & { readonly uid: number }) => void | Promise<void>,
  ): Promise<void> {
    const items: Node[] = [
      makeAtom("UID"),
      ...(flags === true ? [makeAtom("FLAGS")] : []),
      ...(facts === true ? [makeAtom("RFC822.SIZE"), makeAtom("INTERNALDATE")] : []),
      ...(structure === true ? [makeAtom("BODYSTRUCTURE")] : []),
      ...ranges.map(({ section, start, length }) => ({
        type: "ATOM",
        value: "BODY.PEEK",
        section: makeSection(section),
        partial: [start, length],
      })),
    ];
    let isMalformed = false;
    // imapflow would ignore an error of a handler.
    let failed: { readonly error: unknown } | undefined;
    await this.#run("UID FETCH", [{ type: "SEQUENCE", value: set }, items], {
      FETCH: async (response) => {
        const message = parseFetch(response);
        if (message === undefined) return;
        const { uid } = message;
        if (uid !== undefined) {
          try {
            if (failed === undefined) await onMessage({ ...message, uid });
          } catch (error) {
            failed = { error };
          }
        } else if (ranges.some(({ section }) => message.bytes(section) !== undefined)) isMalformed = true;
        else this.#listener.onFlags?.(message);
      },
    });
    if (failed !== undefined) throw (failed as { readonly error: unknown }).error;
    if (isMalformed) throw this.#fail("malformed response", "a message has no UID");
  }

  /**
   * Adds or removes flags, and leaves all others unchanged.
   *
   * @param flags system flags (`\Seen`) and keywords
   * @throws ImapFailed
   */
  async store(set: string, sign: "+" | "-", flags: readonly string[]): Promise<void> {
    const invalid = flags.find((flag) => !isFlag(flag));
    if (invalid !== undefined) throw new ImapFailed("invalid name", `${JSON.stringify(invalid)}: not a keyword`);
    await this.#run("UID STORE", [
      { type: "SEQUENCE", value: set },
      makeAtom(`${sign}FLAGS.SILENT`),
      flags.map(makeAtom),
    ]);
  }

  /** Copies messages to another folder. @returns the copies' UIDs, if the server reports them @throws ImapFailed */
  async copy(set: string, folder: string): Promise<CopiedUids | undefined> {
    const { code } = await this.#run("UID COPY", [{ type: "SEQUENCE", value: set }, folderToken(folder)]);
    return readCopiedUids(code);
  }

  /** Moves messages to another folder in one step (RFC 6851). @throws ImapFailed */
  async move(set: string, folder: string): Promise<CopiedUids | undefined> {
    if (!this.can("MOVE")) throw this.#fail("unsupported", "the server cannot move messages");
    let untagged: Code | undefined;
    const { code } = await this.#run("UID MOVE", [{ type: "SEQUENCE", value: set }, folderToken(folder)], {
      OK: (response) => {
        untagged = findCode(response) ?? untagged;
      },
    });
    return readCopiedUids(untagged) ?? readCopiedUids(code);
  }

  /** Removes those of the given messages that are marked as deleted (RFC 4315). @throws ImapFailed */
  async expunge(set: string): Promise<void> {
    if (!this.can("UIDPLUS")) throw this.#fail("unsupported", "the server cannot remove single messages (UIDPLUS)");
    await this.#run("UID EXPUNGE", [{ type: "SEQUENCE", value: set }]);
  }

  /**
   * Appends a message to a folder.
   *
   * @param bytes the message, with CRLF newlines
   * @param received INTERNALDATE
   * @returns the UID, if the server reports it
   * @throws ImapFailed
   */
  async append(
    folder: string,
    bytes: Buffer,
    { flags = [], received }: { readonly flags?: readonly string[]; readonly received?: Date | undefined } = {},
  ): Promise<CopiedUids | undefined> {
    const hasNul = bytes.includes(0);
    if (hasNul && !this.can("BINARY"))
      throw this.#fail("unsupported", `${folder}: the server cannot store a message that contains NUL bytes`);
    const { code } = await this.#run("APPEND", [
      folderToken(folder),
      flags.filter(isFlag).map(makeAtom),
      ...(received === undefined ? [] : [{ type: "STRING", value: formatInternalDate(received) }]),
      { type: "LITERAL", value: bytes, ...(hasNul ? { isLiteral8: true } : {}) } as Token,
    ]);
    const [uidValidity, uid] = (code?.name === "APPENDUID" ? code.words : []).map((word) => readNumber(word));
    return uidValidity === undefined || uid === undefined ? undefined : { uidValidity, uids: [uid], sources: [] };
  }

  /** Asks the server for changes. The listener receives them. @throws ImapFailed */
  async noop(): Promise<void> {
    await this.#run("NOOP", false);
  }

  /**
   * Waits for changes (RFC 2177), which the listener receives.
   *
   * @param signal ends the wait
   * @throws ImapFailed
   */
  async idle(signal: AbortSignal): Promise<void> {
    if (!this.can("IDLE")) throw this.#fail("unsupported", "the server does not support IDLE");
    let isWaiting = false;
    let watch: NodeJS.Timeout | undefined;
    const stop = () => {
      // From now on, the server must reply in time.
      if (signal.aborted) watch ??= this.#closeIfSilent();
      if (isWaiting && signal.aborted) this.#flow.internals.write("DONE");
      isWaiting = isWaiting && !signal.aborted;
    };
    signal.addEventListener("abort", stop);
    try {
      await this.#run(
        "IDLE",
        false,
        {},
        {
          isPatient: true,
          onPlusTag: () => {
            isWaiting = true;
            stop();
          },
        },
      );
    } finally {
      signal.removeEventListener("abort", stop);
      clearInterval(watch);
    }
  }

  /** Deselects the folder (RFC 3691), if the server can do so without removing messages. @throws ImapFailed */
  async unselect(): Promise<void> {
    if (this.can("UNSELECT")) await this.#run("UNSELECT", false);
  }

  /** Returns the folders that match a pattern, sorted by name, with their special uses (RFC 6154). @throws ImapFailed */
  async list(pattern = "*"): Promise<ListedFolder[]> {
    const folders: ListedFolder[] = [];
    const special = this.can("LIST-EXTENDED") && this.can("SPECIAL-USE");
    await this.#run(
      "LIST",
      [
        makeString(""),
        makeString(encodeFolderName(pattern)),
        ...(special ? [makeAtom("RETURN"), [makeAtom("SPECIAL-USE")]] : []),
      ],
      {
        LIST: ({ attributes: [words, delimiter, name] = [] }) => {
          const listed = readNodeText(name ?? null);
          if (listed === undefined || !isList(words)) return;
          folders.push({
            name: decodeFolderName(listed),
            delimiter: readNodeText(delimiter ?? null),
            attributes: words.map((word) => (readNodeText(word) ?? "").toLowerCase()),
          });
        },
      },
    );
    return folders.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Returns the quotas of a folder (RFC 9208); none if the server does not support them. @throws ImapFailed */
  async readQuotas(folder: string): Promise<Quota[]> {
    if (!this.can("QUOTA")) return [];
    const quotas: Quota[] = [];
    await this.#run("GETQUOTAROOT", [folderToken(folder)], {
      QUOTAROOT: () => undefined,
      QUOTA: ({ attributes: [root, resources] = [] }) => {
        const words = isList(resources) ? resources.map((node) => readNodeText(node) ?? "") : [];
        for (let at = 0; at + 2 < words.length; at += 3) {
          const [resource = "", used, limit] = words.slice(at);
          quotas.push({ root: readNodeText(root ?? null) ?? "", resource, used: Number(used), limit: Number(limit) });
        }
      },
    });
    return quotas.filter(({ used, limit }) => Number.isSafeInteger(used) && Number.isSafeInteger(limit));
  }

  /** Creates a folder. @throws ImapFailed */
  async create(folder: string): Promise<void> {
    await this.#run("CREATE", [folderToken(folder)]);
  }

  /** Removes a folder and its messages. @throws ImapFailed */
  async remove(folder: string): Promise<void> {
    await this.#run("DELETE", [folderToken(folder)]);
  }

  /** Ends the session. A server that does not reply is not waited for longer than a second. */
  async logout(): Promise<void> {
    if (!this.isOpen) return;
    const timer = setTimeout(() => this.destroy(), 1000);
    try {
      await this.#run("LOGOUT", false);
    } catch {
      // The connection is closed in any case.
    } finally {
      clearTimeout(timer);
      this.destroy();
    }
  }

  /** Closes the connection without a word to the server. */
  destroy(): void {
    this.#flow.close();
  }

  /** Replaces imapflow's handlers, which keep a count of messages that this class does not use. */
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

  /** Sends a command and waits for its completion. @returns the response code of the completion */
  async #run(
    command: string,
    attributes: readonly Node[] | false,
    untagged: Readonly<Record<string, Handler>> = {},
    { isPatient = false, onPlusTag }: { readonly isPatient?: true | false; readonly onPlusTag?: Handler } = {},
  ): Promise<{ code: Code | undefined }> {
    const watch = isPatient ? undefined : this.#closeIfSilent();
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

  /** Closes the connection if neither side has sent anything during the time limit. */
  #closeIfSilent(): NodeJS.Timeout {
    const { silence } = this.#settings.timeouts;
    let before = -1;
    return setInterval(() => {
      const { socket } = this.#flow.internals;
      const unsent = socket === false ? 0 : socket.writableLength;
      const progress = this.received - unsent;
      if (progress === before) {
        this.#ended ??= this.#fail("no reply", "no reply in time; the connection was closed");
        this.destroy();
      }
      before = progress;
    }, silence);
  }

  #fail(reason: ImapReason, detail: string, cause?: unknown): ImapFailed {
    return makeFailure(this.#settings, reason, detail, cause);
  }

  /** Returns an error as a typed reason. */
  #failureOf(thrown: unknown): ImapFailed {
    if (thrown instanceof ImapFailed) return thrown;
    const error = thrown as FlowError;
    if (error.responseStatus === "NO" || error.responseStatus === "BAD") {
      const reason = reasonOfCode(findCode(error.response)?.name) ?? "refused";
      return this.#fail(reason, onOneLine(error.responseText ?? error.message), error);
    }
    if (this.#ended !== undefined && this.#ended !== thrown) {
      return this.#failureOf(this.#ended);
    }
    // An error of Node's TLS also has a reason, which is not the server's.
    const bye =
      this.#flow.internals.byeReason ??
      (/^NoConnection|^ClosedAfter/.test(error.code ?? "") ? error.reason : undefined);
    if (bye !== undefined)
      return this.#fail("closed by the server", `the server has closed the session: ${onOneLine(bye)}`, error);
    const tls = this.#settings.explainTls(error);
    if (error.code === "STARTTLS_INJECTION")
      return this.#fail("STARTTLS injected", "data was inserted before TLS; the login was not sent", error);
    if (tls !== undefined) return this.#fail(tls.reason, tls.detail, error);
    const known = Object.hasOwn(ofErrorCode, error.code ?? "") ? ofErrorCode[error.code ?? ""] : undefined;
    if (known !== undefined) return this.#fail(known[0], known[1], error);
    if (/^(?:ENOTFOUND|EAI_)/.test(error.code ?? "")) return this.#fail("unknown host", "No such host", error);
    if (/^E[A-Z]+$/.test(error.code ?? "")) return this.#fail("no connection", strerror(error), error);
    if (/^Parser|^MAX_IMAP/.test(error.code ?? ""))
      return this.#fail("malformed response", "a response is not valid IMAP", error);
    return this.#fail("unexpected reply", onOneLine(error.message), error);
  }
}

const closed = ["connection closed", "the server has closed the connection"] as const;
const tooLarge = ["response too large", "a response is too large; the connection was closed"] as const;
const ofErrorCode: Readonly<Record<string, readonly [ImapReason, string]>> = {
  NoConnection: closed,
  EConnectionClosed: closed,
  ClosedAfterConnectTLS: closed,
  ClosedAfterConnectText: closed,
  ECONNRESET: closed,
  EPIPE: closed,
  CONNECT_TIMEOUT: ["no connection", "Connection timed out"],
  GREETING_TIMEOUT: ["no greeting", "no greeting in time"],
  UPGRADE_TIMEOUT: ["TLS timed out", "TLS was not established in time"],
  ETIMEOUT: ["no reply", "no reply in time; the connection was closed"],
  LiteralTooLarge: tooLarge,
  LineTooLarge: tooLarge,
  ResponseTooLarge: tooLarge,
  TooManyTokens: tooLarge,
};

/** A response code in square brackets, such as `[UIDNEXT 5]`. */
interface Code {
  readonly name: string;
  /** Its words; those of a list are included. */
  readonly words: readonly string[];
}

function findCode(response: Response | undefined): Code | undefined {
  const [first] = response?.attributes ?? [];
  const [name, ...rest] = (isList(first) ? undefined : first?.section) ?? [];
  const word = readNodeText(name ?? null);
  if (word === undefined) return undefined;
  const words = (rest as readonly Node[])
    .flatMap((node) => (isList(node) ? node : [node]))
    .map((node) => readNodeText(node) ?? "");
  return { name: word.toUpperCase(), words };
}

function readCopiedUids(code: Code | undefined): CopiedUids | undefined {
  if (code?.name !== "COPYUID") return undefined;
  const uidValidity = readNumber(code.words[0]);
  const [sources = [], uids = []] = code.words
    .slice(1, 3)
    .map((set) => listUids(parseUidRanges(set) ?? [], mostMessages));
  return uidValidity === undefined || uids.length === 0 ? undefined : { uidValidity, uids, sources };
}

function parseFetch({ command, attributes = [] }: Response): FetchedMessage | undefined {
  const sequence = readNumber(command, mostMessages);
  const items = attributes[1];
  if (sequence === undefined || !isList(items)) return undefined;
  const sections = new Map<string, Buffer>();
  const found: { -readonly [Key in keyof FetchedMessage]?: FetchedMessage[Key] } = {};
  for (let at = 0; at + 1 < items.length; at += 2) {
    const [key, value] = [items[at] ?? null, items[at + 1] ?? null];
    if (isList(key)) continue;
    const name = readNodeText(key)?.toUpperCase();
    const text = readNodeText(value);
    if (name === "UID") found.uid = readNumber(text);
    if (name === "RFC822.SIZE") setIfKnown(found, "size", readNumber(text, Number.MAX_SAFE_INTEGER));
    if (name === "INTERNALDATE") setIfKnown(found, "received", parseInternalDate(text ?? ""));
    if (name === "FLAGS" && isList(value)) found.flags = value.flatMap((flag) => readNodeText(flag) ?? []);
    if (name === "MODSEQ" && isList(value)) setIfKnown(found, "modSeq", readBigInt(readNodeText(value[0] ?? null)));
    if (name === "BODYSTRUCTURE") found.structure = value;
    if (name === "BODY" && key?.section !== undefined) {
      const parts = key.section.map((part) =>
        isList(part) ? `(${part.map((word) => readNodeText(word) ?? "").join(" ")})` : (readNodeText(part) ?? ""),
      );
      const section = parts.join(" ").toUpperCase();
      sections.set(section, readNodeBytes(value));
    }
  }
  return { ...found, uid: found.uid, sequence, bytes: (section) => sections.get(section) };
}

function setIfKnown<Key extends "size" | "received" | "modSeq">(
  target: { -readonly [Each in keyof FetchedMessage]?: FetchedMessage[Each] },
  key: Key,
  value: FetchedMessage[Key] | undefined,
): void {
  if (value !== undefined) target[key] = value;
}

function readNodeBytes(node: Node): Buffer {
  const value = isList(node) ? undefined : node?.value;
  if (Buffer.isBuffer(value)) return value;
  return Buffer.from(typeof value === "string" ? value : "");
}

/** The largest 32-bit number, which limits UIDs and UIDVALIDITY. */
const largestNumber = 0xffff_ffff;

function readNumber(text: string | undefined, largest = largestNumber): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const number = Number(text);
  return number <= largest ? number : undefined;
}

function readBigInt(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d{1,19}$/.test(text) ? BigInt(text) : undefined;
}

function readNodeText(node: Node): string | undefined {
  const value = isList(node) ? undefined : node?.value;
  if (typeof value === "string") return value;
  if (typeof value === "number") return `${value}`;
  return Buffer.isBuffer(value) ? value.toString("utf8") : undefined;
}

function isList(node: Node | undefined): node is readonly Node[] {
  return Array.isArray(node);
}

function makeAtom(value: string): Token {
  return { type: "ATOM", value };
}

function makeString(value: string): Token {
  return { type: "STRING", value };
}

function makeSection(section: string): readonly Node[] {
  const [, name = section, fields] = /^(\S+) \((.*)\)$/.exec(section) ?? [];
  if (name === "") return [];
  return [makeAtom(name), ...(fields === undefined ? [] : [fields.split(" ").map(makeAtom)])];
}

function folderToken(folder: string): Token {
  return makeString(/^inbox$/i.test(folder) ? "INBOX" : encodeFolderName(folder));
}

/** Returns whether a text is a flag (RFC 9051, `flag`): a system flag or a keyword, which is an makeAtom. */
export function isFlag(flag: string): boolean {
  return /^(?:\\(?:Seen|Answered|Flagged|Deleted|Draft)|[^\x00-\x20\x7f-\u{10ffff}(){%*"\\\]]+)$/u.test(flag);
}

function makeCharset(keys: readonly SearchKey[]): Node[] {
  return keys.some(needsCharset) ? [makeAtom("CHARSET"), makeAtom("UTF-8")] : [];
}

function needsCharset(key: SearchKey): boolean {
  if ("all" in key) return key.all.some(needsCharset);
  return "text" in key && /[^\x20-\x7e]/.test(key.text);
}

function searchTokens(key: SearchKey): Node[] {
  if ("word" in key) return [makeAtom(key.word)];
  if ("set" in key) return [{ type: "SEQUENCE", value: key.set }];
  if ("all" in key) return [key.all.flatMap(searchTokens)];
  return [/[^\x20-\x7e]/.test(key.text) ? { type: "LITERAL", value: Buffer.from(key.text) } : makeString(key.text)];
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Returns an INTERNALDATE (RFC 9051, `date-time`), in UTC. */
export function formatInternalDate(date: Date): string {
  const pad = (number: number) => `${number}`.padStart(2, "0");
  const day = `${pad(date.getUTCDate())}-${months[date.getUTCMonth()]}-${`${date.getUTCFullYear()}`.padStart(4, "0")}`;
  return `${day} ${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())} +0000`;
}

function parseInternalDate(text: string): number | undefined {
  const [, day, month = "", year, time, zone = ""] =
    /^ ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d:\d\d:\d\d) ([+-]\d{4})$/.exec(text) ?? [];
  const date = Date.parse(`${day} ${month} ${year} ${time} ${zone}`);
  return Number.isNaN(date) ? undefined : date;
}

/** Returns a server's text as printable text on one line. */
function onOneLine(reply: string): string {
  return reply
    .replace(/[\s\p{C}]+/gu, " ")
    .trim()
    .slice(0, 500);
}
