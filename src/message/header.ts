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
const fromWord = [...Buffer.from("From ")];

/** Cuts a header into its parts; the From_ line and the empty line at the end are left out. */
export function headerParts(header: Uint8Array): HeaderPart[] {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  // One string, a byte a character: to look at it is cheaper than to ask for each line.
  const text = bytes.toString("latin1");
  const parts: HeaderPart[] = [];
  const lineEndIn = (from: number) => text.indexOf("\n", from) + 1 || text.length;
  let at = startsWithFrom(bytes) ? lineEndIn(0) : 0;
  while (at < text.length && !isEmptyLine(bytes, at)) {
    const start = at;
    at = lineEndIn(at);
    const colon = endOfName(text, start, at);
    if (colon > 0) while (bytes[at] === 32 || bytes[at] === 9) at = lineEndIn(at);
    parts.push({ start, end: at, name: colon > 0 ? text.slice(start, colon).toLowerCase() : undefined });
  }
  return parts;
}

/** Where the colon stands that a field name is followed by: RFC 5322's ftext; 0 without one. */
function endOfName(text: string, start: number, end: number): number {
  for (let at = start; at < end && at < start + 998; at++) {
    const code = text.charCodeAt(at);
    if (code === 58) return at > start ? at : 0;
    if (code < 33 || code > 126) return 0;
  }
  return 0;
}

export function startsWithFrom(bytes: Uint8Array): boolean {
  return fromWord.every((byte, at) => bytes[at] === byte);
}

/** The offset behind the line that `start` is in. */
export function lineEnd(bytes: Uint8Array, start: number): number {
  const newline = bytes.indexOf(LF, start);
  return newline < 0 ? bytes.length : newline + 1;
}

function isEmptyLine(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === LF || (bytes[at] === 13 && bytes[at + 1] === LF);
}

/** Decoded when asked for: of a header in a list, few fields are. */
class StoredField implements Field {
  readonly raw: Uint8Array;
  readonly #nameLength: number;
  #text: string | undefined;

  constructor(raw: Uint8Array, nameLength: number) {
    this.raw = raw;
    this.#nameLength = nameLength;
  }

  get name(): string {
    return this.#decoded().slice(0, this.#nameLength);
  }

  get value(): string {
    return unfold(this.#decoded().slice(this.#nameLength + 1));
  }

  #decoded(): string {
    this.#text ??= fromBytes(this.raw);
    return this.#text;
  }
}

/** @param header with or without its From_ line and the empty line at its end */
export function parseHeader(header: Uint8Array): Header {
  const parts = headerParts(header).filter(({ name }) => name !== undefined);
  const fields: Field[] = parts.map(
    ({ start, end, name = "" }) => new StoredField(header.subarray(start, end), name.length),
  );
  const all = (name: string) => {
    const wanted = name.toLowerCase();
    return fields.filter((_field, at) => parts[at]?.name === wanted).map((field) => field.value);
  };
  return { fields, all, get: (name) => all(name)[0] };
}

function unfold(text: string): string {
  const first = text.indexOf("\n");
  if (first < 0 || first === text.length - 1) return text.trim();
  return text
    .split("\n")
    .map((line) => line.replace(/^[ \t]+|[ \t\r]+$/g, ""))
    .join(" ")
    .trim();
}
