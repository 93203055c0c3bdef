/** Copies messages exactly as they are stored, except for Status and Content-Length. Other fields are not parsed. */
import { isFromLine } from "./from-line.ts";
import type { ByteRange, MessageRun } from "./mailbox.ts";

const LF = 10;
const CR = 13;
const newlineFrom = Buffer.from("\nFrom ");
const statusName = Buffer.from("status");
const lengthName = Buffer.from("content-length");
/** Fields that only IMAP servers add. Copies must not contain these fields. Few messages have such fields. */
const uidName = Buffer.from("x-uid");
const baseName = Buffer.from("x-imapbase");

/**
 * Returns a message that stays in its mailbox, in pieces. Its Status field has the given value.
 *
 * @param status the value of the Status field
 * @returns undefined if the message must be parsed, because it contains CRs, lines in the header that are not fields, a
 *   folded or repeated Status field, or lines in the body that would begin a message
 */
export function copyWithStatus(bytes: Buffer, status: string): readonly Buffer[] | undefined {
  if (bytes.includes(CR) || bytes.includes(newlineFrom)) return undefined;
  const lines = findLines(bytes, 0, bytes.length, false);
  return lines && [bytes.subarray(0, lines.status.start), statusLine(status), bytes.subarray(lines.status.end)];
}

/**
 * Yields copies of a run's messages for another mailbox, each with its Status. Adjacent bytes that are copied unchanged
 * are one piece, whether or not they belong to one message.
 *
 * @param statusOf returns the value of a message's Status field; undefined if the message must be parsed
 * @param rebuild called for each message that must be parsed; returns the message's pieces
 */
export function* copyRun(
  { messages, bytes, ends }: MessageRun,
  statusOf: (message: number) => string | undefined,
  rebuild: (message: number) => Iterable<Uint8Array>,
): Iterable<Iterable<Uint8Array>> {
  if (bytes === undefined) {
    for (const message of messages) yield rebuild(message);
    return;
  }
  const hasCr = bytes.includes(CR);
  let fromLine = bytes.indexOf(newlineFrom);
  let start = 0;
  let kept = 0;
  for (const [index, message] of messages.entries()) {
    const end = ends[index] as number;
    while (fromLine >= 0 && fromLine < start) fromLine = bytes.indexOf(newlineFrom, fromLine + 1);
    // The newline before the From_ line of the next message is the last byte of this message.
    const hasFromLine = fromLine >= 0 && fromLine < end - 1;
    const status = statusOf(message);
    const mustParse = status === undefined || hasFromLine || (hasCr && bytes.subarray(start, end).includes(CR));
    const lines = mustParse ? undefined : findLines(bytes, start, end, true);
    if (status === undefined || lines === undefined) {
      if (start > kept) yield [bytes.subarray(kept, start)];
      yield rebuild(message);
      kept = end;
    } else {
      const line = statusLine(status);
      if (lines.length !== undefined || !isLine(bytes, lines.status, line)) {
        const pieces: Buffer[] = [];
        kept = replaceLines(bytes, kept, lines, line, pieces);
        yield pieces;
      }
    }
    start = end;
  }
  if (kept < bytes.length) yield [bytes.subarray(kept)];
}

const statusLines = new Map<string, Buffer>();

/** Returns a Status line. The lines are cached, because there may be millions of messages. */
function statusLine(status: string): Buffer {
  let line = statusLines.get(status);
  if (line === undefined) {
    line = Buffer.from(`Status: ${status}\n`, "latin1");
    statusLines.set(status, line);
  }
  return line;
}

/** The header lines that a copy replaces or lacks. */
interface Lines {
  /** The Status line; if there is none, an empty range after the last field. */
  readonly status: ByteRange;
  /** The Content-Length line if this line must be removed; otherwise undefined. */
  readonly length: ByteRange | undefined;
}

function isLine(bytes: Buffer, { start, end }: ByteRange, line: Buffer): boolean {
  if (end - start !== line.length) return false;
  for (let i = 0; i < line.length; i++) if (bytes[start + i] !== line[i]) return false;
  return true;
}

/**
 * Adds bytes to `pieces`, beginning at the offset `from`, and replaces the given lines. Stops after the last of these
 * lines.
 *
 * @returns the offset after the last of the lines
 */
function replaceLines(
  bytes: Buffer,
  from: number,
  { status, length }: Lines,
  statusField: Buffer,
  pieces: Buffer[],
): number {
  if (length === undefined) {
    pieces.push(bytes.subarray(from, status.start), statusField);
    return status.end;
  }
  if (status.start < length.start) {
    pieces.push(bytes.subarray(from, status.start), statusField, bytes.subarray(status.end, length.start));
    return length.end;
  }
  pieces.push(bytes.subarray(from, length.start), bytes.subarray(length.end, status.start), statusField);
  return status.end;
}

/**
 * Returns the lines to be replaced in the header of the message between `start` and `end`.
 *
 * @param isCopy whether the message is added to another mailbox; a copy has no Content-Length
 * @returns undefined if the message must be parsed: the header has lines that are not fields, or a folded or repeated
 *   Status. A copy must also be parsed if its Content-Length is folded or repeated, if it has X-UID or X-IMAPbase, or
 *   if its From_ line would not begin a message.
 */
function findLines(bytes: Buffer, start: number, end: number, isCopy: boolean): Lines | undefined {
  if (isCopy && !isFromLine(bytes, start, end)) return undefined;
  const firstField = bytes.indexOf(LF, start) + 1;
  let status: ByteRange | undefined;
  let length: ByteRange | undefined;
  let at = firstField;
  while (at > 0 && at < end) {
    const first = bytes[at] as number;
    if (first === LF) return { status: status ?? { start: at, end: at }, length };
    const isFolded = first === 32 || first === 9;
    if (isFolded && (status?.end === at || length?.end === at || at === firstField)) return undefined;
    const colon = isFolded ? at : nameEnd(bytes, at, end);
    if (colon < 0) return undefined;
    const line = at;
    at = bytes.indexOf(LF, colon) + 1;
    if (isFolded) continue;
    if (isFieldName(bytes, line, colon, statusName)) {
      if (status !== undefined) return undefined;
      status = { start: line, end: at };
    } else if (isCopy && isFieldName(bytes, line, colon, lengthName)) {
      if (length !== undefined) return undefined;
      length = { start: line, end: at };
    } else if (isCopy && (isFieldName(bytes, line, colon, uidName) || isFieldName(bytes, line, colon, baseName)))
      return undefined;
  }
  return undefined;
}

/** Returns the offset of the colon that ends a field name; -1 if there is none or the name contains a space. */
function nameEnd(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === 58) return at > start ? at : -1;
    if (byte <= 32 || byte > 126) return -1;
  }
  return -1;
}

/** Returns whether a range of bytes is the given field name. @param name in lower case */
function isFieldName(bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (((bytes[start + i] as number) | 32) !== name[i]) return false;
  return true;
}
