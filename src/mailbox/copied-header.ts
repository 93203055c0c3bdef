/** The header of a message that is added to another mailbox. */
import { asctime } from "../message/date.ts";
import { parseDateField } from "../message/field-date.ts";
import { parseHeader } from "../message/header.ts";
import { fromLineUser, isFromLine, quoteFromLines } from "./from-line.ts";
import { headerOf } from "./header-bytes.ts";
import { headerFields } from "./stored-header.ts";

/**
 * Fields that are valid only in the mailbox that the message is in. In a copy, the UIDs of another mailbox make Dovecot damage
 * the messages around it.
 */
const localFields = ["content-length", "x-uid", "x-imapbase"];

/**
 * Returns a stored header without the fields that are valid only in its mailbox, and with a From_ line that begins a message in
 * every mailbox.
 *
 * @param header From_ line to the empty line
 */
export function copyHeader(header: Buffer): Buffer {
  return withFromLine(withoutFields(header, localFields));
}

/** Returns a stored header without Content-Length; the same bytes if it has none. */
export function withoutLength(header: Buffer): Buffer {
  return withoutFields(header, ["content-length"]);
}

function withoutFields(header: Buffer, names: readonly string[]): Buffer {
  const { fromLine, fields, rest } = headerFields(header.toString("latin1"));
  const kept = fields.filter(({ name }) => !names.includes(name)).map((field) => field.text);
  if (kept.length === fields.length) return header;
  return Buffer.from(fromLine + kept.join("") + rest, "latin1");
}

/** Returns a header whose From_ line has a user and a date: of the Date field, because it is the same each time it is made. */
export function withFromLine(header: Buffer): Buffer {
  if (isFromLine(header, 0, header.length) || header.toString("latin1", 0, 5) !== "From ") return header;
  const lineEnd = header.indexOf(10);
  const rest = header.subarray(header[lineEnd - 1] === 13 ? lineEnd - 1 : lineEnd);
  const date = parseDateField(parseHeader(header).get("date") ?? "") ?? new Date(0);
  return Buffer.concat([Buffer.from(`From ${fromLineUser(header)} ${asctime(date)}`, "latin1"), rest]);
}

/**
 * Returns whether a message ends where its Content-Length says: as the scanner finds it (mbox/body-length.ts), with the newline
 * and the empty line that the length need not include.
 *
 * @param header From_ line to the empty line
 * @param size of the message, in bytes
 */
export function isLengthValid(header: Buffer, size: number): boolean {
  const lengths = headerFields(header.toString("latin1")).fields.filter(({ name }) => name === "content-length");
  const stated = lengths.length === 1 ? /:[ \t]*(\d{1,15})[ \t]*\r?\n?$/.exec(lengths[0]?.text ?? "")?.[1] : undefined;
  const left = size - header.length - Number(stated);
  return left >= 0 && left <= 4;
}

/** Returns an edited message: its Content-Length is removed, and the lines that it protected are quoted. */
export function withoutMeasure(message: Buffer): Buffer {
  const header = headerOf(message.length, (length) => message.subarray(0, length));
  const kept = withoutLength(header);
  return kept === header ? message : Buffer.concat([kept, ...quoteFromLines([message.subarray(header.length)])]);
}
