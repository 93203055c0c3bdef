/**
 * Reads the facts for message lists from a header's bytes. Fields are found and copied without being converted to
 * strings, unless they are folded or not printable ASCII. A mailbox may have a million headers.
 */
import { parseDateField } from "../message/field-date.ts";
import { unfoldStored } from "../message/field-values.ts";
import { columnBits, type FactTable, type TextColumn } from "./list-facts.ts";

/** The maximum length in bytes of a header whose facts are kept. */
const longest = 16 << 10;
const LF = 10;
const CR = 13;
const COLON = 58;

/** The facts that `addHeaderFacts` adds, as bits of columnBits. */
export const headerFacts =
  columnBits.envelope |
  columnBits.from |
  columnBits.to |
  columnBits.cc |
  columnBits.subject |
  columnBits.messageId |
  columnBits.references |
  columnBits.inReplyTo |
  columnBits.date |
  columnBits.plain;

interface KnownField {
  readonly name: Buffer;
  readonly column?: TextColumn;
  readonly isDate?: true;
  /** Returns whether a message with this value may have attachments or X-Status, or report a failed delivery. */
  readonly isSpecial?: (bytes: Buffer, start: number, end: number) => boolean;
}

const always = () => true;
const known: readonly KnownField[] = (
  [
    ["to", { column: "to" }],
    ["cc", { column: "cc" }],
    ["from", { column: "from", isSpecial: mayBeDaemon }],
    ["date", { isDate: true }],
    ["sender", { isSpecial: mayBeDaemon }],
    ["subject", { column: "subject" }],
    ["x-status", { isSpecial: always }],
    ["message-id", { column: "messageId" }],
    ["references", { column: "references" }],
    ["in-reply-to", { column: "inReplyTo" }],
    ["return-path", { isSpecial: isNullPath }],
    ["content-type", { isSpecial: mayHaveParts }],
    ["content-disposition", { isSpecial: always }],
    ["x-failed-recipients", { isSpecial: always }],
  ] as const
).map(([name, field]) => ({ name: Buffer.from(name), ...field }));
const byLength = Array.from({ length: 20 }, (_, length) => known.filter(({ name }) => name.length === length));

/**
 * Adds a row for a message to a table, with the facts in its header. The facts stay unknown if the header is unusual: if
 * it is long, contains CRs, or has a space before a colon.
 *
 * @param start the offset of the From_ line
 * @param end the end of the message or of the bytes that have been read
 * @returns the row
 */
export function addHeaderFacts(table: FactTable, bytes: Buffer, start: number, end: number): number {
  const row = table.addRow();
  if (readFields(table, row, bytes, start, Math.min(end, start + longest))) table.markAsKnown(row, headerFacts);
  else table.clearLastRow();
  return row;
}

/** Returns whether the header could be read completely. */
function readFields(table: FactTable, row: number, bytes: Buffer, start: number, end: number): boolean {
  const first = bytes.indexOf(LF, start);
  if (first < 0 || first >= end || !isUsualFromLine(bytes, start, first)) return false;
  table.addBytes("envelope", bytes, start + 5, first);
  let isPlain = !isDaemonEnvelope(bytes, start + 5);
  let date: number | undefined;
  /** The field that is being read, and the start of its value. */
  let field: KnownField | undefined;
  let value = 0;
  let isFolded = false;
  let at = first + 1;
  for (;;) {
    if (at >= end) return false;
    const initial = bytes[at] as number;
    if (initial === 32 || initial === 9) isFolded = true;
    else {
      if (field !== undefined) {
        const { column, isSpecial, isDate } = field;
        if (column !== undefined) addValue(table, column, bytes, value, at - 1, isFolded);
        if (isDate === true) date ??= readDate(bytes, value, at - 1, isFolded);
        if (isPlain && isSpecial !== undefined) isPlain = !isSpecial(bytes, value, at - 1);
      }
      if (initial === LF) break;
      field = undefined;
      isFolded = false;
    }
    let colon = -1;
    let i = at;
    for (; i < end; i++) {
      const byte = bytes[i] as number;
      if (byte > COLON) continue;
      if (byte === LF) break;
      if (byte === CR) return false;
      if (byte === COLON && colon < 0) colon = i;
    }
    if (i >= end) return false;
    if (colon > at && initial !== 32 && initial !== 9) {
      const before = bytes[colon - 1] as number;
      if (before === 32 || before === 9) return false;
      if (colon - at < byLength.length) field = findField(bytes, at, colon);
      value = colon + 1;
    }
    at = i + 1;
  }
  table.setNumber("date", row, date ?? Number.NaN);
  table.setNumber("plain", row, isPlain ? 1 : 0);
  return true;
}

function isUsualFromLine(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < 7 || bytes[start] !== 70 || bytes[start + 4] !== 32) return false;
  const next = bytes[start + 5] as number;
  if (next === 32 || next === 9 || next === COLON) return false;
  for (let i = start; i < end; i++) if (bytes[i] === CR) return false;
  return true;
}

