/** Header text for the wire: encoded words (RFC 2047) where it is not ASCII, folded where it is long (RFC 5322, 2.2.3). */
import { isUtf8 } from "node:buffer";
import { toBytes } from "./text.ts";

/** Bytes in one word: 36 become 48 characters of base64, and the line stays below 76 with its charset and field name. */
const textBytes = 36;
/** In a name, which is folded by itself: 45 become 60 characters, and the word has the 75 that are allowed. */
const nameBytes = 45;
/** RFC 5322, section 2.1.1: what a line should not, and what it must not, exceed. */
const goodLine = 78;
const longestWord = 900;

const encodedWord = /=\?[\w*-]+\?[BbQq]\?[^? ]*\?=/g;

/**
 * Whether text would not come back as it is: not ASCII, blanks at its ends, or half an encoded word. A whole one is what
 * scripts give to -s that know of no better way, and it goes as it is.
 */
function needsWords(text: string): boolean {
  if (/[^\t\x20-\x7e]|^[\t ]|[\t ]$/.test(text)) return true;
  return text.includes("=?") && text.replace(encodedWord, "").includes("=?");
}

/**
 * Returns the value of an unstructured field. ASCII comes back as it is, folded at its blanks.
 *
 * @param taken characters in front of it on its line, such as `Subject: `
 * @param charset what bytes are that are not UTF-8
 */
export function encodeText(text: string, taken: number, charset?: string): string {
  if (needsWords(text)) return encodeWords(text, charset);
  if (taken + text.length <= goodLine) return text;
  const words = text.match(/[\t ]*[^\t ]+/g) ?? [];
  if (words.some((word) => word.length > longestWord)) return encodeWords(text, charset, true);
  let line = taken;
  return words
    .map((word) => {
      const folds = line + word.length > goodLine && line > taken && /^[\t ]/.test(word);
      line = folds ? word.length : line + word.length;
      return folds ? `\n${word}` : word;
    })
    .join("");
}

/** Gives back printable ASCII as it is, unless it `must` be encoded. */
export function encodeWords(text: string, charset?: string, must = false): string {
  return !must && !needsWords(text) ? text : wordsOf(text, charset ?? "unknown-8bit", textBytes).join("\n ");
}

function wordsOf(text: string, charset: string, wordBytes: number): string[] {
  const bytes = toBytes(text);
  const utf8 = isUtf8(bytes);
  const words: string[] = [];
  let start = 0;
  while (start < bytes.length) {
    let end = Math.min(start + wordBytes, bytes.length);
    // A character belongs in one word.
    while (utf8 && end < bytes.length && ((bytes[end] as number) & 0xc0) === 0x80) end--;
    words.push(`=?${utf8 ? "UTF-8" : charset}?B?${bytes.toString("base64", start, end)}?=`);
    start = end;
  }
  return words;
}

/** `Name <address>` with the name quoted or encoded as it needs to be. */
export function encodeMailbox(name: string, address: string, charset?: string): string {
  if (name === "") return address;
  if (needsWords(name)) {
    const utf8 = isUtf8(toBytes(name));
    const words = wordsOf(name, charset ?? "unknown-8bit", utf8 ? nameBytes : textBytes);
    const last = words.at(-1)?.length ?? 0;
    return `${words.join("\n ")}${last + address.length > goodLine - 8 ? "\n" : ""} <${address}>`;
  }
  return `${/^[\w !#$%&'*+\-/=?^`{|}~]+$/.test(name) ? name : `"${name.replace(/[\\"]/g, "\\$&")}"`} <${address}>`;
}
