/**
 * Bytes of a named charset as text, only to be shown.
 *
 * Node's own decoders know what mail is mostly written in; `moreCharsets` brings iconv-lite's for the rest (UTF-7, the
 * DOS code pages, the ISO 8859 parts and Mac charsets that browsers leave out) and is loaded only when asked for.
 */
import { isUtf8 } from "node:buffer";

/** @returns text, with U+FFFD in the place of what is no character */
export type Decode = (bytes: Uint8Array) => string;
export type Charsets = (name: string) => Decode | undefined;

/** Names that mailers write and the tables of decoders lack. */
const aliases = new Map([
  ["cp932", "shift_jis"],
  ["cp936", "gbk"],
  ["cp949", "euc-kr"],
  ["cp950", "big5"],
  ["ms936", "gbk"],
  ["ansi", "windows-1252"],
  ["latin-1", "windows-1252"],
  ["8859-1", "windows-1252"],
  ["8859_1", "windows-1252"],
]);

/** What declares nothing, or less than the bytes have. */
const undeclared =
  /^(?:|us-ascii|ascii|ansi_x3\.4-\d+|iso646-us|x?-?unknown.*|default.*|none|binary|7bit|8bit|csascii)$/;

/** Text in no declared charset: UTF-8 where it is valid, else the charset that most such mail is in. */
export const guess: Decode = (bytes) => (isUtf8(bytes) ? utf8(bytes) : new TextDecoder("windows-1252").decode(bytes));

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** With its byte order mark; without one as most such mail is written. */
const utf16: Decode = (bytes) =>
  new TextDecoder(bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-16le").decode(bytes);

/** The charsets of Node. @returns undefined for one that it does not know */
export const nodeCharsets: Charsets = (name) => {
  const plain = name.trim().toLowerCase();
  if (undeclared.test(plain)) return guess;
  if (plain === "utf-16" || plain === "utf16") return utf16;
  const known = aliases.get(plain) ?? plain.replace(/^iso-2022-jp-.*$/, "iso-2022-jp").replace(/^cs(?=iso|koi8)/, "");
  try {
    const decoder = new TextDecoder(known);
    return (bytes) => decoder.decode(bytes);
  } catch {
    return undefined;
  }
};

/** The charsets of Node, and those of iconv-lite. */
export async function moreCharsets(): Promise<Charsets> {
  const { default: iconv } = await import("iconv-lite");
  return (name) => {
    const node = nodeCharsets(name);
    if (node !== undefined || !iconv.encodingExists(name)) return node;
    return (bytes) => iconv.decode(Buffer.from(bytes), name);
  };
}

/** Whether a text or a charset's name needs more than the charsets of Node. */
export function needsMore(names: Iterable<string>): boolean {
  for (const name of names) if (nodeCharsets(name) === undefined) return true;
  return false;
}
