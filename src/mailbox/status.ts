/** The Status field of a stored header: the same header with another. */
import { quoteFromLines } from "./from-line.ts";
import { headerFields, isStray } from "./stored-header.ts";

/**
 * Returns the header with one Status field: in the place of the first there was, else after the last field.
 *
 * A line that is no field ends the header, as bsd-mailx has it: an empty line is put before it. A header that just stops,
 * with no empty line behind it, has no place for a field it lacks, unless it was cut off (header-bytes.ts).
 *
 * @param header From_ line to the empty line, as stored; a CRLF header stays CRLF
 * @param isCut fields follow that are not in `header`
 */
export function withStatus(header: Buffer, status: string, isCut = false): Buffer {
  const { fromLine, fields, rest } = headerFields(header.toString("latin1"));
  const lineEnd = lineEndOfLine(fromLine);
  const ours = `Status: ${status}${lineEnd}`;
  const place = fields.findIndex(({ name }) => name === "status");
  let written = fromLine;
  for (const [index, { name, text }] of fields.entries()) {
    if (index === place) written += ours;
    else if (name !== "status") written += text;
  }
  if (place < 0 && (rest !== "" || isCut)) written += ours;
  // It is text from here on, in which no line may look like the start of a message.
  written += isStray(rest) ? lineEnd + quoteText(rest) : rest;
  return Buffer.from(written, "latin1");
}

function quoteText(text: string): string {
  return Buffer.concat([...quoteFromLines([Buffer.from(text, "latin1")])]).toString("latin1");
}

/** Returns the field alone, as it goes into a message with such a header. */
export function statusField(header: Buffer, status: string): Buffer {
  const fromLine = header.toString("latin1", 0, header.indexOf(10) + 1);
  return Buffer.from(`Status: ${status}${lineEndOfLine(fromLine)}`, "latin1");
}

function lineEndOfLine(line: string): string {
  return line.endsWith("\r\n") ? "\r\n" : "\n";
}
