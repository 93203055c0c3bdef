/**
 * Bytes of a named charset as text, only to be shown.
 *
 * Node's own decoders know what mail is mostly written in; `moreCharsets` brings iconv-lite's for the rest (UTF-7, the
 * DOS code pages, the ISO 8859 parts and Mac charsets that browsers leave out) and is loaded only when asked for.
 */
import { isUtf8 } from "node:buffer";
import { shiftedCharsets } from "./shifted-charsets.ts";

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

/** What windows-1252 has where ISO 8859-1 has C1 controls; five of them stay such. */
const western =
  "\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f" +
  "\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178";

/** Not by TextDecoder: Node 20 takes windows-1252 for ISO 8859-1. */
const windows1252: Decode = (bytes) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString("latin1")
    .replace(/[\x80-\x9f]/g, (character) => western.charAt(character.charCodeAt(0) - 0x80));

/** Text in no declared charset: UTF-8 where it is valid, else the charset that most such mail is in. */
export const guess: Decode = (bytes) => (isUtf8(bytes) ? utf8(bytes) : windows1252(bytes));

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** What is called UTF-8 and holds no character of it beyond ASCII is wrongly called so. */
const labelledUtf8: Decode = (bytes) => {
  const text = utf8(bytes);
  return isUtf8(bytes) || /[^\0-\x7f\ufffd]/.test(text) ? text : windows1252(bytes);
};

/** With its byte order mark; without one as most such mail is written. */
const utf16: Decode = (bytes) =>
  new TextDecoder(bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-16le").decode(bytes);

/** The charsets of Node. @returns undefined for one that it does not know */
export const nodeCharsets: Charsets = (name) => {
  const plain = name.trim().toLowerCase();
  if (undeclared.test(plain)) return guess;
  if (plain === "utf-16" || plain === "utf16") return utf16;
  const shifted = shiftedCharsets.get(plain);
  if (shifted !== undefined) return shifted;
  const known = aliases.get(plain) ?? plain.replace(/^iso-2022-jp-.*$/, "iso-2022-jp").replace(/^cs(?=iso|koi8)/, "");
  try {
    const decoder = new TextDecoder(known);
    if (decoder.encoding === "windows-1252") return windows1252;
    if (decoder.encoding === "utf-8") return labelledUtf8;
    return (bytes) => decoder.decode(bytes);
  } catch {
    return undefined;
  }
};

/** Returns the charsets of Node, and those of iconv-lite. */
export async function moreCharsets(): Promise<Charsets> {
  const { default: iconv } = await import("iconv-lite");
  return (name) => {
    const node = nodeCharsets(name);
    if (node !== undefined || !iconv.encodingExists(name)) return node;
    return (bytes) => iconv.decode(Buffer.from(bytes), name);
  };
}

/** Returns whether a text or a charset's name needs more than the charsets of Node. */
export function needsMore(names: Iterable<string>): boolean {
  for (const name of names) if (nodeCharsets(name) === undefined) return true;
  return false;
}
