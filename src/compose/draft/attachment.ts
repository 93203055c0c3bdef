/** A file that is attached to a message. */
import { closeSync, constants, createReadStream, fstatSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { Readable } from "node:stream";
import { Exit, MailError } from "../../errors.ts";
import { toBytes } from "../../message/text.ts";
import { TextFacts } from "../../message/text-facts.ts";
import { runOnAbort } from "../../submit/on-abort.ts";
import { Interrupted } from "../../submit/submission-errors.ts";
import { addPathToError, isSystemError, strerror } from "../../system-error.ts";
import { Body } from "./body.ts";

export interface Attachment {
  /** The path as given, for messages to the user. */
  readonly path: string;
  /** The name that the recipient sees. */
  readonly name: string;
  /** The media type, including the charset of a text. */
  readonly type: string;
  readonly size: number;
  /** For an attached message (message/rfc822), the facts that determine its encoding. */
  readonly facts?: TextFacts;
  /** Whether the recipient's program should show it within the message. */
  readonly inline?: boolean;
  open(): Readable;
}

/** The number of bytes at the start of a file from which its type is detected. */
const lookedAt = 64 * 1024;
const pieceSize = 256 * 1024;

/**
 * Opens an attachment. A pipe or device is read immediately, a regular file only when the message is sent.
 *
 * @param typed the path as lossless text
 * @param interrupt cancels waiting, for example for a pipe without a writer
 * @throws MailError if it cannot be read, so that the user knows before typing the message
 */
export async function openAttachment(typed: string, ttycharset?: string, interrupt?: AbortSignal): Promise<Attachment> {
  const path = toBytes(typed);
  try {
    const found = statSync(path);
    if (found.isDirectory()) throw new MailError(`${typed}: is a directory; -A requires a file`, Exit.NoInput);
    if (found.isFile()) return await openRegularFile(typed, path, ttycharset);
    // The name of <(command) is a number, which would mean nothing to the recipient.
    const name = /^\/(dev|proc)\//.test(typed) ? "attachment" : basename(typed);
    const body = new Body();
    for await (const piece of specialFile(path, found.isFIFO(), interrupt)) body.append(piece);
    const [start = Buffer.alloc(0)] = body.pieces();
    const type = await mediaType(name, start.subarray(0, lookedAt), ttycharset);
    return { path: typed, name, type, size: body.size, open: () => body.open() };
  } catch (error) {
    if (isSystemError(error)) throw new MailError(`${typed}: ${strerror(error)}`, Exit.NoInput, error);
    throw error instanceof Interrupted ? new Interrupted(typed) : addPathToError(typed, error);
  }
}

async function openRegularFile(typed: string, path: Buffer, ttycharset: string | undefined): Promise<Attachment> {
  const name = basename(typed);
  const descriptor = openSync(path, "r");
  try {
    const { size } = fstatSync(descriptor);
    const piece = Buffer.alloc(Math.min(lookedAt, size));
    const start = piece.subarray(0, readSync(descriptor, piece, 0, piece.length, 0));
    const file = { path: typed, name, size, open: () => createReadStream(path) };
    if (/\.eml$/i.test(name) && beginsWithField.test(start.toString("latin1"))) {
      return { ...file, type: "message/rfc822", facts: factsOf(descriptor) };
    }
    return { ...file, type: await mediaType(name, start, ttycharset) };
  } finally {
    closeSync(descriptor);
  }
}

/** The start of a message: a header field (RFC 5322, section 2.2). */
const beginsWithField = /^[!-9;-~]+:[^\n]*\n/;

function factsOf(descriptor: number): TextFacts {
  const facts = new TextFacts();
  const piece = Buffer.allocUnsafe(pieceSize);
  for (let at = 0; ; ) {
    const length = readSync(descriptor, piece, 0, pieceSize, at);
    if (length === 0) return facts;
    facts.add(piece.subarray(0, length));
    at += length;
  }
}

/**
 * Reads a pipe or device. A pipe is read as a socket, because opening or reading it may block forever, and signals
 * must be handled.
 */
async function* specialFile(path: Buffer, isPipe: boolean, interrupt?: AbortSignal): AsyncIterable<Buffer> {
  const stream = isPipe ? await pipeStream(path) : createReadStream(path);
  const atEase = runOnAbort(interrupt, () => stream.destroy(interrupt?.reason));
  try {
    yield* stream as AsyncIterable<Buffer>;
  } finally {
    atEase();
  }
}

async function pipeStream(path: Buffer): Promise<Readable> {
  const { Socket } = await import("node:net");
  return new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });
}

/** Initial bytes that identify a type more reliably than the name. */
const signatures: readonly (readonly [RegExp, string])[] = [
  [/^%PDF-/, "application/pdf"],
  [/^\x89PNG\r\n\x1a\n/, "image/png"],
  [/^\xff\xd8\xff/, "image/jpeg"],
  [/^GIF8[79]a/, "image/gif"],
  [/^RIFF....WEBP/s, "image/webp"],
  [/^\x1f\x8b/, "application/gzip"],
  [/^BZh[1-9]/, "application/x-bzip2"],
  [/^\xfd7zXZ\0/, "application/x-xz"],
  [/^\x28\xb5\x2f\xfd/, "application/zstd"],
  [/^\x7fELF/, "application/x-executable"],
];

/**
 * Returns the type that the first bytes identify, or else the type that the name indicates. If neither shows a type,
 * the result depends on whether the file is text.
 */
async function mediaType(name: string, start: Buffer, ttycharset: string | undefined): Promise<string> {
  const head = start.toString("latin1", 0, 16);
  const signed = signatures.find(([bytes]) => bytes.test(head))?.[1];
  if (signed !== undefined) return signed;
  const { detectMimeType } = await import("nodemailer/lib/mime-funcs");
  const byName = /\.[^.]+$/.test(name) ? detectMimeType(name) : "application/octet-stream";
  const isText = byName.startsWith("text/");
  if (!isText && byName !== "application/octet-stream" && !/^(message|multipart)\//.test(byName)) return byName;
  const facts = new TextFacts();
  // The last character may be incomplete.
  facts.add(start.length < lookedAt ? start : start.subarray(0, start.lastIndexOf(10) + 1));
  if (facts.binary || (start.length === lookedAt && facts.size === 0)) return "application/octet-stream";
  if (!isText && /^(message|multipart)\//.test(byName)) return "application/octet-stream";
  const type = isText ? byName : "text/plain";
  if (facts.ascii) return `${type}; charset=us-ascii`;
  if (facts.utf8) return `${type}; charset=utf-8`;
  return ttycharset === undefined ? "application/octet-stream" : `${type}; charset=${ttycharset.toLowerCase()}`;
}

/**
 * Returns a file name that is valid on every system, without control characters, slashes, and leading or trailing white
 * space.
 */
export function presentableName(name: string): string {
  return name.replace(/[\p{Cc}\p{Cs}/\\]/gu, "_").trim() || "file";
}
