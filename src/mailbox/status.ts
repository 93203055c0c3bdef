/** Sets the Status field of a stored header. */
import { quoteFromLines } from "./from-line.ts";
import { headerFields, isStray } from "./stored-header.ts";

/**
 * Returns the header with one Status field, which replaces the first existing one or follows the last field.
 *
 * As in bsd-mailx, a line that is not a field ends the header, and an empty line is inserted before it. A missing field
 * is added only if the header has a final empty line or was truncated (header-bytes.ts).
 *
 * @param header the stored header, from the From_ line to the empty line; its newlines, LF or CRLF, are kept
 * @param isCut whether the message has more fields after those in `header`
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
  // The stray text becomes part of the body, in which no line may look like the start of a message.
  written += isStray(rest) ? lineEnd + quoteText(rest) : rest;
  return Buffer.from(written, "latin1");
}

function quoteText(text: string): string {
  return Buffer.concat([...quoteFromLines([Buffer.from(text, "latin1")])]).toString("latin1");
}

/** Returns a Status field for a message with this header. */
export function statusField(header: Buffer, status: string): Buffer {
  const fromLine = header.toString("latin1", 0, header.indexOf(10) + 1);
  return Buffer.from(`Status: ${status}${lineEndOfLine(fromLine)}`, "latin1");
}

function lineEndOfLine(line: string): string {
  return line.endsWith("\r\n") ? "\r\n" : "\n";
}
