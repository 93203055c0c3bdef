/**
 * Reads variables: the transport that submits messages (`mta`, `sendmail`), and the settings for a dialogue with a
 * server.
 */
import { existsSync } from "node:fs";
import { domainToASCII } from "node:url";
import { readTlsSettings, type TlsSettings, type TlsVariable } from "../connect/tls-policy.ts";
import { Exit, joinAlternatives, MailError } from "../errors.ts";

export interface ServerWay {
  readonly kind: "smtp";
  readonly protocol: "smtp" | "submission" | "smtps" | "lmtp";
  readonly host: string;
  readonly port: number;
  /** The path of a Unix socket, which replaces host and port. */
  readonly socket: string | undefined;
  /** The user name for the login. */
  readonly user: string | undefined;
}

export interface ProgramWay {
  readonly kind: "program";
  readonly path: string;
  /** The arguments that precede those added by `mail`; usually none. */
  readonly words: readonly string[];
}

export type Way = ServerWay | ProgramWay | { readonly kind: "local" };

export const defaultWay = "smtp://localhost:25";

/** The default ports of RFC 5321, 6409 and 8314. Port 24 is customary for LMTP. */
const ports = { smtp: 25, submission: 587, smtps: 465, lmtp: 24 } as const;

/** Host names that need no normalisation. The first normalisation takes a millisecond. */
const plainHost = /^(?:(?:[a-z][a-z0-9-]*\.)*[a-z][a-z0-9-]*|127\.0\.0\.1)$/;

const server = /^(smtp|submissions?|smtps|lmtp):(.*)$/is;

/**
 * Parses `smtp://HOST[:PORT]`, `submission://USER@HOST[:PORT]`, `smtps://USER@HOST[:PORT]` (also `submissions`, RFC
 * 8314), `lmtp://HOST[:PORT]`, `lmtp:/SOCKET`, a program's path and arguments, or `local`. The result does not contain
 * a password from the URL; account/named-servers.ts reads the password.
 *
 * @param variable the variable's name for the error message
 * @throws MailError if the value has another form
 */
export function parseWay(value: string, variable = "mta"): Way {
  if (value === "local") return { kind: "local" };
  const [, scheme = "", rest = ""] = server.exec(value) ?? [];
  if (scheme === "") return parseProgram(value, variable);
  const lower = scheme.toLowerCase();
  const protocol = (lower === "submissions" ? "smtps" : lower) as ServerWay["protocol"];
  if (protocol === "lmtp" && /^\/(?!\/)[^\0\n]+$/.test(rest)) {
    return { kind: "smtp", protocol, host: "localhost", port: 0, socket: rest, user: undefined };
  }
  // The last @ is the separator, because a user name may be an address, and a password may contain any character.
  const [, login, host = "", port] =
    /^\/\/(?:(.*)@)?(\[[\da-fA-F:.]+\]|[\w.\u0080-\u{10ffff}-]+)(?::(\d{1,5}))?\/?$/su.exec(rest) ?? [];
  // A separate test, because an expression with \p takes a millisecond to compile and is rarely needed.
  if (/[^\0-\u007f]/.test(host) && !/^[\p{L}\p{N}._-]+$/u.test(host)) throw makeInvalidWayError(value, variable);
  const number = port === undefined ? ports[protocol] : Number(port);
  const name = host.startsWith("[") ? host.slice(1, -1) : plainHost.test(host) ? host : domainToASCII(host);
  if (name === "" || number < 1 || number > 65535) throw makeInvalidWayError(value, variable);
  const [user] = (login ?? "").split(":", 1);
  return { kind: "smtp", protocol, host: name, port: number, socket: undefined, user: decodeLogin(user) };
}

/** The variables that name a transport, as config/settings.ts provides them. */
interface TransportVariables {
  find(name: "mta"): { readonly name: string; readonly value: string } | undefined;
  text(name: "sendmail"): string | undefined;
  isSetByAccount(name: "sendmail"): boolean;
  unsupported(): readonly string[];
}

