/**
 * Converts bytes to text and back without loss.
 *
 * Header fields, command lines and file names are bytes that are usually UTF-8. Inside the program, such bytes are
 * represented as strings. Valid UTF-8 is decoded. Each remaining byte becomes a lone surrogate U+DC80..U+DCFF (PEP
 * 383), which valid text never contains. `toBytes(decodeBytes(b))` equals `b` for every b. Message bodies remain
 * buffers.
 */
import { isUtf8 } from "node:buffer";

const escapes = /[\udc80-\udcff]/;

/** Decodes UTF-8. Each invalid byte becomes a lone surrogate, which `toBytes` converts back to the byte. */
export function decodeBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString("utf8");
  let text = "";
  let start = 0;
  while (start < buffer.length) {
    const end = validUntil(buffer, start);
    if (end > start) text += buffer.toString("utf8", start, end);
    if (end < buffer.length) text += String.fromCharCode(0xdc00 + (buffer[end] as number));
    start = end + 1;
  }
  return text;
}

/** Returns the offset of the first byte at or after `start` that is not valid UTF-8. */
function validUntil(buffer: Buffer, start: number): number {
  let at = start;
  while (at < buffer.length) {
    const first = buffer[at] as number;
    const length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : 4;
    if (length > 1 && !isUtf8(buffer.subarray(at, at + length))) return at;
    if (length === 4 && (first < 0xf0 || first > 0xf4)) return at;
    at += length;
  }
  return buffer.length;
}

/** Encodes text as UTF-8 and turns the lone surrogates of `decodeBytes` back into bytes. */
export function toBytes(text: string): Buffer {
  if (text.isWellFormed() || !escapes.test(text)) return Buffer.from(text, "utf8");
  const pieces: Buffer[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit < 0xdc00) {
      at++;
      continue;
    }
    if (unit < 0xdc80 || unit > 0xdcff) continue;
    pieces.push(Buffer.from(text.slice(start, at), "utf8"), Buffer.of(unit - 0xdc00));
    start = at + 1;
  }
  pieces.push(Buffer.from(text.slice(start), "utf8"));
  return Buffer.concat(pieces);
}

/** Returns the lines with their line endings. The last line may lack a line ending. */
export function linesOf(text: string): string[] {
  const lines: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\n", at) + 1 || text.length;
    lines.push(text.slice(at, end));
    at = end;
  }
  return lines;
}

/** Returns the number of bytes in `toBytes(text)`. */
export function byteLength(text: string): number {
  return escapes.test(text) ? toBytes(text).length : Buffer.byteLength(text);
}

/**
 * Removes the given characters from the end of a text, and returns the rest.
 *
 * A regular expression such as `[ab]+$` takes quadratic time, because it restarts at each character of a run. A run in
 * a message may be a megabyte long.
 */
export function trimEndCharacters(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}
