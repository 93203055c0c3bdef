/**
 * Decodes encoded words (RFC 2047) for display.
 *
 * The decoder is lenient, because many mailers break the rules. The decoder also accepts words inside quotes, words
 * that touch other text, words that contain spaces or a language (RFC 2231, section 5), and characters split between
 * two words. Undecodable words are left as they were written. The result may contain control characters: safe-text.ts
 * makes it safe to show.
 */
import { isUtf8 } from "node:buffer";
import { type Charsets, type Decode, guess, nodeCharsets, windows1252 } from "./charsets.ts";
import { toBytes } from "./text.ts";

/** Matches an encoded word. */
export const encodedWord = /=\?([^\s?*]*)(?:\*[^\s?]*)?\?([BbQq])\?([^?\r\n]*)\?=/g;
const wordWithoutGroups = /=\?[^\s?*]*(?:\*[^\s?]*)?\?[BbQq]\?[^?\r\n]*\?=/;

interface Word {
  readonly start: number;
  readonly end: number;
  readonly charset: string;
  readonly bytes: Buffer;
}

/**
 * Returns a field's value with its encoded words decoded.
 *
 * @param written lossless text (text.ts), folded or not; bytes that are not UTF-8 are also decoded
 * @param charsets the result of `moreCharsets()` if one of listEncodedCharsets(text) is unknown to Node
 * @param bodyCharset the charset that the body declares; text outside encoded words is probably in the same charset
 */
export function decodeWords(
  written: string,
  charsets: Charsets = nodeCharsets,
  bodyCharset: () => string = () => "",
): string {
  const text = decodeRawText(written, charsets, bodyCharset);
  if (!text.includes("=?")) return text;
  let decoded = "";
  let copied = 0;
  for (const run of groupWords(text)) {
    const first = run[0] as Word;
    const bytes = Buffer.concat(run.map((word) => word.bytes));
    const decode = charsets(first.charset) ?? (isPrintable(bytes) ? guess : undefined);
    if (decode === undefined) continue;
    const between = text.slice(copied, first.start);
    // White space between two encoded words is not part of the text.
    decoded += copied > 0 && /^\s*$/.test(between) ? "" : between;
    // A newline that was encoded in a word must not start a new line.
    decoded += decode(bytes).replace(/\r\n?|\n/g, " ");
    copied = (run.at(-1) as Word).end;
  }
  return decoded + text.slice(copied);
}

/**
 * Returns a field's value with its 8-bit text decoded from a single charset. This is the body's charset if the text is
 * valid in it, and otherwise UTF-8 or windows-1252. Encoded words are left unchanged.
 */
export function decodeRawText(text: string, charsets: Charsets, bodyCharset: () => string): string {
  if (!/[^\0-\x7f]/.test(text)) return text;
  const words = text.match(encodedWord) ?? [];
  const between = text.split(wordWithoutGroups);
  const decode = rawDecoder(toBytes(between.join("")), charsets, bodyCharset());
  return between.map((piece, at) => decode(toBytes(piece)) + (words[at] ?? "")).join("");
}

function rawDecoder(bytes: Uint8Array, charsets: Charsets, declared: string): Decode {
  const decode = declared === "" ? undefined : charsets(declared);
  // The charset of a header field always extends ASCII, unlike UTF-16 or UTF-7.
  const ascii = "a+AOk-~{\0";
  const fits = decode?.(Buffer.from(ascii)) === ascii && !decode(bytes).includes("\ufffd");
  if (fits && !isProbablyUtf8(bytes, decode)) return decode;
  return isUtf8(bytes) ? guess : windows1252;
}

/**
 * Returns whether bytes that are also valid in another charset are probably UTF-8. Real text in a charset with one byte
 * per character is never valid UTF-8. In other charsets, only a very short text can also be valid UTF-8.
 */
function isProbablyUtf8(bytes: Uint8Array, decode: Decode): boolean {
  if (!isUtf8(bytes)) return false;
  const upperHalf = Uint8Array.from({ length: 128 }, (_, at) => 128 + at);
  const isSingleByte = decode(upperHalf).length === upperHalf.length;
  return isSingleByte || [...guess(bytes)].filter((character) => character > "\x7f").length > 2;
}

function isPrintable(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 32 && byte < 127);
}

/** Returns the charsets named in the text's encoded words. */
export function listEncodedCharsets(text: string): string[] {
  return Array.from(text.matchAll(encodedWord), ([, charset = ""]) => charset);
}

/** Groups adjacent words in the same charset, because a character may be split between two words. */
function groupWords(text: string): Word[][] {
  const found: Word[][] = [];
  let last: Word | undefined;
  for (const match of text.matchAll(encodedWord)) {
    const [all, charset = "", encoding = "", content = ""] = match;
    const bytes = /b/i.test(encoding) ? Buffer.from(content, "base64") : decodeQ(content);
    const here: Word = { start: match.index, end: match.index + all.length, charset: charset.toLowerCase(), bytes };
    const touches = last !== undefined && /^\s*$/.test(text.slice(last.end, here.start));
    if (touches && last?.charset === here.charset) found.at(-1)?.push(here);
    else found.push([here]);
    last = here;
  }
  return found;
}

/** Decodes the Q encoding (RFC 2047, section 4.2). 8-bit bytes are kept. */
function decodeQ(content: string): Buffer {
  const bytes = toLatin1(content.replaceAll("_", " "));
  return Buffer.from(
    bytes.replace(/=([0-9A-Fa-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
}

function toLatin1(text: string): string {
  return /[^\0-\x7f]/.test(text) ? toBytes(text).toString("latin1") : text;
}
