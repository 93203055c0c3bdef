/** Header text that is not ASCII as encoded words (RFC 2047). */
import { isUtf8 } from "node:buffer";
import { toBytes } from "./text.ts";

/** Bytes in one word: 45 become 60 characters of base64, and the word stays below 75 with its charset. */
const wordBytes = 45;

/** Gives back ASCII as it is. */
export function encodeWords(text: string): string {
  if (/^[\t\x20-\x7e]*$/.test(text)) return text;
  const bytes = toBytes(text);
  const charset = isUtf8(bytes) ? "UTF-8" : "unknown-8bit";
  const words: string[] = [];
  let start = 0;
  while (start < bytes.length) {
    let end = Math.min(start + wordBytes, bytes.length);
    // A character belongs in one word.
    while (end > start + 4 && end < bytes.length && ((bytes[end] as number) & 0xc0) === 0x80) end--;
    words.push(`=?${charset}?B?${bytes.toString("base64", start, end)}?=`);
    start = end;
  }
  return words.join("\n ");
}

/** `Name <address>` with the name quoted or encoded as it needs to be. */
export function encodeMailbox(name: string, address: string): string {
  if (name === "") return address;
  if (/[^\t\x20-\x7e]/.test(name)) return `${encodeWords(name)} <${address}>`;
  return `${/^[\w !#$%&'*+\-/=?^`{|}~]+$/.test(name) ? name : `"${name.replace(/[\\"]/g, "\\$&")}"`} <${address}>`;
}
