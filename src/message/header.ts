/** A header taken apart into fields, liberally: what is no field is passed over, and the fields behind it still count. */
import { fromBytes } from "./text.ts";

export interface Field {
  /** As written. */
  readonly name: string;
  /** Lossless text; folded lines are joined by one blank, blanks at both ends are cut. */
  readonly value: string;
  /** As stored, with its folded lines and line ends. */
  readonly raw: Uint8Array;
}

export interface Header {
  readonly fields: readonly Field[];
  /** The first field of that name, whatever its case. */
  get(name: string): string | undefined;
  all(name: string): string[];
}

/** A line or a field with its folded lines, as offsets into the header. */
export interface HeaderPart {
  readonly start: number;
  readonly end: number;
  /** In lower case; undefined for a line that is no field. */
  readonly name: string | undefined;
}

const LF = 10;
const fieldName = /^([!-9;-~]+):/;

/** Cuts a header into its parts; the From_ line and the empty line at the end are left out. */
export function headerParts(header: Uint8Array): HeaderPart[] {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  const parts: HeaderPart[] = [];
  let at = startsWithFrom(bytes) ? lineEnd(bytes, 0) : 0;
  while (at < bytes.length && !isEmptyLine(bytes, at)) {
    const start = at;
    at = lineEnd(bytes, at);
    const name = fieldName.exec(bytes.toString("latin1", start, Math.min(at, start + 998)))?.[1];
    if (name !== undefined) while (bytes[at] === 32 || bytes[at] === 9) at = lineEnd(bytes, at);
    parts.push({ start, end: at, name: name?.toLowerCase() });
  }
  return parts;
}

export function startsWithFrom(bytes: Uint8Array): boolean {
  return bytes.length >= 5 && Buffer.from(bytes.buffer, bytes.byteOffset, 5).toString("latin1") === "From ";
}

/** The offset behind the line that `start` is in. */
export function lineEnd(bytes: Uint8Array, start: number): number {
  const newline = bytes.indexOf(LF, start);
  return newline < 0 ? bytes.length : newline + 1;
}

function isEmptyLine(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === LF || (bytes[at] === 13 && bytes[at + 1] === LF);
}

/** @param header with or without its From_ line and the empty line at its end */
export function parseHeader(header: Uint8Array): Header {
  const fields: Field[] = [];
  for (const part of headerParts(header)) {
    if (part.name === undefined) continue;
    const raw = header.subarray(part.start, part.end);
    const text = fromBytes(raw);
    fields.push({ name: text.slice(0, part.name.length), value: unfold(text.slice(part.name.length + 1)), raw });
  }
  const all = (name: string) => {
    const wanted = name.toLowerCase();
    return fields.filter((field) => field.name.toLowerCase() === wanted).map((field) => field.value);
  };
  return { fields, all, get: (name) => all(name)[0] };
}

function unfold(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replace(/^[ \t]+|[ \t\r]+$/g, ""))
    .join(" ")
    .trim();
}
