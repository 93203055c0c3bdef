/** Copies messages exactly as they are stored, except for Status and Content-Length. Other fields are not parsed. */
import { isFromLine } from "./from-line.ts";

const LF = 10;
const newlineFrom = Buffer.from("\nFrom ");
const statusName = Buffer.from("status");
const lengthName = Buffer.from("content-length");
/** Fields that only IMAP servers add. Copies must not contain these fields. Few messages have such fields. */
const uidNames = [Buffer.from("x-uid"), Buffer.from("x-imapbase")];

/** The range of a header line that is replaced. */
interface Place {
  readonly start: number;
  readonly end: number;
}

/**
 * Returns a message in pieces, with the given Status.
 *
 * @param status the value of the Status field
 * @param isCopy whether the message is added to another mailbox; a copy has no Content-Length
 * @returns undefined if the message must be parsed: it has CRs, lines that are not header fields, a folded or repeated
 *   Status or Content-Length, or body lines that would begin a message. A copy must also be parsed if it has X-UID or
 *   X-IMAPbase, or if its From_ line would not begin a message.
 */
export function copyWithStatus(bytes: Buffer, status: string, isCopy = false): readonly Buffer[] | undefined {
  if (bytes.includes(13) || bytes.includes(newlineFrom)) return undefined;
  if (isCopy && !isFromLine(bytes, 0, bytes.length)) return undefined;
  const found = findPlaces(bytes, isCopy);
  if (found === undefined) return undefined;
  const { place, length } = found;
  if (length === undefined) return [bytes.subarray(0, place.start), statusLine(status), bytes.subarray(place.end)];
  return place.start < length.start
    ? [
        bytes.subarray(0, place.start),
        statusLine(status),
        bytes.subarray(place.end, length.start),
        bytes.subarray(length.end),
      ]
    : [
        bytes.subarray(0, length.start),
        bytes.subarray(length.end, place.start),
        statusLine(status),
        bytes.subarray(place.end),
      ];
}

const statusLines = new Map<string, Buffer>();

/** Returns a Status line. The lines are cached, because there may be millions of messages. */
function statusLine(status: string): Buffer {
  let line = statusLines.get(status);
  if (line === undefined) {
    line = Buffer.from(`Status: ${status}\n`, "latin1");
    statusLines.set(status, line);
  }
  return line;
}

interface Places {
  /** The range of the Status line; if there is none, an empty range after the last field. */
  readonly place: Place;
  /** The range of the Content-Length line if this line must be removed; otherwise undefined. */
  readonly length: Place | undefined;
}

function findPlaces(bytes: Buffer, isCopy: boolean): Places | undefined {
  let at = bytes.indexOf(LF) + 1;
  let found: Place | undefined;
  let length: Place | undefined;
  if (at === 0) return undefined;
  for (;;) {
    const first = bytes[at];
    if (first === undefined) return undefined;
    if (first === LF) return { place: found ?? { start: at, end: at }, length };
    const isFolded = first === 32 || first === 9;
    if (isFolded && (found?.end === at || length?.end === at || at === bytes.indexOf(LF) + 1)) return undefined;
    const colon = isFolded ? at : nameEnd(bytes, at);
    if (colon < 0) return undefined;
    const start = at;
    at = bytes.indexOf(LF, colon) + 1;
    if (at === 0) return undefined;
    if (isFolded) continue;
    if (isFieldName(bytes, start, colon, statusName)) {
      if (found !== undefined) return undefined;
      found = { start, end: at };
    } else if (isCopy && isFieldName(bytes, start, colon, lengthName)) {
      if (length !== undefined) return undefined;
      length = { start, end: at };
    } else if (isCopy && uidNames.some((name) => isFieldName(bytes, start, colon, name))) return undefined;
  }
}

/** Returns the offset of the colon that ends a field name; -1 if there is none or the name contains a space. */
function nameEnd(bytes: Buffer, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === 58) return at > start ? at : -1;
    if (byte <= 32 || byte > 126) return -1;
  }
  return -1;
}

/** Returns whether a range of bytes is the given field name. @param name in lower case */
function isFieldName(bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (((bytes[start + i] as number) | 32) !== name[i]) return false;
  return true;
}
