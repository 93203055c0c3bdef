/**
 * Computes the key of a message in an mbox. The key stays the same as long as the message is in the mailbox. The key
 * does not depend on anything that mail programs rewrite in the mailbox: the From_ line, the fields that store the
 * message's state, and the empty lines at the end.
 */
import crypto from "node:crypto";
import { findLargest } from "../message/lists.ts";
import { headerOf } from "./header-bytes.ts";

/** Maximum size in bytes of a message that is copied into memory and hashed with a single call. */
const mostCopied = 1 << 20;
/** The fields in which mail programs store a message's state. */
const stateFields: ReadonlySet<string> = new Set([
  "status",
  "x-status",
  "x-uid",
  "x-imap",
  "x-imapbase",
  "x-keywords",
  "content-length",
  "lines",
]);
const longestName = findLargest([...stateFields].map((name) => name.length));

/** The prefix of all keys. */
export const keyPrefix = "m-";

/** Number of bytes per read in the search for the end of the text. */
const longestEnd = 4096;
const newline = 10;
const carriageReturn = 13;
const space = 32;
const tab = 9;
const colon = 58;

/** A stored message, from its From_ line to its final empty line. */
export interface StoredBytes {
  readonly size: number;
  /** Returns bytes `start` (inclusive) to `end` (exclusive). */
  read(start: number, end: number): Buffer;
}

/** Returns the key of a message: `m-` and 32 hexadecimal digits of a SHA-256 checksum. */
export function keyOfMessage(message: StoredBytes): string {
  const { size } = message;
  const isShort = size <= mostCopied;
  const beginning = isShort ? message.read(0, size) : headerOf(size, (length) => message.read(0, length));
  const { parts, body } = splitHeader(beginning);
  const source = isShort ? { size, read: (start: number, end: number) => beginning.subarray(start, end) } : message;
  const end = endOfText(source, body);
  const digest = isShort
    ? digestOf([...parts, beginning.subarray(body, end)])
    : digestInPieces(parts, message, body, end);
  return keyPrefix + digest.slice(0, 32);
}

/**
 * Returns a SHA-256 checksum in hexadecimal. `crypto.hash`, available from Node 20.12 and 21.7, is faster for short
 * texts.
 */
function digestOf(parts: readonly Buffer[]): string {
  const text = Buffer.concat(parts);
  return typeof crypto.hash === "function"
    ? crypto.hash("sha256", text, "hex")
    : crypto.createHash("sha256").update(text).digest("hex");
}

function digestInPieces(parts: readonly Buffer[], message: StoredBytes, start: number, end: number): string {
  const hash = crypto.createHash("sha256");
  for (const part of parts) hash.update(part);
  for (let at = start; at < end; at += mostCopied) hash.update(message.read(at, Math.min(end, at + mostCopied)));
  return hash.digest("hex");
}

const emptyLine = Buffer.from("\n");

/**
 * Returns the header and the body's offset. The returned header lacks the fields that store state, and ends with an
 * empty line.
 *
 * @param beginning the complete message or its header
 */
function splitHeader(beginning: Buffer): { parts: Buffer[]; body: number } {
  const parts: Buffer[] = [];
  const start = offsetAfterLine(beginning, 0);
  let at = start;
  let kept = at;
  let isState = false;
  while (at < beginning.length) {
    const first = beginning[at];
    const isFolded = at > start && (first === space || first === tab);
    if (!isFolded) {
      const name = fieldName(beginning, at);
      // A line that is not a field ends the header. An empty line will be inserted before that line when the Status is
      // stored.
      if (name === undefined) break;
      const wasState = isState;
      isState = stateFields.has(name);
      if (isState && !wasState) parts.push(beginning.subarray(kept, at));
      if (!isState && wasState) kept = at;
    }
    at = offsetAfterLine(beginning, at);
  }
  if (!isState) parts.push(beginning.subarray(kept, at));
  parts.push(emptyLine);
  const isEmptyLine = beginning[at] === newline || (beginning[at] === carriageReturn && beginning[at + 1] === newline);
  return { parts, body: isEmptyLine ? offsetAfterLine(beginning, at) : at };
}

/** Returns the offset at which the message's trailing newlines begin. */
function endOfText(message: StoredBytes, body: number): number {
  let end = message.size;
  while (end > body) {
    const start = Math.max(body, end - longestEnd);
    const bytes = message.read(start, end);
    let length = bytes.length;
    while (length > 0 && (bytes[length - 1] === newline || bytes[length - 1] === carriageReturn)) length--;
    if (length > 0) return start + length;
    end = start;
  }
  return body;
}

function offsetAfterLine(message: Buffer, at: number): number {
  const found = message.indexOf(newline, at);
  return found < 0 ? message.length : found + 1;
}

/**
 * Returns the lower-case name of the field that begins at an offset; "" if the name is too long to be a state field.
 * Returns undefined if the line is not a field.
 */
function fieldName(message: Buffer, start: number): string | undefined {
  let end = start;
  for (; end < message.length; end++) {
    const byte = message[end] as number;
    if (byte === colon || byte === space || (byte >= tab && byte <= carriageReturn)) break;
  }
  let after = end;
  while (message[after] === space || message[after] === tab) after++;
  if (message[after] !== colon) return undefined;
  return end - start > longestName ? "" : message.toString("latin1", start, end).toLowerCase();
}
