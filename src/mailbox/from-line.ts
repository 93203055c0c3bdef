/**
 * Recognizes From_ lines, formats their dates, and quotes body lines that look like From_ lines. In an mbox, each
 * message begins with a From_ line.
 */
import { bareAddress } from "../message/bare-address.ts";
import { parseHeader } from "../message/header.ts";

const from = Buffer.from("From ");
const LF = 10;

/** If a From_ line is longer than this many bytes, only its beginning is checked. */
export const longestFromLine = 1024;

const space = (byte: number | undefined) => byte === 32 || byte === 9;
const lineEnd = (byte: number | undefined) => byte === 10 || byte === 13 || byte === undefined;

/**
 * Returns whether a line begins a message. As in bsd-mailx, the line must contain `From `, a user and at least one more
 * word. The date is not checked. RFC 4155 requires a date, but the From_ lines of real mailboxes differ widely.
 *
 * @param at the offset of its `From `
 * @param end the number of valid bytes in `bytes`
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

/**
 * Number of bytes from the start of a From_ line that are enough to decide whether it has a date and whether a header
 * field follows.
 */
export const judgedLength = 2 * longestFromLine;

/**
 * Returns whether a From_ line has a date. Any notation is accepted, as long as a time of day or a year follows the
 * user name. The test is lenient because it decides whether a Content-Length can hide the line. An overlong line is
 * assumed to have a date.
 *
 * @param at the offset of its `From `
 */
export function hasDate(bytes: Buffer, at: number): boolean {
  const text = bytes.toString("latin1", at, at + longestFromLine);
  if (text.length === longestFromLine && !text.includes("\n")) return true;
  const line = /^From +[^ \t\r\n]*([^\r\n]*)/.exec(text);
  return line !== null && /\d:\d\d|\d{4}/.test(line[1] as string);
}

/**
 * Returns whether the line after a From_ line is a header field or a relay's `>From ` line.
 *
 * @param at the offset of the From_ line
 */
export function isHeaderNext(bytes: Buffer, at: number): boolean {
  const next = bytes.subarray(0, at + judgedLength).indexOf(10, at) + 1;
  return next > 0 && /^(?:[!-9;-~]+[ \t]*:|>From )/.test(bytes.toString("latin1", next, next + longestFromLine));
}

/**
 * The form of a file's first From_ line. This form determines which later lines begin a message.
 *
 * - `dated` is the form that bsd-mailx expects. A file that does not begin with a From_ line is treated as if it had
 *   this form.
 * - `two-words` is a line without a date that bsd-mailx accepts. In such a file, a `From ` line also begins a message
 *   if a header field follows it.
 * - `one-word` is `From ` alone, or followed by a hyphen (Thunderbird) or an identifier. In such a file, a line without
 *   a date begins a message only if a header field follows it.
 */
export type FromLineForm = "dated" | "two-words" | "one-word";

/** Number of bytes at the start of a file that are enough to determine the form of its first From_ line. */
export const formLength = 2 * judgedLength;

/**
 * Returns the form of a file's first From_ line.
 *
 * @param head the first `formLength` bytes of the file, or all of a shorter file
 */
export function fromLineForm(head: Buffer): FromLineForm {
  const at = /^(?:\r?\n)*/.exec(head.toString("latin1"))?.[0].length ?? 0;
  if (head.toString("latin1", at, at + 5) !== "From " || hasDate(head, at)) return "dated";
  if (isFromLine(head, at, head.length)) return "two-words";
  return isHeaderNext(head, at) ? "one-word" : "dated";
}

/**
 * Inserts `>` before each line that begins with `From `, so that the line does not begin a message.
 *
 * @param pieces a body that begins at the start of a line, in pieces of any size
 */
export function* quoteFromLines(pieces: Iterable<Uint8Array>): Iterable<Uint8Array> {
  let before = LF;
  let held: Buffer = Buffer.alloc(0);
  for (const piece of pieces) {
    const bytes =
      held.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.length) : Buffer.concat([held, piece]);
    // If the end of a piece may be the beginning of such a line, those bytes are kept until the next piece arrives.
    const end = bytes.length - measureBeginning(bytes, before);
    // The bytes are copied, because the piece is valid only until the next one is requested.
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

/**
 * Returns the length of the longest proper prefix of `From ` that is both at the end of the bytes and at the start of a
 * line.
 */
function measureBeginning(bytes: Buffer, before: number): number {
  for (let length = Math.min(from.length - 1, bytes.length); length > 0; length--) {
    const start = bytes.length - length;
    const atLineStart = (start === 0 ? before : bytes[start - 1]) === LF;
    if (atLineStart && bytes.subarray(start).equals(from.subarray(0, length))) return length;
  }
  return 0;
}

/**
 * Returns the user name for a new From_ line: the envelope sender in Return-Path or, if there is no Return-Path, the
 * author.
 */
export function fromLineUser(header: Buffer): string {
  const parsed = parseHeader(header);
  const path = parsed.get("return-path");
  const address = path === undefined ? bareAddress(parsed.get("from") ?? "") : path.replace(/^\s*<|>\s*$/g, "");
  return address.replace(/[\s\x00-\x1f\x7f]+/g, "") || "MAILER-DAEMON";
}

/** Returns a date in local time in the format of asctime(3): `Sat Jan 16 18:22:03 2021`. */
export function formatAsctime(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toUTCString();
  const [, weekday, day = "", month, year, time] = /^(\w+), (\d+) (\w+) (\d+) ([\d:]+)/.exec(local) ?? [];
  return `${weekday} ${month} ${day.replace(/^0/, " ")} ${time} ${year}`;
}
