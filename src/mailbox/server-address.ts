/** Parses and writes the addresses of mailboxes on a server (RFC 5092). */
import { Exit, MailError } from "../errors.ts";
import type { ServerAddress } from "./server-access.ts";

/** The default ports (RFC 9051, RFC 8314). */
const ports = { imap: 143, imaps: 993 } as const;

/**
 * Parses `imaps://USER@HOST[:PORT]/FOLDER` or `imap://...`. The user and the folder may be percent-encoded UTF-8.
 *
 * A user name may be a mail address, because the user name ends only at the last `@` before the host. A folder's name
 * may contain any character.
 *
 * @throws MailError if the address is invalid
 */
export function parseServerAddress(name: string): ServerAddress {
  const shown = name.replace(/^([a-z0-9]+:\/\/[^/]*?):[^/]*@/i, "$1:***@");
  const invalid = (reason: string) =>
    new MailError(`${shown}: ${reason}; nothing was opened`, Exit.Usage, { reason: "invalid name" });
  const [, scheme = "", authority = "", rest = ""] = /^([a-z0-9]+):\/\/([^/]*)\/?(.*)$/is.exec(name) ?? [];
  const protocol = scheme.toLowerCase();
  if (protocol.startsWith("pop3")) throw invalid("POP3 is not supported; use imaps:// if the server offers IMAP");
  if (protocol !== "imap" && protocol !== "imaps") throw invalid("not a mailbox on a server");
  const at = authority.lastIndexOf("@");
  const [, host, port] =
    /^(\[[\da-f:.]+\]|[\w.\u0080-\u{10ffff}-]+)(?::(\d{1,5}))?$/iu.exec(authority.slice(at + 1)) ?? [];
  if (host === undefined) throw invalid("invalid host or port");
  const login = at < 0 ? undefined : authority.slice(0, at);
  if (login?.includes(":") === true)
    throw invalid("an address cannot contain a password; use ~/.netrc or passwordcommand");
  const number = port === undefined ? ports[protocol] : Number(port);
  if (number < 1 || number > 65535) throw invalid("invalid port");
  const [user, folder] = [login === "" ? undefined : login, rest].map((text) => decodePercents(text));
  if (folder === null || user === null) throw invalid("invalid percent-encoding");
  return { protocol, user, host: host.replace(/^\[|\]$/g, ""), port: number, folder: folder ?? "" };
}

/**
 * Returns a percent-encoded name as text; null if the encoding is invalid. A `%` that is not followed by two
 * hexadecimal digits is kept.
 */
function decodePercents(text: string | undefined): string | undefined | null {
  if (text === undefined || !/%[\da-f]{2}/i.test(text)) return text;
  try {
    return decodeURIComponent(text.replace(/%(?![\da-f]{2})/gi, "%25"));
  } catch {
    return null;
  }
}

/** Formats an address as text that `parseServerAddress` can read. The default port is omitted. */
export function formatServerAddress({ protocol, user, host, port, folder }: ServerAddress): string {
  const login = user === undefined ? "" : `${encodePercents(user, "/:")}@`;
  const place = host.includes(":") ? `[${host}]` : host;
  return `${protocol}://${login}${place}${port === ports[protocol] ? "" : `:${port}`}/${encodePercents(folder, "")}`;
}

/**
 * Returns whether two addresses refer to the same folder. An address without a user matches any user. An address
 * without a folder refers to INBOX.
 */
export function areSameFolder(first: string, second: string): boolean {
  const [one, other] = [parseServerAddress(first), parseServerAddress(second)];
  return areOnSameServer(one, other) && canonicalFolder(one) === canonicalFolder(other);
}

/**
 * Returns a folder's name in a form that can be compared. INBOX may be written in upper or lower case (RFC 9051,
 * section 5.1).
 */
function canonicalFolder({ folder }: ServerAddress): string {
  return folder === "" || /^inbox$/i.test(folder) ? "INBOX" : folder;
}

function areOnSameServer(one: ServerAddress, other: ServerAddress): boolean {
  const hasSameUser = one.user === undefined || other.user === undefined || one.user === other.user;
  return hasSameUser && one.host.toLowerCase() === other.host.toLowerCase() && one.port === other.port;
}

/** Returns whether two addresses name folders of the same user on the same server. */
export function areInSameAccount(first: string, second: string): boolean {
  return areOnSameServer(parseServerAddress(first), parseServerAddress(second));
}

/**
 * Returns a folder's name relative to another address; undefined if the folder is not below that address.
 *
 * @param directory the address of a server, or of a folder that contains others
 */
export function nameBelow(directory: string, address: string): string | undefined {
  const [above, below] = [parseServerAddress(directory), parseServerAddress(address)];
  const prefix = above.folder === "" ? "" : `${above.folder}/`;
  return areOnSameServer(above, below) && below.folder.startsWith(prefix)
    ? below.folder.slice(prefix.length)
    : undefined;
}

/** Percent-encodes control characters, `%`, and the characters in `others`. Other characters stay readable. */
function encodePercents(text: string, others: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}%]|./gu, (each) =>
      /[\p{Cc}%]/u.test(each) || others.includes(each) ? encodeURIComponent(each) : each,
    );
}
