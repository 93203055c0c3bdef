/** A stored header, cut up as bsd-mailx reads it to write and print a message: what is no field ends it. */
import { linesOf } from "../message/text.ts";

export interface StoredField {
  /** In lower case; empty where the line begins with its colon. */
  readonly name: string;
  /** With its folded lines and their ends. */
  readonly text: string;
}

export interface HeaderFields {
  readonly fromLine: string;
  readonly fields: readonly StoredField[];
  /** From the first line on that neither is a field nor goes on with one: an empty line, or text whose empty line got lost. */
  readonly rest: string;
}

/** @param header From_ line to the empty line, a byte a character */
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

/** Returns whether what stands behind the fields is text, and no empty line. */
export function isStray(rest: string): boolean {
  return /^[^\r\n]/.test(rest);
}
