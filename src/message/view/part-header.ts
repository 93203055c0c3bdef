/** Finds the end of a part's header, which may be missing or malformed. */
import { type Header, lineEnd, parseHeader, startsWithFrom } from "../header.ts";
import { type Bytes, linesBeginning, toBuffer } from "./bytes.ts";

/** The number of bytes read at first. A header longer than `longestHeader` is parsed only up to that length. */
const shortHeader = 1 << 16;
const longestHeader = 1 << 23;
const quoteMark = 62;
const fieldLine = /^(?:[!-9;-~]+[ \t]*:|[ \t])/;

/**
 * Returns the header and the start of the body. An empty line ends the header. A line that is not a field also ends the
 * header, and belongs to the body.
 */
export function headerAt(source: Bytes, start: number, end: number): { header: Header; bodyStart: number } {
  for (let room = shortHeader; ; room *= 16) {
    const bytes = toBuffer(source.read(start, Math.min(start + room, end)));
    const { first, last, next } = headerLines(bytes);
    const header = () => parseHeader(bytes.subarray(first, last));
    if (next < bytes.length || start + bytes.length >= end) return { header: header(), bodyStart: start + next };
    if (room >= longestHeader) return { header: header(), bodyStart: endOfLongHeader(source, start + next, end) };
  }
}

/** Returns the offsets of the first field, of the end of the last field, and of the body. */
function headerLines(bytes: Buffer): { first: number; last: number; next: number } {
  const first = endOfFromLines(bytes);
  let at = first;
  while (at < bytes.length) {
    const next = lineEnd(bytes, at);
    const line = bytes.toString("latin1", at, Math.min(next, at + 998));
    if (/^\r?\n/.test(line)) return { first, last: at, next };
    if (!fieldLine.test(line)) break;
    at = next;
  }
  return { first, last: at, next: at };
}

/** Returns the offset after the From_ line and after the quoted From_ lines that relays and mail programs add. */
function endOfFromLines(bytes: Buffer): number {
  let at = 0;
  while (startsWithFrom(bytes.subarray(bytes[at] === quoteMark ? at + 1 : at))) at = lineEnd(bytes, at);
  return at;
}

function endOfLongHeader(source: Bytes, from: number, end: number): number {
  let nearest = end;
  for (const mark of ["\n", "\r\n"]) {
    const [empty] = linesBeginning(source, from, nearest, Buffer.from(mark));
    if (empty !== undefined) nearest = empty.next;
  }
  return nearest;
}
