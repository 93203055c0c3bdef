/**
 * Finds individual fields without parsing the header. A mailbox may have a hundred thousand headers; parsing each would
 * take too long.
 */
import { decodeBytes, trimEndCharacters } from "./text.ts";

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
 * Returns the values of all fields with that name.
 *
 * @param header the header without the body, one byte per character ("latin1")
 * @returns lossless text, unfolded
 */
export function fieldValues(header: string, name: string): string[] {
  const values: string[] = [];
  const pattern = patternFor(name);
  pattern.lastIndex = 0;
  for (let found = pattern.exec(header); found !== null; found = pattern.exec(header)) {
    const value = found[1] ?? "";
    values.push(unfold(/[\x80-\xff]/.test(value) ? decodeBytes(Buffer.from(value, "latin1")) : value));
  }
  return values;
}

/** Returns a field's value on one line: each fold becomes a space, and outer white space is removed. */
export function unfold(value: string): string {
  if (!value.includes("\n")) return value.trim();
  return value
    .split(/\n[ \t]+/)
    .map((line) => trimEndCharacters(line, " \t\r"))
    .join(" ")
    .trim();
}
