/** Splits a stored header into fields. As in bsd-mailx, a line that is not a field ends the header. */
import { linesOf } from "../message/text.ts";

export interface StoredField {
  /** The field's name in lower case; empty if the line begins with a colon. */
  readonly name: string;
  /** The complete field, including its folded lines and newlines. */
  readonly text: string;
}

export interface HeaderFields {
  readonly fromLine: string;
  readonly fields: readonly StoredField[];
  /**
   * The bytes from the first line that is neither a field nor a folded line: an empty line, or body text if the empty
   * line is missing.
   */
  readonly rest: string;
}

/** Splits a header into fields. @param header from the From_ line to the empty line, one byte per character */
export function headerFields(header: string): HeaderFields {
  const [fromLine = "", ...lines] = linesOf(header);
  const fields: { name: string; text: string }[] = [];
  for (const [index, line] of lines.entries()) {
    const last = fields.at(-1);
    if (last !== undefined && /^[ \t]/.test(line)) last.text += line;
    else {
      const name = /^([^:\s]*)[ \t]*:/.exec(line)?.[1];
      if (name === undefined) return { fromLine, fields, rest: lines.slice(index).join("") };
      fields.push({ name: name.toLowerCase(), text: line });
    }
  }
  return { fromLine, fields, rest: "" };
}

/** Returns whether body text follows the fields with no empty line between them. */
export function isStray(rest: string): boolean {
  return /^[^\r\n]/.test(rest);
}
