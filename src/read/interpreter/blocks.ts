/** Blocks in files of commands: `account NAME {`, the lines of the account, and `}`. */
import type { SourceLine } from "../../config/accounts.ts";
import { splitWords } from "../../config/words.ts";

/** Returns a line with its final backslash replaced by a space, or undefined if the line is not continued. */
export function withoutContinuation(line: string): string | undefined {
  return line.endsWith("\\") ? `${line.slice(0, -1)} ` : undefined;
}

/**
 * Returns the command lines of a file. Continued lines are joined into one line, which has the line number of the last
 * of them.
 */
export function splitCommandLines(text: string): SourceLine[] {
  const lines: SourceLine[] = [];
  let begun = "";
  const typed = text.replace(/\n$/, "").split("\n");
  for (const [index, line] of typed.entries()) {
    const whole = begun + (begun === "" ? line : line.replace(/^[ \t]+/, ""));
    const continued = withoutContinuation(whole);
    begun = continued ?? "";
    if (continued === undefined) lines.push({ text: whole, number: index + 1 });
  }
  if (begun !== "") lines.push({ text: begun, number: typed.length });
  return lines;
}

/** A block that begins on a given line. */
export interface Block {
  /** The words before the brace: `account`, and the account's name. */
  readonly words: readonly string[];
  /** The lines between the braces. */
  readonly lines: readonly SourceLine[];
  /** The index of the line with the closing brace; undefined if the file ends within the block. */
  readonly end: number | undefined;
}

const opening = /^(.*[ \t])\{[ \t\r]*$/;

/** Returns the block that begins on a line; undefined if the line does not end with an opening brace. */
export function readBlock(lines: readonly SourceLine[], at: number): Block | undefined {
  const [, before] = opening.exec(lines[at]?.text ?? "") ?? [];
  if (before === undefined) return undefined;
  let depth = 1;
  for (let index = at + 1; index < lines.length; index++) {
    const text = lines[index]?.text ?? "";
    if (/^[ \t]*\}[ \t\r]*$/.test(text)) depth--;
    else if (opening.test(text)) depth++;
    if (depth === 0) return { words: splitWords(before), lines: lines.slice(at + 1, index), end: index };
  }
  return { words: splitWords(before), lines: lines.slice(at + 1), end: undefined };
}
