/**
 * Encoded words as the text that they stand for (RFC 2047), only to be shown.
 *
 * Liberal, as mailers are not: words inside quotes, words that touch each other or other text, words that hold blanks, a
 * language (RFC 2231, section 5), and characters cut in two by the end of a word are all read. What can't be read stays
 * as it was written. The text that comes out is not safe to show: it goes through safe-text.ts like any other.
 */
import { type Charsets, guess, nodeCharsets } from "./charsets.ts";

/** One encoded word, as written; its own blanks and signs mean nothing to what is around it. */
export const encodedWord = /=\?([^\s?*]+)(?:\*[^\s?]*)?\?([BbQq])\?([^?\r\n]*)\?=/g;

interface Word {
  readonly start: number;
  readonly end: number;
  readonly charset: string;
  readonly bytes: Buffer;
}

/**
 * @param text lossless text of a field's value (text.ts), folded or not; bytes that are not UTF-8 become characters too
 * @param charsets `moreCharsets()` where encodedCharsets(text) says that those of Node are not enough
 */
export function decodeWords(text: string, charsets: Charsets = nodeCharsets): string {
  let decoded = "";
  let copied = 0;
  for (const run of groupWords(text)) {
    const first = run[0] as Word;
    const decode = charsets(first.charset);
    if (decode === undefined) continue;
    const between = text.slice(copied, first.start);
    // Blanks between two words are none of the text; those beside other text are.
    decoded += copied > 0 && /^\s*$/.test(between) ? "" : rawBytes(between);
    decoded += decode(Buffer.concat(run.map(({ bytes }) => bytes)));
    copied = (run.at(-1) as Word).end;
  }
  return decoded + rawBytes(text.slice(copied));
}

/** Returns the charsets that the encoded words of a text name. */
export function encodedCharsets(text: string): string[] {
  return Array.from(text.matchAll(encodedWord), ([, charset = ""]) => charset);
}

/** Words of one charset with nothing but blanks between them: a character may begin in one and end in the next. */
function groupWords(text: string): Word[][] {
  const found: Word[][] = [];
  let last: Word | undefined;
  for (const match of text.matchAll(encodedWord)) {
    const [all, charset = "", encoding = "", content = ""] = match;
    const bytes = /b/i.test(encoding) ? Buffer.from(content, "base64") : fromQ(content);
    const here: Word = { start: match.index, end: match.index + all.length, charset: charset.toLowerCase(), bytes };
    const touches = last !== undefined && /^\s*$/.test(text.slice(last.end, here.start));
    if (touches && last?.charset === here.charset) found.at(-1)?.push(here);
    else found.push([here]);
    last = here;
  }
  return found;
}

/** The Q encoding (RFC 2047, section 4.2); 8-bit text in it counts as what it is. */
function fromQ(content: string): Buffer {
  const bytes = toLatin1(content.replaceAll("_", " "));
  return Buffer.from(
    bytes.replace(/=([0-9A-Fa-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
}

function toLatin1(text: string): string {
  return /[^\0-\x7f]/.test(text) ? Buffer.from(text, "utf8").toString("latin1") : text;
}

/** Lone surrogates stand for bytes that are not UTF-8; with the u flag the halves of pairs are not met. */
function rawBytes(text: string): string {
  return text.replace(/[\udc80-\udcff]+/gu, (bytes) =>
    guess(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0) & 0xff)),
  );
}
