/** Single fields of a header without taking it apart: what looks at a hundred thousand headers can't parse each. */
import { fromBytes, trimEndCharacters } from "./text.ts";

const patterns = new Map<string, RegExp>();

function patternFor(name: string): RegExp {
  const key = name.toLowerCase();
  let pattern = patterns.get(key);
  if (pattern === undefined) {
    const escaped = key.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    pattern = new RegExp(`(?:^|\\n)${escaped}:([^\\n]*(?:\\n[ \\t][^\\n]*)*)`, "gi");
    patterns.set(key, pattern);
  }
  return pattern;
}

/**
 * Returns the values of all fields of that name.
 *
 * @param header each byte as the character of that code ("latin1"), from the From_ line to the empty line, and nothing behind it
 * @returns lossless text, unfolded
 */
export function fieldValues(header: string, name: string): string[] {
  const values: string[] = [];
  const pattern = patternFor(name);
  pattern.lastIndex = 0;
  for (let found = pattern.exec(header); found !== null; found = pattern.exec(header)) {
    const value = found[1] ?? "";
    values.push(unfold(/[\x80-\xff]/.test(value) ? fromBytes(Buffer.from(value, "latin1")) : value));
  }
  return values;
}

/** Returns a field's value in one line: folded lines are joined by one blank, blanks at both ends are cut. */
export function unfold(value: string): string {
  if (!value.includes("\n")) return value.trim();
  return value
    .split(/\n[ \t]+/)
    .map((line) => trimEndCharacters(line, " \t\r"))
    .join(" ")
    .trim();
}
