/**
 * Decodes encoded words (RFC 2047) for display.
 *
 * The decoder is lenient, because many mailers break the rules. It also decodes words inside quotes, words that touch
 * other text, words that contain spaces or a language (RFC 2231, section 5), and characters split between two words.
 * Undecodable words are left as they were written. The result may contain control characters: safe-text.ts makes it
 * safe to show.
 */
import { type Charsets, guess, nodeCharsets } from "./charsets.ts";

/** Matches an encoded word. */
export const encodedWord = /=\?([^\s?*]+)(?:\*[^\s?]*)?\?([BbQq])\?([^?\r\n]*)\?=/g;

interface Word {
  readonly start: number;
  readonly end: number;
  readonly charset: string;
  readonly bytes: Buffer;
}

/**
 * Returns a field's value with its encoded words decoded.
 *
 * @param text lossless text (text.ts), folded or not; bytes that are not UTF-8 are decoded, too
 * @param charsets the result of `moreCharsets()` if one of listEncodedCharsets(text) is unknown to Node
 */
export function decodeWords(text: string, charsets: Charsets = nodeCharsets): string {
  let decoded = "";
  let copied = 0;
  for (const run of groupWords(text)) {
    const first = run[0] as Word;
    const decode = charsets(first.charset);
    if (decode === undefined) continue;
    const between = text.slice(copied, first.start);
    // White space between two encoded words is not part of the text.
    decoded += copied > 0 && /^\s*$/.test(between) ? "" : rawBytes(between);
    decoded += decode(Buffer.concat(run.map(({ bytes }) => bytes)));
    copied = (run.at(-1) as Word).end;
  }
  return decoded + rawBytes(text.slice(copied));
}

/** Returns the charsets named in the encoded words of a text. */
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
  return /[^\0-\x7f]/.test(text) ? Buffer.from(text, "utf8").toString("latin1") : text;
}

/**
 * Decodes lone surrogates, which represent bytes that are not UTF-8. With the u flag, the expression does not match
 * half of a surrogate pair.
 */
function rawBytes(text: string): string {
  return text.replace(/[\udc80-\udcff]+/gu, (bytes) =>
    guess(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0) & 0xff)),
  );
}
