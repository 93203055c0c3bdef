/** Single fields of a header without taking it apart: what looks at a hundred thousand headers can't parse each. */
import { fromBytes } from "./text.ts";

const patterns = new Map<string, RegExp>();

function patternFor(name: string): RegExp {
  const key = name.toLowerCase();
  let pattern = patterns.get(key);
  if (pattern === undefined) {
    const escaped = key.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    pattern = new RegExp(`^${escaped}:([^\\n]*(?:\\n[ \\t][^\\n]*)*)`, "gim");
    patterns.set(key, pattern);
  }
  return pattern;
}

/**
 * The values of all fields of that name.
 *
 * @param header each byte as the character of that code ("latin1"), from the From_ line to the empty line
 * @returns lossless text, folded lines joined by one blank
 */
export function fieldValues(header: string, name: string): string[] {
  const values: string[] = [];
  const pattern = patternFor(name);
  pattern.lastIndex = 0;
  for (let found = pattern.exec(header); found !== null; found = pattern.exec(header)) {
    const value = found[1] ?? "";
    const unfolded = value.includes("\n") ? value.replace(/[ \t\r]*\n[ \t]+/g, " ") : value;
    const text = /[\x80-\xff]/.test(unfolded) ? fromBytes(Buffer.from(unfolded, "latin1")) : unfolded;
    values.push(text.trim());
  }
  return values;
}
