/** The Status field of a stored header: where it stands, and the same header with another. */
import { linesOf } from "../message/text.ts";

/**
 * The header with one Status field: in the place of the first there was, else after the last field.
 *
 * A line that is no field ends the header, as bsd-mailx has it: an empty line is put before it. A header that just stops,
 * with no empty line behind it, has no place for a field it lacks.
 *
 * @param header From_ line to the empty line, as stored; a CRLF header stays CRLF
 */
export function withStatus(header: Buffer, status: string): Buffer {
  const [fromLine = "", ...lines] = linesOf(header.toString("latin1"));
  const lineEnd = fromLine.endsWith("\r\n") ? "\r\n" : "\n";
  const written = [fromLine];
  let placed = false;
  const place = () => {
    if (!placed) written.push(`Status: ${status}${lineEnd}`);
    placed = true;
  };
  /** Of the lines of a Status field, folded ones included, only ours stays. */
  let skipping = false;
  let inField = false;
  for (const [index, line] of lines.entries()) {
    const name = /^([^:\s]*)[ \t]*:/.exec(line)?.[1];
    const folded = inField && /^[ \t]/.test(line);
    if (!folded && name === undefined) {
      place();
      if (/[^\r\n]/.test(line)) written.push(lineEnd);
      // From here on it is text, in which no line may look like the start of a message.
      written.push(...lines.slice(index).map((text) => (text.startsWith("From ") ? `>${text}` : text)));
      break;
    }
    if (!folded) {
      inField = true;
      skipping = name?.toLowerCase() === "status";
      if (skipping) place();
    }
    if (!skipping) written.push(line);
  }
  return Buffer.from(written.join(""), "latin1");
}
