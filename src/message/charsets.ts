/**
 * Decoders that turn bytes in a given charset into text for display.
 *
 * Node decodes the charsets that are most common in mail. `moreCharsets` adds the charsets of iconv-lite, which is
 * loaded only on demand: DOS code pages, and the parts of ISO 8859 and the Mac charsets that browsers do not
 * support.
 */
import { isAscii, isUtf8 } from "node:buffer";
import { decodeKorean } from "./korean.ts";
import { shiftedCharsets } from "./shifted-charsets.ts";

/** Decodes bytes; invalid sequences become U+FFFD. */
export type Decode = (bytes: Uint8Array) => string;
export type Charsets = (name: string) => Decode | undefined;

/** Charset names, without the prefix `x-`, that mail programs use but decoders do not recognise. */
const aliases = new Map([
  ["cp932", "shift_jis"],
  ["cp936", "gbk"],
  ["cp949", "euc-kr"],
  ["cp950", "big5"],
  ["windows-936", "gbk"],
  ["cn-gb", "gbk"],
  ["windows-949", "euc-kr"],
  ["uhc", "euc-kr"],
  ["big5-eten", "big5"],
  ["cp51932", "euc-jp"],
  ["euc", "euc-jp"],
  ["eucjp-ms", "euc-jp"],
  ["eucjp-win", "euc-jp"],
  ["ujis", "euc-jp"],
  ["iso2022-jp", "iso-2022-jp"],
  ["iso2022jp", "iso-2022-jp"],
  ["jis", "iso-2022-jp"],
  ["ms-cp932", "shift_jis"],
  ["shift_jis-2004", "shift_jis"],
  ["shift_jisx0213", "shift_jis"],
  ["mac", "macintosh"],
  ["macroman", "macintosh"],
  ["mac-roman", "macintosh"],
  ["mac-ce", "maccenteuro"],
  ["mac-centraleurope", "maccenteuro"],
  ["mac-centraleurroman", "maccenteuro"],
  ["ansi1251", "windows-1251"],
  ["utf-8n", "utf-8"],
  ["utf-8-sig", "utf-8"],
  ["ms936", "gbk"],
  ["ansi", "windows-1252"],
  ["latin-1", "windows-1252"],
  ["8859-1", "windows-1252"],
  ["8859_1", "windows-1252"],
]);

/** Names that do not identify a charset, and names of ASCII, which some mail programs also use for 8-bit text. */
const undeclared =
  /^(?:|us-ascii|ascii|ansi_x3\.4-\d+|iso646-us|x?-?unknown.*|default.*|none|binary|7bit|8bit|csascii)$/;

/**
 * The windows-1252 characters for the bytes 0x80 to 0x9f, which stand for C1 controls in ISO 8859-1. Five of these
 * bytes are undefined and remain control characters.
 */
const western =
  "\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f" +
  "\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178";

/** Decodes windows-1252. TextDecoder is not used, because Node 20 decodes windows-1252 as ISO 8859-1. */
export const windows1252: Decode = (bytes) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString("latin1")
    .replace(/[\x80-\x9f]/g, (character) => western.charAt(character.charCodeAt(0) - 0x80));

/**
 * Decodes text with no declared charset: as UTF-8 if it is valid UTF-8, otherwise as windows-1252, the most common
 * charset of such mail.
 */
export const guess: Decode = (bytes) => (isUtf8(bytes) ? decodeUtf8(bytes) : windows1252(bytes));

function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/**
 * Decodes text that is labelled UTF-8. If the text is not valid UTF-8 and contains no valid non-ASCII character, it is
 * decoded as windows-1252, because the label must be wrong.
 */
const labelledUtf8: Decode = (bytes) => {
  const text = decodeUtf8(bytes);
  return isUtf8(bytes) || /[^\0-\x7f\ufffd]/.test(text) ? text : windows1252(bytes);
};

/**
 * Returns a decoder that decodes mislabelled text as UTF-8: text that is invalid in the declared charset but valid as
 * UTF-8.
 */
function orUtf8(decode: Decode): Decode {
  return (bytes) => {
    const text = decode(bytes);
    return text.includes("\ufffd") && !isAscii(bytes) && isUtf8(bytes) ? decodeUtf8(bytes) : text;
  };
}