/**
 * A transport, and the setting that selected it. "account" means that `sendmail` was set by an account; bsd-mailx does
 * not support accounts.
 */
export interface ConfiguredWay {
  readonly way: Way;
  readonly selectedBy: "mta" | "sendmail" | "account" | "default";
}

/**
 * Returns the transport specified by the `mta` or `sendmail` variable.
 *
 * @throws MailError if the value is invalid
 */
export function readConfiguredWay({ settings }: { readonly settings: TransportVariables }): ConfiguredWay {
  const mta = settings.find("mta");
  if (mta !== undefined) return { way: parseWay(mta.value, mta.name), selectedBy: "mta" };
  const sendmail = settings.text("sendmail");
  if (sendmail === undefined) return { way: parseWay(defaultWay), selectedBy: "default" };
  return {
    way: parseWay(sendmail, "sendmail"),
    selectedBy: settings.isSetByAccount("sendmail") ? "account" : "sendmail",
  };
}

/**
 * Refuses to send if another client's variable is set and has no equivalent in `mail`.
 *
 * @throws MailError that names the first such variable and the setting to use instead
 */
export function refuseUnsupported({ settings }: { readonly settings: TransportVariables }): void {
  const [first] = settings.unsupported();
  if (first !== undefined) throw new MailError(`${first}; nothing was sent`, Exit.Config);
}

/**
 * Parses the name of a program, which may begin with GNU mail's prefix `sendmail:` or S-nail's prefix `file://`. A
 * value with spaces is a command with arguments, unless a file of that name exists.
 */
function parseProgram(value: string, variable: string): ProgramWay {
  const path = value.replace(/^(?:sendmail:(?:\/\/(?=\/))?|file:\/\/(?=\/))/i, "");
  if (/^test(?::.*)?$/s.test(path)) {
    throw new MailError(`${variable}: "${value}" is not supported; nothing was sent; use --dry-run`, Exit.Config);
  }
  if (/^[a-z][\w+.-]*:/i.test(path) || path === "") throw makeInvalidWayError(value, variable);
  if (!/[ \t]/.test(path) || existsSync(path)) return { kind: "program", path, words: [] };
  const [program = "", ...words] = splitCommand(path);
  return { kind: "program", path: program, words };
}

/** Returns a transport's name in a form that parseWay accepts. */
export function wayName(way: Way): string {
  switch (way.kind) {
    case "smtp": {
      if (way.socket !== undefined) return `${way.protocol}:${way.socket}`;
      const user = way.user === undefined ? "" : `${encodeURIComponent(way.user)}@`;
      const host = way.host.includes(":") ? `[${way.host}]` : way.host;
      return `${way.protocol}://${user}${host}:${way.port}`;
    }
    case "program":
      return [way.path, ...way.words].map(quoteWord).join(" ");
    case "local":
      return "local";
  }
}

/** Returns the words of a command, split at spaces outside quotes. */
function splitCommand(command: string): string[] {
  return [...command.matchAll(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^ \t"'])+/g)].map(([word]) =>
    word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_all, double?: string, single?: string) =>
      double === undefined ? (single ?? "") : double.replace(/\\(.)/g, "$1"),
    ),
  );
}