function findField(bytes: Buffer, at: number, colon: number): KnownField | undefined {
  const length = colon - at;
  for (const field of byLength[length] as KnownField[]) {
    let i = 0;
    while (i < length && ((bytes[at + i] as number) | 32) === field.name[i]) i++;
    if (i === length) return field;
  }
  return undefined;
}

/** Adds a field's value, unfolded and without outer white space. */
function addValue(
  table: FactTable,
  column: TextColumn,
  bytes: Buffer,
  from: number,
  to: number,
  isFolded: boolean,
): void {
  let start = from;
  let end = to;
  while (start < end && (bytes[start] === 32 || bytes[start] === 9)) start++;
  while (end > start && (bytes[end - 1] === 32 || bytes[end - 1] === 9)) end--;
  if (!isFolded && isPrintable(bytes, start, end)) table.addBytes(column, bytes, start, end);
  else table.addValue(column, unfoldStored(bytes.toString("latin1", from, to)));
}

function isPrintable(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte > 126 || (byte < 32 && byte !== 9)) return false;
  }
  return true;
}

function readDate(bytes: Buffer, start: number, end: number, isFolded: boolean): number {
  const usual = isFolded ? Number.NaN : readUsualDate(bytes, start, end);
  if (!Number.isNaN(usual)) return usual;
  return parseDateField(unfoldStored(bytes.toString("latin1", start, end)))?.getTime() ?? Number.NaN;
}

const monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const months = new Map(
  monthNames.map((name, month) => [name.charCodeAt(0) * 65536 + name.charCodeAt(1) * 256 + name.charCodeAt(2), month]),
);

/** Reads a date such as ` Thu, 1 Jan 2026 00:01:00 +0000`. @returns milliseconds since 1970; NaN for any other form */
function readUsualDate(bytes: Buffer, start: number, end: number): number {
  let at = bytes[start] === 32 ? start + 1 : start;
  if (bytes[at + 3] === 44 && bytes[at + 4] === 32) {
    for (let i = at; i < at + 3; i++) if (!isLetter(bytes[i] as number)) return Number.NaN;
    at += 5;
  }
  const day = bytes[at + 1] === 32 ? digits(bytes, at, 1) : digits(bytes, at, 2);
  at += bytes[at + 1] === 32 ? 2 : 3;
  const letters =
    ((bytes[at] as number) | 32) * 65536 + ((bytes[at + 1] as number) | 32) * 256 + ((bytes[at + 2] as number) | 32);
  const month = months.get(letters);
  const hasSpaces = bytes[at - 1] === 32 && bytes[at + 3] === 32 && bytes[at + 8] === 32 && bytes[at + 17] === 32;
  if (month === undefined || !hasSpaces || at + 23 !== end) return Number.NaN;
  if (bytes[at + 11] !== COLON || bytes[at + 14] !== COLON) return Number.NaN;
  const year = digits(bytes, at + 4, 4);
  const [hour, minute, second] = [digits(bytes, at + 9, 2), digits(bytes, at + 12, 2), digits(bytes, at + 15, 2)];
  const sign = bytes[at + 18] === 43 ? 1 : bytes[at + 18] === 45 ? -1 : Number.NaN;
  const offset = sign * (digits(bytes, at + 19, 2) * 60 + digits(bytes, at + 21, 2));
  if (!(day >= 1 && day <= 31 && hour <= 23 && minute <= 59 && second <= 60)) return Number.NaN;
  return Date.UTC(year, month, day, hour, minute, second) - offset * 60_000;
}

function isLetter(byte: number): boolean {
  return (byte | 32) >= 97 && (byte | 32) <= 122;
}

/** Returns the number that a range of digits denotes; NaN if it contains another character. */
function digits(bytes: Buffer, start: number, length: number): number {
  let value = 0;
  for (let i = start; i < start + length; i++) {
    const digit = (bytes[i] as number) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** Returns whether the sender in a From_ line may be a mail system. */
function isDaemonEnvelope(bytes: Buffer, start: number): boolean {
  const initial = (bytes[start] as number) | 32;
  return initial === 109 || initial === 60;
}

/** Returns whether a From or Sender field may name a mail system: mailer-daemon, postmaster or mail delivery. */
function mayBeDaemon(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const letter = (bytes[i] as number) | 32;
    if (letter !== 109 && letter !== 112) continue;
    const four = bytes.toString("latin1", i, i + 5).toLowerCase();
    if (four === "maile" || four === "mail " || four === "postm") return true;
  }
  return false;
}

/** Returns whether a Return-Path may be null, as in a report of a failed delivery. */
function isNullPath(bytes: Buffer, start: number, end: number): boolean {
  let i = start;
  while (i < end && (bytes[i] === 32 || bytes[i] === 9)) i++;
  return bytes[i] !== 60 || bytes[i + 1] === 62;
}

/** Returns whether a Content-Type is not plain text or HTML, or may name a file. */
function mayHaveParts(bytes: Buffer, start: number, end: number): boolean {
  const value = bytes.toString("latin1", start, end).trim().toLowerCase();
  return !value.startsWith("text/") || value.includes("name");
}
