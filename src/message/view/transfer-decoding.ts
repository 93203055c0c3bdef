/**
 * Decodes content transfer encodings piece by piece (RFC 2045, section 6). The decoders are lenient and never throw.
 */
import { type Bytes, linePieces } from "./bytes.ts";

export interface Encoded {
  /** The encoding in lower case. A body with an unknown encoding is not decoded. */
  readonly encoding: string;
  readonly source: Bytes;
  readonly start: number;
  readonly end: number;
}

/** Yields the decoded bytes of a part's body in pieces. */
export function* decodeInPieces(encoded: Encoded): Iterable<Buffer> {
  const { encoding, source, start, end } = encoded;
  const pieces = linePieces(source, start, end);
  if (encoding === "base64") yield* decodeBase64(pieces);
  else if (encoding === "quoted-printable") for (const piece of pieces) yield decodeQuotedPrintable(piece);
  else if (isUuencode(encoded)) yield* decodeUuencode(pieces);
  else yield* pieces;
}

/** Returns the first `limit` bytes of a body. */
export function decodeBody(encoded: Encoded, limit: number): Buffer {
  const pieces: Buffer[] = [];
  let size = 0;
  for (const piece of decodeInPieces(encoded)) {
    pieces.push(piece);
    size += piece.length;
    if (size >= limit) break;
  }
  return Buffer.concat(pieces).subarray(0, limit);
}

/** Returns the number of bytes in the decoded body. For a large encoded body, the number is an estimate. */
export function computeDecodedSize(encoded: Encoded): number {
  const size = encoded.end - encoded.start;
  // The number of decoded bytes in a full line, and the length of that line with its line ending.
  const lineLengths = encoded.encoding === "base64" ? [57, 78] : isUuencode(encoded) ? [45, 62] : undefined;
  if (lineLengths === undefined) return size;
  const [bytes = 1, characters = 1] = lineLengths;
  return size < 1 << 20 ? decodeBody(encoded, size).length : Math.floor((size * bytes) / characters);
}

function isUuencode({ encoding }: Encoded): boolean {
  return /^(?:x-)?uu(?:encode|e)?$/.test(encoding);
}

/** The start of the footer that a mailing list adds: a line of dashes or underscores, or a line of several words. */
const footer = /\n(?:[-_]{2,}[ \t]*\r?\n|[^\s]+[ \t]+[^\s])/;
const base64Line = /^[A-Za-z0-9+/]{40,}={0,2}\r?$/m;

/** Decodes base64. Text after the padding, and the footer of a mailing list, are ignored. */
function* decodeBase64(pieces: Iterable<Buffer>): Iterable<Buffer> {
  let waiting = "";
  for (const piece of pieces) {
    const lines = piece.toString("latin1");
    const end = lines.search(footer);
    const isFooter = end >= 0 && !base64Line.test(lines.slice(end));
    const written = waiting + (isFooter ? lines.slice(0, end) : lines).replace(/[^A-Za-z0-9+/=]+/g, "");
    const padding = written.indexOf("=");
    const isEnd = isFooter || padding >= 0;
    const text = padding < 0 ? written : written.slice(0, padding);
    const whole = isEnd ? text.length : text.length - (text.length % 4);
    yield Buffer.from(text.slice(0, whole), "base64");
    if (isEnd) return;
    waiting = text.slice(whole);
  }
  if (waiting !== "") yield Buffer.from(waiting, "base64");
}

/**
 * Decodes quoted-printable text byte by byte. Each run of white space is scanned at most twice, because a run may be
 * very long.
 */
function decodeQuotedPrintable(piece: Buffer): Buffer {
  const decoded = Buffer.allocUnsafe(piece.length);
  let to = 0;
  for (let at = 0; at < piece.length; ) {
    const byte = piece[at] as number;
    if (byte === 61) {
      const next = skipSoftLineBreak(piece, at + 1);
      const high = next === undefined ? hexDigit(piece[at + 1]) : -1;
      const low = high < 0 ? -1 : hexDigit(piece[at + 2]);
      if (low >= 0) decoded[to++] = high * 16 + low;
      else if (next === undefined) decoded[to++] = byte;
      at = next ?? at + (low < 0 ? 1 : 3);
    } else if (byte === 32 || byte === 9) {
      const end = skipBlanks(piece, at);
      // White space at the end of a line was added in transit.
      if (lineEndAt(piece, end) > 0) at = end;
      while (at < end) decoded[to++] = piece[at++] as number;
    } else {
      decoded[to++] = byte;
      at++;
    }
  }
  return decoded.subarray(0, to);
}

/** Returns the offset after a soft line break, or undefined if the preceding "=" does not start one. */
function skipSoftLineBreak(piece: Buffer, at: number): number | undefined {
  if (at === piece.length) return at;
  const end = skipBlanks(piece, at);
  const length = lineEndAt(piece, end);
  return length > 0 ? end + length : undefined;
}

function skipBlanks(piece: Buffer, from: number): number {
  let at = from;
  while (piece[at] === 32 || piece[at] === 9) at++;
  return at;
}

/** Returns the length of the newline (LF or CRLF) at this offset, or 0 if there is no newline. */
function lineEndAt(piece: Buffer, at: number): number {
  if (piece[at] === 10) return 1;
  return piece[at] === 13 && piece[at + 1] === 10 ? 2 : 0;
}

function hexDigit(byte = 0): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

function* decodeUuencode(pieces: Iterable<Buffer>): Iterable<Buffer> {
  let inside = false;
  for (const piece of pieces) {
    const lines: Buffer[] = [];
    for (const line of piece.toString("latin1").split(/\r?\n/)) {
      if (/^begin [0-7]{3,4} /.test(line)) inside = true;
      else if (line === "end") inside = false;
      else if (inside) lines.push(uuLine(line));
    }
    yield Buffer.concat(lines);
  }
}

function uuLine(line: string): Buffer {
  const value = (at: number) => ((line.charCodeAt(at) || 32) - 32) & 63;
  const bytes: number[] = [];
  for (let at = 1; at < line.length; at += 4) {
    const bits = (value(at) << 18) | (value(at + 1) << 12) | (value(at + 2) << 6) | value(at + 3);
    bytes.push((bits >> 16) & 255, (bits >> 8) & 255, bits & 255);
  }
  return Buffer.from(bytes.slice(0, value(0)));
}
