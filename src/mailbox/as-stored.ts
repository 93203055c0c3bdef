/** Messages that go elsewhere just as they are stored, but for Status and Content-Length: nothing else is looked at. */
import { isFromLine } from "./from-line.ts";

const LF = 10;
const newlineFrom = Buffer.from("\nFrom ");
const statusName = Buffer.from("status");
const lengthName = Buffer.from("content-length");
/** Fields of IMAP servers, which copies lack; they are rare. */
const uidNames = [Buffer.from("x-uid"), Buffer.from("x-imapbase")];

/** The line of a header that is replaced. */
interface Place {
  readonly start: number;
  readonly end: number;
}

/**
 * Returns the pieces of a message with the Status given.
 *
 * @param status what stands in the field
 * @param isCopy the message is added to another mailbox: without Content-Length
 * @returns undefined where the message has to be taken apart: CRs, lines that are no fields, a folded or second field of the
 *   two, body lines that would begin a message, a copy with X-UID or X-IMAPbase, a copy whose From_ line would begin none
 */
export function asStored(bytes: Buffer, status: string, isCopy = false): readonly Buffer[] | undefined {
  if (bytes.includes(13) || bytes.includes(newlineFrom)) return undefined;
  if (isCopy && !isFromLine(bytes, 0, bytes.length)) return undefined;
  const found = places(bytes, isCopy);
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

/** Made once: there may be millions of messages. */
function statusLine(status: string): Buffer {
  let line = statusLines.get(status);
  if (line === undefined) {
    line = Buffer.from(`Status: ${status}\n`, "latin1");
    statusLines.set(status, line);
  }
  return line;
}

interface Places {
  /** The Status line, or, empty, where it goes: behind the last field. */
  readonly place: Place;
  /** The Content-Length, if it goes. */
  readonly length: Place | undefined;
}

function places(bytes: Buffer, isCopy: boolean): Places | undefined {
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

/** Where the colon stands behind a name without blanks; -1 when there is none. */
function nameEnd(bytes: Buffer, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === 58) return at > start ? at : -1;
    if (byte <= 32 || byte > 126) return -1;
  }
  return -1;
}

/** @param name in lower case */
function isFieldName(bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (((bytes[start + i] as number) | 32) !== name[i]) return false;
  return true;
}
