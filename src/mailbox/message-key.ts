/**
 * Computes the key of a message in an mbox. The key stays the same as long as the message is in the mailbox. The key
 * does not depend on anything that mail programs rewrite in the mailbox: the From_ line, the fields that store the
 * message's state, and the empty lines at the end.
 */
import crypto from "node:crypto";
import { FieldNames } from "./field-names.ts";
import { headerOf } from "./header-bytes.ts";
import type { ByteRange } from "./mailbox.ts";

/** Maximum size in bytes of a message that is copied into memory and hashed with a single call. */
const mostCopied = 1 << 20;
/** The fields in which mail programs store a message's state. */
const stateFields = new FieldNames(
  ["status", "x-status", "x-uid", "x-imap", "x-imapbase", "x-keywords", "content-length", "lines"].map(
    (name) => [name, true] as const,
  ),
);

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
  let digest: string;
  if (isShort) {
    parts.push({ start: body, end: afterLastText(beginning, body) });
    digest = digestOf(beginning, parts);
  } else digest = digestInPieces(beginning, parts, message, body, endOfText(message, body));
  return keyPrefix + digest.slice(0, 32);
}

/** Memory in which the hashed parts of a short message are joined. */
let joined = Buffer.alloc(0);

/**
 * Returns a SHA-256 checksum in hexadecimal. `crypto.hash`, available from Node 20.12 and 21.7, is faster for short
 * texts.
 *
 * @param parts the parts of the message to be hashed
 */
function digestOf(message: Buffer, parts: readonly ByteRange[]): string {
  // An empty line is inserted after the header.
  if (joined.length <= message.length) joined = Buffer.allocUnsafeSlow(Math.max(2 * message.length, 4096));
  let length = 0;
  for (const [index, { start, end }] of parts.entries()) {
    if (index === parts.length - 1) joined[length++] = newline;
    length += message.copy(joined, length, start, end);
  }
  const text = joined.subarray(0, length);
  return typeof crypto.hash === "function"
    ? crypto.hash("sha256", text, "hex")
    : crypto.createHash("sha256").update(text).digest("hex");
}

function digestInPieces(
  header: Buffer,
  parts: readonly ByteRange[],
  message: StoredBytes,
  start: number,
  end: number,
): string {
  const hash = crypto.createHash("sha256");
  for (const part of parts) hash.update(header.subarray(part.start, part.end));
  hash.update(emptyLine);
  for (let at = start; at < end; at += mostCopied) hash.update(message.read(at, Math.min(end, at + mostCopied)));
  return hash.digest("hex");
}

const emptyLine = Buffer.from("\n");

/**
 * Returns the parts of the header between the fields that store state, and the body's offset.
 *
 * @param beginning the complete message or its header
 */
function splitHeader(beginning: Buffer): { parts: ByteRange[]; body: number } {
  const parts: ByteRange[] = [];
  const start = offsetAfterLine(beginning, 0);
  let at = start;
  let kept = at;
  let isState = false;
  while (at < beginning.length) {
    const first = beginning[at];
    const isFolded = at > start && (first === space || first === tab);
    if (!isFolded) {
      const nameEnd = findNameEnd(beginning, at);
      // A line that is not a field ends the header. An empty line will be inserted before that line when the Status is
      // stored.
      if (nameEnd === undefined) break;
      const wasState = isState;
      isState = stateFields.find(beginning, at)?.name.length === nameEnd - at;
      if (isState && !wasState) parts.push({ start: kept, end: at });
      if (!isState && wasState) kept = at;
    }
    at = offsetAfterLine(beginning, at);
  }
  if (!isState) parts.push({ start: kept, end: at });
  const isEmptyLine = beginning[at] === newline || (beginning[at] === carriageReturn && beginning[at + 1] === newline);
  return { parts, body: isEmptyLine ? offsetAfterLine(beginning, at) : at };
}

/** Returns the offset at which the message's trailing newlines begin. */
function endOfText(message: StoredBytes, body: number): number {
  let end = message.size;
  while (end > body) {
    const start = Math.max(body, end - longestEnd);
    const length = afterLastText(message.read(start, end), 0);
    if (length > 0) return start + length;
    end = start;
  }
  return body;
}

/** Returns the offset at which the trailing newlines begin; at least `start`. */
function afterLastText(bytes: Buffer, start: number): number {
  let end = bytes.length;
  while (end > start && (bytes[end - 1] === newline || bytes[end - 1] === carriageReturn)) end--;
  return end;
}

function offsetAfterLine(message: Buffer, start: number): number {
  // Most lines of a header are so short that a call of indexOf would take longer.
  let at = start;
  while (at < message.length && message[at] !== newline) at++;
  return Math.min(at + 1, message.length);
}

/** Returns the offset after the name of the field that begins at an offset; undefined if the line is not a field. */
function findNameEnd(message: Buffer, start: number): number | undefined {
  let end = start;
  for (; end < message.length; end++) {
    const byte = message[end] as number;
    if (byte === colon || byte === space || (byte >= tab && byte <= carriageReturn)) break;
  }
  let after = end;
  while (message[after] === space || message[after] === tab) after++;
  return message[after] === colon ? end : undefined;
}
