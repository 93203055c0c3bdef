/** Reads, from a header, the facts that are shown in message lists. */
import { parseDateField } from "../message/field-date.ts";
import { firstValue, valuesOfPlainFields } from "../message/field-values.ts";
import { mayHaveAttachments } from "../message/view/attaching.ts";
import { mayBeBounce } from "../message/view/bounce.ts";
import type { FactTable, NumberColumn, TextColumn } from "./list-facts.ts";

/** A header of at least this many bytes is treated as unusual. */
const longest = 16 << 10;
const emptyLine = Buffer.from("\n\n");

const fieldNames = {
  from: "from",
  to: "to",
  cc: "cc",
  subject: "subject",
  messageId: "message-id",
  references: "references",
  inReplyTo: "in-reply-to",
  replyTo: "reply-to",
} as const;

const texts = ["envelope", ...(Object.keys(fieldNames) as (keyof typeof fieldNames)[])] as const;
const numbers = ["date", "plain"] as const;

/** Maps a header field's lower-case name to the text column that contains its values. */
export const columnsByField: ReadonlyMap<string, TextColumn> = new Map(
  (Object.keys(fieldNames) as (keyof typeof fieldNames)[]).map((column) => [fieldNames[column], column]),
);

/**
 * Returns the text of a header, one character per byte, without the empty line. Returns undefined if the header is
 * unusual, that is, if it is long, contains CRs, or has an unusual From_ line. Different readers could derive different
 * facts from an unusual header.
 *
 * @param bytes the complete message, or its beginning
 */
export function usualHeader(bytes: Buffer): string | undefined {
  const end = bytes.indexOf(emptyLine);
  if (end < 0 || end >= longest) return undefined;
  const text = bytes.toString("latin1", 0, end + 1);
  return text.includes("\r") || !/^From [!-9;-~][ -~]*\n/.test(text) ? undefined : text;
}

/**
 * Returns the values that belong in a text column; undefined if they depend on how field names are parsed.
 *
 * @param header a header that `usualHeader` returned
 */
export function readTextFact(header: string, column: TextColumn): readonly string[] | undefined {
  if (column === "envelope") return [header.slice(5, header.indexOf("\n"))];
  return valuesOfPlainFields(header, fieldNames[column]);
}

/** Returns whether `readNumberFact` can derive a column's value from a header. */
export function isHeaderNumber(column: NumberColumn): column is (typeof numbers)[number] {
  return (numbers as readonly NumberColumn[]).includes(column);
}

/** Returns the value that belongs in a numeric column. @param header a header that `usualHeader` returned */
export function readNumberFact(header: string, column: (typeof numbers)[number]): number {
  if (column === "date") return parseDateField(firstValue(header, "date") ?? "")?.getTime() ?? Number.NaN;
  return mayHaveAttachments(header) || mayBeBounce(header) || /\nx-status[ \t]*:/i.test(header) ? 0 : 1;
}

/**
 * Adds a message's row to a table, and fills in the facts that its header contains. If the header is unusual, the facts
 * stay unknown.
 *
 * @param bytes the message or its header, beginning with the From_ line
 * @returns the number of the new row
 */
export function addHeaderFacts(table: FactTable, bytes: Buffer): number {
  const row = table.addRow();
  const header = usualHeader(bytes);
  if (header === undefined) return row;
  for (const column of texts) {
    const values = readTextFact(header, column);
    if (values !== undefined) table.setValues(column, row, values);
  }
  for (const column of numbers) table.setNumber(column, row, readNumberFact(header, column));
  return row;
}
