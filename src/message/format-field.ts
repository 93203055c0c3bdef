/**
 * Formats the values of header fields: dates (RFC 5322, section 3.3), folded text (RFC 5322, section 2.2.3), encoded words
 * (RFC 2047) and parameters (RFC 2231).
 */
import { isUtf8 } from "node:buffer";
import { toBytes } from "./text.ts";

/**
 * The number of bytes per encoded word: 36 bytes become 48 characters of base64. With the field name and charset, the
 * line stays below 76 characters.
 */
const textBytes = 36;
/**
 * The number of bytes per encoded word in a name. An encoded name starts on a new line. 45 bytes become 60 characters
 * of base64, so that the encoded word has the maximum length of 75 characters.
 */
const nameBytes = 45;
/** The recommended line length (RFC 5322, section 2.1.1). */
const goodLine = 78;
const longestWord = 900;

const encodedWord = /=\?[\w*-]+\?[BbQq]\?[^? ]*\?=/g;

/** Returns a date in local time: `Sat, 16 Jan 2021 18:22:03 +0100`. date-fns is not used, because loading it takes 1 ms. */
export function formatDateField(date: Date): string {
  const offset = -date.getTimezoneOffset();
  const minutes = Math.abs(offset);
  const zone = String(Math.trunc(minutes / 60) * 100 + (minutes % 60)).padStart(4, "0");
  const local = new Date(date.getTime() + offset * 60_000).toUTCString();
  return local.replace(/ 0(?=\d )/, " ").replace("GMT", `${offset < 0 ? "-" : "+"}${zone}`);
}

/**
 * Returns whether the text must be encoded in order to arrive unchanged. Non-ASCII characters, leading or trailing
 * white space, and incomplete encoded words must be encoded. A complete encoded word is left alone, because scripts
 * pass encoded subjects to -s.
 */
function needsWords(text: string): boolean {
  if (/[^\t\x20-\x7e]|^[\t ]|[\t ]$/.test(text)) return true;
  return text.includes("=?") && text.replace(encodedWord, "").includes("=?");
}

/**
 * Returns the encoded value of an unstructured field. ASCII text is folded, but not encoded.
 *
 * @param taken the number of characters before the value on its line, such as those of `Subject: `
 * @param charset the charset of bytes that are not UTF-8
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

/** Returns text as encoded words. Printable ASCII is not encoded unless `must` is true. */
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
    // A character must not be split between words.
    while (utf8 && end < bytes.length && ((bytes[end] as number) & 0xc0) === 0x80) end--;
    words.push(`=?${utf8 ? "UTF-8" : charset}?B?${bytes.toString("base64", start, end)}?=`);
    start = end;
  }
  return words;
}

/** Returns `Name <address>`, with the name quoted or encoded if necessary. */
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

/**
 * The longest section, in characters. With the parameter's name and a leading space, the line stays below 78
 * characters.
 */
const sectionLength = 55;

/** Returns `name="value"`, or sections of the value on separate lines. */
export function encodeParameter(name: string, value: string): string {
  const ascii = /^[\x20-\x7e]*$/.test(value);
  if (ascii && value.length <= sectionLength) return `${name}="${value.replace(/[\\"]/g, "\\$&")}"`;
  const characters = [...value].map(percentEncoded);
  const sections: string[] = [""];
  for (const character of characters) {
    if ((sections.at(-1) as string).length + character.length > sectionLength) sections.push("");
    sections[sections.length - 1] += character;
  }
  if (sections.length === 1) return `${name}*=UTF-8''${sections[0]}`;
  return sections.map((section, at) => `${name}*${at}*=${at === 0 ? "UTF-8''" : ""}${section}`).join(";\n ");
}

/** Returns a character percent-encoded, unless it is an attribute-char (RFC 2231, section 7). */
function percentEncoded(character: string): string {
  if (/^[\w!#$&+.^`{|}~-]$/.test(character)) return character;
  const bytes = [...Buffer.from(character)];
  return bytes.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
