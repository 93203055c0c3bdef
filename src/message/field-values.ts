/**
 * Finds individual fields without parsing the header. A mailbox may contain a hundred thousand headers; parsing all of
 * them would take too long.
 */
import { decodeBytes, trimEndCharacters } from "./text.ts";

/**
 * Whether white space may separate a field name from its colon (RFC 5322, section 4.5). If not, the colon must follow
 * the name directly, as in bsd-mailx.
 */
export type FieldNames = "with blanks" | "without blanks";

const patterns = { "with blanks": new Map<string, RegExp>(), "without blanks": new Map<string, RegExp>() };

function patternFor(name: string, names: FieldNames): RegExp {
  const key = name.toLowerCase();
  let pattern = patterns[names].get(key);
  if (pattern === undefined) {
    const escaped = key.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    const blanks = names === "with blanks" ? "[ \\t]*" : "";
    pattern = new RegExp(`(?:^|\\n)${escaped}${blanks}:([^\\n]*(?:\\n[ \\t][^\\n]*)*)`, "gi");
    patterns[names].set(key, pattern);
  }
  return pattern;
}

/**
 * Returns the values of all fields with that name.
 *
 * @param header the header without the body, one byte per character ("latin1")
 * @returns lossless text, unfolded
 */
export function fieldValues(header: string, name: string, names: FieldNames = "with blanks"): string[] {
  const values: string[] = [];
  const pattern = patternFor(name, names);
  pattern.lastIndex = 0;
  for (let found = pattern.exec(header); found !== null; found = pattern.exec(header)) {
    values.push(unfoldStored(found[1] ?? ""));
  }
  return values;
}

/** Returns the value of the first field with that name, without searching for others; undefined if there is none. */
export function firstValue(header: string, name: string): string | undefined {
  const pattern = patternFor(name, "with blanks");
  pattern.lastIndex = 0;
  const found = pattern.exec(header);
  return found === null ? undefined : unfoldStored(found[1] ?? "");
}

/** The fields of a header by lower-case name; each value as stored. */
export type Fields = ReadonlyMap<string, readonly string[]>;

/**
 * Returns all fields of a header. If many fields are needed, one call is faster than a search for each field.
 *
 * @param header as in `fieldValues`
 */
export function readFields(header: string): Fields {
  const fields = new Map<string, string[]>();
  let colon = -1;
  for (let start = 0; start < header.length; ) {
    let end = endOfLine(header, start);
    if (colon < start) colon = header.indexOf(":", start);
    if (colon < 0) break;
    if (colon < end && !startsWithBlank(header, start)) {
      while (startsWithBlank(header, end + 1)) end = endOfLine(header, end + 1);
      const name = trimEndCharacters(header.slice(start, colon), " \t").toLowerCase();
      const value = header.slice(colon + 1, end);
      const values = fields.get(name);
      if (values === undefined) fields.set(name, [value]);
      else values.push(value);
    }
    start = end + 1;
  }
  return fields;
}

function endOfLine(text: string, start: number): number {
  const found = text.indexOf("\n", start);
  return found < 0 ? text.length : found;
}

function startsWithBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 32 || code === 9;
}

/** Returns the values of all fields with a name, as `fieldValues` does. @param name in lower case */
export function valuesIn(fields: Fields, name: string): string[] {
  return (fields.get(name) ?? []).map(unfoldStored);
}

/** Returns the lossless text of a stored value, on one line. @param value one character per byte ("latin1") */
export function unfoldStored(value: string): string {
  return unfold(/[\x80-\xff]/.test(value) ? decodeBytes(Buffer.from(value, "latin1")) : value);
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