/** Quotes a word for `splitCommand`. A path that contains spaces needs no quotes, because the file exists. */
function quoteWord(word: string, index: number): string {
  return index === 0 || /^[^\s"'\\]+$/.test(word) ? word : `"${word.replace(/["\\]/g, "\\$&")}"`;
}

/** Returns a server's name for messages: `HOST port PORT`, or the socket's path. */
export function serverName({ host, port, socket }: ServerWay): string {
  return socket ?? `${host} port ${port}`;
}

/**
 * Decodes a user name or password from a URL. Invalid percent-encoding is left unchanged. Returns undefined if the
 * value is empty.
 */
export function decodeLogin(login: string | undefined): string | undefined {
  if (login === undefined || login === "") return undefined;
  try {
    return decodeURIComponent(login);
  } catch {
    return login;
  }
}

function makeInvalidWayError(value: string, variable: string): MailError {
  const shown = value.replace(/:\/\/([^:]*):.*@/s, "://$1:***@");
  return new MailError(
    `${variable}: "${shown}" is invalid; use smtp://HOST:PORT, submission://USER@HOST, smtps://USER@HOST, lmtp://HOST:PORT, ` +
      'lmtp:/SOCKET, the path of a program, or "local"',
    Exit.Config,
  );
}

/** The events that the server reports to the sender (RFC 3461, section 4.1). */
export type Notice = "never" | "success" | "failure" | "delay";

/** When to use BDAT (RFC 3030), if the server offers it. "large" restricts BDAT to large messages. */
export type Chunking = "always" | "large" | "never";

export interface ServerSettings extends TlsSettings {
  /** This host's name in EHLO. */
  readonly mailName: string;
  /**
   * Time limits in milliseconds: for the connection and greeting, for each reply, and for a complete message. If
   * `total` is 0, the time for a complete message is not limited.
   */
  readonly timeouts: { readonly connect: number; readonly silence: number; readonly total: number };
  /** The login mechanism; undefined for the best mechanism that the server offers. */
  readonly mechanism: string | undefined;
  /** The requested notifications; empty if the server decides. */
  readonly notify: readonly Notice[];
  readonly chunking: Chunking;
}

/** The variables that determine the settings for a server, as config/settings.ts provides them. */
interface ServerVariables {
  get(name: "smtptimeout" | "smtptotaltimeout"): number;
  get(name: "smtpconnecttimeout"): number | undefined;
  text(name: "dsn" | "chunking"): string | undefined;
  find(
    name: TlsVariable | "smtpauth",
    accounts: readonly string[],
  ): { readonly name: string; readonly value: string } | undefined;
}

/**
 * Returns the settings.
 *
 * @param accounts the suffixes of the account's variables, such as `USER@HOST` and `HOST`
 * @throws MailError if a value is invalid
 */
export function serverSettings(
  {
    identity,
    settings,
  }: { readonly identity: { readonly mailName: string; readonly home: string }; readonly settings: ServerVariables },
  accounts: readonly string[] = [],
): ServerSettings {
  const starttls = settings.find("starttls", accounts);
  const mechanism = settings.find("smtpauth", accounts);
  // A token must not be sent to a server without a valid certificate.
  const isHeirloomLogin =
    starttls === undefined &&
    mechanism?.name.startsWith("smtp-auth") === true &&
    !["none", "oauthbearer", "xoauth2"].includes(mechanism.value);
  return {
    ...readTlsSettings({ identity, settings }, accounts, isHeirloomLogin),
    mailName: identity.mailName,
    timeouts: serverTimeouts(settings),
    mechanism: mechanism?.value || undefined,
    notify: parseNotices(settings.text("dsn")),
    chunking: parseChunking(settings.text("chunking")),
  };
}

/** Returns the time limits in milliseconds. The variables' values are in seconds. */
export function serverTimeouts(settings: ServerVariables): ServerSettings["timeouts"] {
  const silence = Math.max(1, settings.get("smtptimeout") * 1000);
  const connect = settings.get("smtpconnecttimeout");
  return {
    connect: connect === undefined ? silence : Math.max(1, connect * 1000),
    silence,
    total: settings.get("smtptotaltimeout") * 1000,
  };
}

function parseChunking(value: string | undefined): Chunking {
  if (value === undefined || value === "large") return "large";
  if (value === "" || value === "always") return "always";
  if (value === "never") return value;
  throw new MailError(
    `chunking: "${value}" is invalid; use ${joinAlternatives(["always", "large", "never"])}`,
    Exit.Config,
  );
}

function parseNotices(value: string | undefined): Notice[] {
  if (value === undefined || value === "") return [];
  const words = value
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== "");
  const wrong = words.find((word) => !["never", "success", "failure", "delay"].includes(word));
  if (wrong !== undefined || (words.includes("never") && words.length > 1)) {
    throw new MailError(
      `dsn: "${value}" is invalid; use never, or one or more of success, failure and delay`,
      Exit.Config,
    );
  }
  return words as Notice[];
}
