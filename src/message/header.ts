/** A header taken apart into fields, liberally: what is no field is passed over, and the fields behind it still count. */
import { fieldValues, unfold } from "./field-values.ts";
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
  const text = bytes.toString("latin1");
  const parts: HeaderPart[] = [];
  let at = startsWithFrom(bytes) ? lineEndOfHeader(text, 0) : 0;
  while (at < text.length && !isEmptyLine(bytes, at)) {
    const start = at;
    at = lineEndOfHeader(text, at);
    const colon = endOfName(text, start, at);
    if (colon > 0) while (bytes[at] === 32 || bytes[at] === 9) at = lineEndOfHeader(text, at);
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

/** Returns whether bytes begin with `From `. */
export function startsWithFrom(bytes: Uint8Array): boolean {
  return fromWord.every((byte, at) => bytes[at] === byte);
}

/** Returns the offset behind the line that `start` is in. */
export function lineEnd(bytes: Uint8Array, start: number): number {
  const newline = bytes.indexOf(LF, start);
  return newline < 0 ? bytes.length : newline + 1;
}

function isEmptyLine(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === LF || (bytes[at] === 13 && bytes[at + 1] === LF);
}

/** Decoded when asked for: of a header in a list, few fields are. */
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
    return fromBytes(this.raw.subarray(0, this.#nameLength));
  }

  get value(): string {
    return unfold(fromBytes(this.raw).slice(this.#nameLength + 1));
  }
}

/** A header that is looked through for what is asked, and taken apart only where all of it is. */
class StoredHeader implements Header {
  readonly #bytes: Uint8Array;
  /** One string, a byte a character: to look at it is cheaper than to ask for each line. */
  readonly #text: string;
  #fields: readonly Field[] | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
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
    return fieldValues(this.#text, name);
  }
}

/** Without what stands behind the empty line, which may look like a field. */
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

/** @param header with or without its From_ line and the empty line at its end */
export function parseHeader(header: Uint8Array): Header {
  return new StoredHeader(header);
}