/**
 * Returns a decoder that decodes text as ASCII if all bytes are ASCII and none is NUL. Real UTF-16 text contains a NUL
 * in each newline.
 */
function orAscii(decode: Decode): Decode {
  return (bytes) => (isAscii(bytes) && !bytes.includes(0) ? decodeUtf8(bytes) : decode(bytes));
}

/**
 * Decodes UTF-16 in the byte order that the byte order mark indicates. Without a mark, little-endian is assumed, as in
 * most such mail.
 */
const utf16: Decode = (bytes) =>
  evenBytes(new TextDecoder(bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-16le"))(bytes);

/** Returns a UTF-16 decoder that ignores a single byte at the end, such as a newline that a program has appended. */
function evenBytes(decoder: InstanceType<typeof TextDecoder>): Decode {
  return (bytes) => decoder.decode(bytes.subarray(0, bytes.length & ~1));
}

/** Returns Node's decoder for a charset, or undefined if Node has none. */
export const nodeCharsets: Charsets = (name) => {
  const plain = bareName(name).toLowerCase();
  if (isUndeclared(name)) return guess;
  return findNodeDecoder(plain) ?? findNodeDecoder(findUsualName(plain));
};

/** Returns the usual name for a charset's alias, with or without a prefix such as `x-`. */
function findUsualName(name: string): string {
  const bare = name.replace(/^(?:x-|cs)/, "");
  return aliases.get(bare) ?? bare;
}

function findNodeDecoder(name: string): Decode | undefined {
  const plain = aliases.get(name) ?? name;
  if (plain === "utf-16" || plain === "utf16") return orAscii(utf16);
  const shifted = shiftedCharsets.get(plain.replace(/^(?:iso-2022-jp-.*|cp5022[0-2])$/, "iso-2022-jp"));
  if (shifted !== undefined) return orUtf8(shifted);
  try {
    const decoder = new TextDecoder(plain);
    if (decoder.encoding === "windows-1252") return windows1252;
    if (decoder.encoding === "utf-8") return labelledUtf8;
    if (decoder.encoding === "euc-kr") return orUtf8(decodeKorean);
    if (decoder.encoding === "gbk") return orUtf8(decodeChinese);
    if (decoder.encoding.startsWith("utf-16")) return orAscii(evenBytes(decoder));
    return orUtf8((bytes) => decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

/** Decodes GBK. Node 20 decodes some characters as private ones, unless they are labelled GB 18030. */
const decodeChinese: Decode = (bytes) => {
  const text = new TextDecoder("gbk").decode(bytes);
  return /[\ue000-\uf8ff]/.test(text) ? new TextDecoder("gb18030").decode(bytes) : text;
};

/** Returns whether a name declares no charset other than ASCII. */
export function isUndeclared(name: string): boolean {
  return undeclared.test(bareName(name).toLowerCase());
}

/** Returns a charset's name without quotation marks and without text that follows the name. */
function bareName(name: string): string {
  return /^\s*(?:3D(?="))?["']*([^\s"';,]*)/i.exec(name)?.[1] ?? "";
}

/** Matches the names of Big5. Node's decoder lacks the characters that Hong Kong added to this charset. */
const big5 = /big-?5|^cp950$/;

/** Returns the decoders of Node and iconv-lite. */
export async function moreCharsets(): Promise<Charsets> {
  const { default: iconv } = await import("iconv-lite");
  return (name) => {
    const node = nodeCharsets(name);
    const plain = bareName(name).toLowerCase();
    if (big5.test(plain) && iconv.encodingExists("big5-hkscs"))
      return orUtf8((bytes) => iconv.decode(Buffer.from(bytes), "big5-hkscs"));
    const bare = iconv.encodingExists(plain) ? plain : findUsualName(plain);
    if (node !== undefined || !iconv.encodingExists(bare)) return node;
    return (bytes) => iconv.decode(Buffer.from(bytes), bare);
  };
}

/** Returns whether the decoder for a charset is missing in Node or lacks some of the charset's characters. */
export function isIncomplete(name: string, decode: Decode | undefined): boolean {
  return decode === undefined || big5.test(bareName(name).toLowerCase());
}

/** Returns whether Node's decoder for any of the charsets is missing or incomplete. */
export function needsMore(names: Iterable<string>): boolean {
  for (const name of names) if (isIncomplete(name, nodeCharsets(name))) return true;
  return false;
}
