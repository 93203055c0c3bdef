/** Parses the parts of IMAP responses, and makes the arguments of commands (RFC 9051, section 9). */
import { encodeFolderName } from "./folder-name.ts";
import { listUids, parseUidRanges } from "./uid-set.ts";

/** A token of a parsed response, or an argument of a command. */
export interface Token {
  readonly type?: string;
  readonly value?: string | Buffer | number | null;
  readonly section?: readonly Node[];
  readonly partial?: readonly number[];
}

export type Node = Token | null | readonly Node[];

/** A server's response, as parsed by imapflow. */
export interface Response {
  /** The message that a FETCH response describes, if this program has parsed the response (fetch-line.ts). */
  readonly fetched?: FetchedMessage;
  readonly tag?: string;
  readonly command?: string;
  readonly attributes?: readonly Node[];
  /** The numbers in an untagged SEARCH response. */
  readonly numbers?: readonly number[];
}

export type Handler = (response: Response) => unknown;

export interface FetchedMessage {
  /** The UID, which unsolicited responses may lack. */
  readonly uid: number | undefined;
  readonly sequence: number;
  readonly flags?: readonly string[];
  readonly size?: number;
  /** INTERNALDATE, in milliseconds since 1970. */
  readonly received?: number;
  readonly structure?: Node;
  /** Returns the bytes of a section; undefined if the server did not send them. */
  bytes(section: string): Buffer | undefined;
}

/** An argument of the SEARCH command. */
export type SearchKey =
  | { readonly word: string }
  | { readonly text: string }
  | { readonly set: string }
  | { readonly all: readonly SearchKey[] };

/** The UIDs of copies in the destination (RFC 4315). */
export interface CopiedUids {
  readonly uidValidity: number;
  readonly uids: readonly number[];
  /** The UIDs of the originals; empty for an appended message. */
  readonly sources: readonly number[];
}

/** The maximum number of messages in a folder. */
export const mostMessages = 10_000_000;

/** A response code, which a server sends in square brackets, such as `[UIDNEXT 5]`. */
export interface Code {
  readonly name: string;
  /** The words after the name, including those inside a list. */
  readonly words: readonly string[];
}

/** Returns the response code of a response; undefined if there is none. */
export function findCode(response: Response | undefined): Code | undefined {
  const [first] = response?.attributes ?? [];
  const [name, ...rest] = (isList(first) ? undefined : first?.section) ?? [];
  const word = readNodeText(name ?? null);
  if (word === undefined) return undefined;
  const words = (rest as readonly Node[])
    .flatMap((node) => (isList(node) ? node : [node]))
    .map((node) => readNodeText(node) ?? "");
  return { name: word.toUpperCase(), words };
}

/** Returns the UIDs in a COPYUID response code (RFC 4315); undefined for other codes. */
export function readCopiedUids(code: Code | undefined): CopiedUids | undefined {
  if (code?.name !== "COPYUID") return undefined;
  const uidValidity = readNumber(code.words[0]);
  const [sources = [], uids = []] = code.words
    .slice(1, 3)
    .map((set) => listUids(parseUidRanges(set) ?? [], mostMessages));
  return uidValidity === undefined || uids.length === 0 ? undefined : { uidValidity, uids, sources };
}

/** Parses an untagged FETCH response; returns undefined if it is malformed. */
export function parseFetch({ command, attributes = [], fetched }: Response): FetchedMessage | undefined {
  if (fetched !== undefined) return fetched;
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

function setIfKnown<Key extends "size" | "received">(
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

/** The largest 32-bit number, which is the maximum for UIDs and UIDVALIDITY. */
export const largestNumber = 0xffff_ffff;

/** Reads a number in decimal digits; returns undefined if it is malformed or greater than `largest`. */
export function readNumber(text: string | undefined, largest = largestNumber): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const number = Number(text);
  return number <= largest ? number : undefined;
}

/** Reads a number of up to 63 bits, such as a modification sequence; returns undefined if it is malformed. */
export function readBigInt(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d{1,19}$/.test(text) ? BigInt(text) : undefined;
}

/** Returns the text of an atom, string, literal or number; undefined for NIL and lists. */
export function readNodeText(node: Node): string | undefined {
  const value = isList(node) ? undefined : node?.value;
  if (typeof value === "string") return value;
  if (typeof value === "number") return `${value}`;
  return Buffer.isBuffer(value) ? value.toString("utf8") : undefined;
}

/** Returns whether a node is a parenthesized list. */
export function isList(node: Node | undefined): node is readonly Node[] {
  return Array.isArray(node);
}

/** Makes an argument that is sent without quotes. */
export function makeAtom(value: string): Token {
  return { type: "ATOM", value };
}

/** Makes an argument that imapflow quotes, or sends as a literal if necessary. */
export function makeString(value: string): Token {
  return { type: "STRING", value };
}

/** Makes the section of a BODY item, such as `HEADER.FIELDS (MESSAGE-ID)`. */
export function makeSection(section: string): readonly Node[] {
  const [, name = section, fields] = /^(\S+) \((.*)\)$/.exec(section) ?? [];
  if (name === "") return [];
  return [makeAtom(name), ...(fields === undefined ? [] : [fields.split(" ").map(makeAtom)])];
}

/** Makes the argument that names a folder. */
export function folderToken(folder: string): Token {
  return makeString(/^inbox$/i.test(folder) ? "INBOX" : encodeFolderName(folder));
}

/** Returns whether a text is a system flag or a keyword (RFC 9051, `flag`). A keyword is an atom. */
export function isFlag(flag: string): boolean {
  return /^(?:\\(?:Seen|Answered|Flagged|Deleted|Draft)|[^\x00-\x20\x7f-\u{10ffff}(){%*"\\\]]+)$/u.test(flag);
}

/** Returns the CHARSET argument for a SEARCH command; empty if all texts are ASCII. */
export function makeCharset(keys: readonly SearchKey[]): Node[] {
  return keys.some(needsCharset) ? [makeAtom("CHARSET"), makeAtom("UTF-8")] : [];
}

function needsCharset(key: SearchKey): boolean {
  if ("all" in key) return key.all.some(needsCharset);
  return "text" in key && /[^\x20-\x7e]/.test(key.text);
}

/** Converts a key to the arguments of a SEARCH command. */
export function searchTokens(key: SearchKey): Node[] {
  if ("word" in key) return [makeAtom(key.word)];
  if ("set" in key) return [{ type: "SEQUENCE", value: key.set }];
  if ("all" in key) return [key.all.flatMap(searchTokens)];
  return [/[^\x20-\x7e]/.test(key.text) ? { type: "LITERAL", value: Buffer.from(key.text) } : makeString(key.text)];
}

/** The names of the months in dates (RFC 9051, `date-month`). */
export const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Formats a date as INTERNALDATE, in UTC (RFC 9051, `date-time`). */
export function formatInternalDate(date: Date): string {
  const pad = (number: number) => `${number}`.padStart(2, "0");
  const day = `${pad(date.getUTCDate())}-${months[date.getUTCMonth()]}-${`${date.getUTCFullYear()}`.padStart(4, "0")}`;
  return `${day} ${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())} +0000`;
}

/** Parses an INTERNALDATE. @returns milliseconds since 1970; undefined if it is malformed */
export function parseInternalDate(text: string): number | undefined {
  const [, day, month = "", year, time, zone = ""] =
    /^ ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d:\d\d:\d\d) ([+-]\d{4})$/.exec(text) ?? [];
  const date = Date.parse(`${day} ${month} ${year} ${time} ${zone}`);
  return Number.isNaN(date) ? undefined : date;
}
