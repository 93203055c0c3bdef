/** Reads the facts for message lists from a header. */
import { parseDateField } from "../message/field-date.ts";
import { firstValue, valuesOfPlainFields } from "../message/field-values.ts";
import { mayHaveAttachments } from "../message/view/attaching.ts";
import { mayBeBounce } from "../message/view/bounce.ts";
import type { FactTable, NumberColumn, TextColumn } from "./list-facts.ts";

/** The maximum length in bytes of a header whose facts are kept. */
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

/** The text columns that contain the values of a field, by the field's name in lower case. */
export const columnsByField: ReadonlyMap<string, TextColumn> = new Map(
  (Object.keys(fieldNames) as (keyof typeof fieldNames)[]).map((column) => [fieldNames[column], column]),
);

/**
 * Returns the text of a header, one character per byte, without the empty line. Returns undefined if the header is
 * unusual, so that facts may have more than one value: if it is long, contains CRs, or has an unusual From_ line.
 *
 * @param bytes the beginning of the message, or all of it
 */
export function usualHeader(bytes: Buffer): string | undefined {
  const end = bytes.indexOf(emptyLine);
  if (end < 0 || end >= longest) return undefined;
  const text = bytes.toString("latin1", 0, end + 1);
  return text.includes("\r") || !/^From [!-9;-~][ -~]*\n/.test(text) ? undefined : text;
}

/** Returns the values of a text column; undefined if they depend on how field names are read. @param header a usual header */
export function readTextFact(header: string, column: TextColumn): readonly string[] | undefined {
  if (column === "envelope") return [header.slice(5, header.indexOf("\n"))];
  return valuesOfPlainFields(header, fieldNames[column]);
}

/** Returns whether `readNumberFact` can read a column. */
export function isHeaderNumber(column: NumberColumn): column is (typeof numbers)[number] {
  return (numbers as readonly NumberColumn[]).includes(column);
}

/** Returns the value of a column of numbers. @param header a usual header */
export function readNumberFact(header: string, column: (typeof numbers)[number]): number {
  if (column === "date") return parseDateField(firstValue(header, "date") ?? "")?.getTime() ?? Number.NaN;
  return mayHaveAttachments(header) || mayBeBounce(header) || /\nx-status[ \t]*:/i.test(header) ? 0 : 1;
}

/**
 * Adds a row for a message to a table, with the facts in its header. Facts stay unknown if the header is unusual.
 *
 * @param bytes the message from its From_ line on, or its header
 * @returns the row
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
