/** Parses headers. The parser is lenient: it skips lines that are not fields and continues after them. */
import { type FieldNames, fieldValues, unfold } from "./field-values.ts";
import { decodeBytes } from "./text.ts";

export interface Field {
  /** The name as it was written. */
  readonly name: string;
  /** Lossless text, unfolded, without leading or trailing white space. */
  readonly value: string;
  /** The stored bytes, including folds and line endings. */
  readonly raw: Uint8Array;
}

export interface Header {
  readonly fields: readonly Field[];
  /** Returns the first field with the given name, ignoring case. */
  get(name: string): string | undefined;
  all(name: string): string[];
}

/** The offsets of a field including its folded lines, or of a line that is not a field. */
export interface HeaderPart {
  readonly start: number;
  readonly end: number;
  /** The name in lower case; undefined if the line is not a field. */
  readonly name: string | undefined;
}

const LF = 10;
const COLON = 58;
const fromWord = [...Buffer.from("From ")];

/** Returns the parts of a header, except for the From_ line and the final empty line. */
export function headerParts(header: Uint8Array): HeaderPart[] {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  const text = bytes.toString("latin1");
  const parts: HeaderPart[] = [];
  let at = startsWithFrom(bytes) ? lineEndOfHeader(text, 0) : 0;
  while (at < text.length && !isEmptyLine(bytes, at)) {
    const start = at;
    at = lineEndOfHeader(text, at);
    const nameEnd = endOfName(text, start, at);
    if (nameEnd > 0) while (bytes[at] === 32 || bytes[at] === 9) at = lineEndOfHeader(text, at);
    parts.push({ start, end: at, name: nameEnd > 0 ? text.slice(start, nameEnd).toLowerCase() : undefined });
  }
  return parts;
}

/**
 * Returns the offset after a field name (RFC 5322, ftext), or 0 if there is no field name. White space may precede the
 * colon (RFC 5322, section 4.5).
 */
function endOfName(text: string, start: number, end: number): number {
  let name = start;
  while (name < end && name < start + 998 && isNameCharacter(text.charCodeAt(name))) name++;
  let colon = name;
  while (text[colon] === " " || text[colon] === "\t") colon++;
  return name > start && colon < end && text[colon] === ":" ? name : 0;
}

/** Returns whether a character is printable ASCII other than a space or a colon. */
function isNameCharacter(code: number): boolean {
  return code > 32 && code < 127 && code !== 58;
}

/** Returns whether bytes start with `From ` but not with the field `From :`. */
export function startsWithFrom(bytes: Uint8Array): boolean {
  if (!fromWord.every((byte, at) => bytes[at] === byte)) return false;
  let next = fromWord.length;
  while (bytes[next] === 32 || bytes[next] === 9) next++;
  return bytes[next] !== 58;
}

/** Returns the offset after the line that contains `start`. */
export function lineEnd(bytes: Uint8Array, start: number): number {
  const newline = bytes.indexOf(LF, start);
  return newline < 0 ? bytes.length : newline + 1;
}

function isEmptyLine(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === LF || (bytes[at] === 13 && bytes[at + 1] === LF);
}

/** A field that is decoded on demand. The message list shows only a few fields of each message. */
class StoredField implements Field {
  readonly #header: Uint8Array;
  readonly #part: HeaderPart;
  readonly #nameLength: number;

  constructor(header: Uint8Array, part: HeaderPart, nameLength: number) {
    this.#header = header;
    this.#part = part;
    this.#nameLength = nameLength;
  }

  get raw(): Uint8Array {
    return this.#header.subarray(this.#part.start, this.#part.end);
  }

  get name(): string {
    return decodeBytes(this.raw.subarray(0, this.#nameLength));
  }

  get value(): string {
    const { raw } = this;
    return unfold(decodeBytes(raw.subarray(raw.indexOf(COLON, this.#nameLength) + 1)));
  }
}

/** A header that is searched for individual fields, and parsed only if all fields are requested. */
class StoredHeader implements Header {
  readonly #bytes: Uint8Array;
  /**
   * The header as a string with one byte per character. Searching this string is faster than splitting it into lines.
   */
  readonly #text: string;
  readonly #names: FieldNames;
  #fields: readonly Field[] | undefined;

  constructor(bytes: Uint8Array, names: FieldNames) {
    this.#bytes = bytes;
    this.#names = names;
    this.#text = cutAtEmptyLine(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1"));
  }

  get fields(): readonly Field[] {
    this.#fields ??= headerParts(this.#bytes).flatMap((part) =>
      part.name === undefined ? [] : [new StoredField(this.#bytes, part, part.name.length)],
    );
    return this.#fields;
  }

  get(name: string): string | undefined {
    return this.all(name)[0];
  }

  all(name: string): string[] {
    return fieldValues(this.#text, name, this.#names);
  }
}

/** Returns the header without the body, whose lines may look like fields. */
function cutAtEmptyLine(text: string): string {
  if (text.startsWith("\n") || text.startsWith("\r\n")) return "";
  const unix = text.indexOf("\n\n");
  const crlf = text.indexOf("\n\r\n");
  const nearest = unix < 0 || (crlf >= 0 && crlf < unix) ? crlf : unix;
  return nearest < 0 ? text : text.slice(0, nearest + 1);
}

function lineEndOfHeader(text: string, from: number): number {
  return text.indexOf("\n", from) + 1 || text.length;
}

/**
 * Returns the fields of a stored header.
 *
 * @param header with or without its From_ line and its final empty line
 */
export function parseHeader(header: Uint8Array, names: FieldNames = "with blanks"): Header {
  return new StoredHeader(header, names);
}
