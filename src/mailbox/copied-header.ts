/** Adapts the header of a message that is copied to another mailbox. */

import { parseDateField } from "../message/field-date.ts";
import { parseHeader } from "../message/header.ts";
import { formatAsctime, fromLineUser, isFromLine, quoteFromLines } from "./from-line.ts";
import { headerOf } from "./header-bytes.ts";
import { headerFields } from "./stored-header.ts";

/**
 * Fields that are valid only in the mailbox that contains the message. If a copy contained the UIDs of another mailbox,
 * Dovecot would damage the messages before and after it.
 */
const localFields = ["content-length", "x-uid", "x-imapbase"];

/**
 * Returns a stored header without the fields that are valid only in its mailbox. An incomplete From_ line is completed,
 * so that it is recognized as the first line of a message in every mailbox.
 *
 * @param header from the From_ line to the empty line
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

/**
 * Returns a header whose From_ line has a user and a date. If the From_ line has no date, the date is taken from the
 * Date field, so that repeated calls return the same bytes.
 */
export function withFromLine(header: Buffer): Buffer {
  if (isFromLine(header, 0, header.length) || header.toString("latin1", 0, 5) !== "From ") return header;
  const lineEnd = header.indexOf(10);
  const rest = header.subarray(header[lineEnd - 1] === 13 ? lineEnd - 1 : lineEnd);
  const date = parseDateField(parseHeader(header).get("date") ?? "") ?? new Date(0);
  return Buffer.concat([Buffer.from(`From ${fromLineUser(header)} ${formatAsctime(date)}`, "latin1"), rest]);
}

/**
 * Returns whether a message ends at the offset that its Content-Length implies. As in the scanner
 * (mbox/body-length.ts), the length may exclude the last newline and the final empty line.
 *
 * @param header from the From_ line to the empty line
 * @param size the message's size in bytes
 */
export function isLengthValid(header: Buffer, size: number): boolean {
  const lengths = headerFields(header.toString("latin1")).fields.filter(({ name }) => name === "content-length");
  const stated = lengths.length === 1 ? /:[ \t]*(\d{1,15})[ \t]*\r?\n?$/.exec(lengths[0]?.text ?? "")?.[1] : undefined;
  const left = size - header.length - Number(stated);
  return left >= 0 && left <= 4;
}

/**
 * Returns an edited message without Content-Length. `From ` lines in the body are quoted, because Content-Length no
 * longer protects them.
 */
export function withoutMeasure(message: Buffer): Buffer {
  const header = headerOf(message.length, (length) => message.subarray(0, length));
  const kept = withoutLength(header);
  return kept === header ? message : Buffer.concat([kept, ...quoteFromLines([message.subarray(header.length)])]);
}
