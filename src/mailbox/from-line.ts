/** From_ lines: which lines begin a message, and how a line of a text is quoted so that it does not. */
import { bareAddress } from "../message/bare-address.ts";
import { parseHeader } from "../message/header.ts";

const from = Buffer.from("From ");
const LF = 10;

/** A From_ line longer than this is judged by its beginning. */
export const longestFromLine = 1024;

const space = (byte: number | undefined) => byte === 32 || byte === 9;
const lineEnd = (byte: number | undefined) => byte === 10 || byte === 13 || byte === undefined;

/**
 * Returns whether a line begins a message: `From `, a user and at least one more word, as bsd-mailx has it; the date is not looked
 * at (RFC 4155 would have it checked, but real mailboxes hold every kind).
 *
 * @param at where its `From ` stands
 * @param end of what is in `bytes`
 */
export function isFromLine(bytes: Uint8Array, at: number, end: number): boolean {
  const limit = Math.min(end, at + longestFromLine);
  let i = at + 5;
  while (i < limit && bytes[i] === 32) i++;
  const user = i;
  while (i < limit && !space(bytes[i]) && !lineEnd(bytes[i])) i++;
  if (i === user || i >= limit || !space(bytes[i])) return false;
  while (i < limit && space(bytes[i])) i++;
  return i < limit && !lineEnd(bytes[i]);
}

/** Bytes from the start of a From_ line that tell whether it has a date, and whether a header field follows it. */
export const judgedLength = 2 * longestFromLine;

/**
 * Returns whether a From_ line has a date in any spelling: a time of day or a year after the user. The test is lenient, because it
 * decides whether a Content-Length can hide the line. A line that is too long to be judged has one.
 *
 * @param at the offset of its `From `
 */
export function hasDate(bytes: Buffer, at: number): boolean {
  const text = bytes.toString("latin1", at, at + longestFromLine);
  if (text.length === longestFromLine && !text.includes("\n")) return true;
  const line = /^From +[^ \t\r\n]*([^\r\n]*)/.exec(text);
  return line !== null && /\d:\d\d|\d{4}/.test(line[1] as string);
}

/** Returns whether the line after a From_ line is a header field, or the `>From ` of a relay. @param at the offset of the From_ line */
export function isHeaderNext(bytes: Buffer, at: number): boolean {
  const next = bytes.subarray(0, at + judgedLength).indexOf(10, at) + 1;
  return next > 0 && /^(?:[!-9;-~]+[ \t]*:|>From )/.test(bytes.toString("latin1", next, next + longestFromLine));
}

/**
 * How the first From_ line of a file looks, which decides what begins a message in the rest of it.
 *
 * - `dated`: as bsd-mailx has it. A file that begins with something else is of this form, too.
 * - `two-words`: bsd-mailx accepts it, but it has no date. A `From ` line that a header field follows begins a message, too.
 * - `one-word`: `From - ` of Thunderbird, `From `, or an identifier. A line without a date must be followed by a header field.
 */
export type FromLineForm = "dated" | "two-words" | "one-word";

/** Bytes at the start of a file that tell its form. */
export const formLength = 2 * judgedLength;

/** @param head the first bytes of the file, `formLength` of them if there are as many */
export function fromLineForm(head: Buffer): FromLineForm {
  const at = /^(?:\r?\n)*/.exec(head.toString("latin1"))?.[0].length ?? 0;
  if (head.toString("latin1", at, at + 5) !== "From " || hasDate(head, at)) return "dated";
  if (isFromLine(head, at, head.length)) return "two-words";
  return isHeaderNext(head, at) ? "one-word" : "dated";
}

/**
 * Inserts `>` before each line that begins with `From `, so that it is not taken for the start of a message.
 *
 * @param pieces a text in pieces of any size; the first begins a line
 */
export function* quoteFromLines(pieces: Iterable<Uint8Array>): Iterable<Uint8Array> {
  let before = LF;
  let held: Buffer = Buffer.alloc(0);
  for (const piece of pieces) {
    const bytes =
      held.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.length) : Buffer.concat([held, piece]);
    // A possible beginning of such a line waits for the next piece.
    const end = bytes.length - beginningLength(bytes, before);
    // Copied: the piece is only good until the next.
    held = end < bytes.length ? Buffer.from(bytes.subarray(end)) : Buffer.alloc(0);
    let start = 0;
    for (let at = bytes.indexOf(from); at >= 0 && at < end; at = bytes.indexOf(from, at + 1)) {
      if ((at === 0 ? before : bytes[at - 1]) !== LF) continue;
      yield bytes.subarray(start, at);
      yield Buffer.from(">");
      start = at;
    }
    if (end > start) yield bytes.subarray(start, end);
    if (end > 0) before = bytes[end - 1] as number;
  }
  if (held.length > 0) yield held;
}

/** Returns how many bytes at the end begin a line and are a proper prefix of `From `. */
function beginningLength(bytes: Buffer, before: number): number {
  for (let length = Math.min(from.length - 1, bytes.length); length > 0; length--) {
    const start = bytes.length - length;
    const atLineStart = (start === 0 ? before : bytes[start - 1]) === LF;
    if (atLineStart && bytes.subarray(start).equals(from.subarray(0, length))) return length;
  }
  return 0;
}

/** Returns the user for the From_ line of a message that has none: the envelope sender, otherwise the author. */
export function fromLineUser(header: Buffer): string {
  const parsed = parseHeader(header);
  const path = parsed.get("return-path");
  const address = path === undefined ? bareAddress(parsed.get("from") ?? "") : path.replace(/^\s*<|>\s*$/g, "");
  return address.replace(/[\s\x00-\x1f\x7f]+/g, "") || "MAILER-DAEMON";
}
