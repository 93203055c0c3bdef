/** A file that is attached to a message. */
import { closeSync, constants, createReadStream, fstatSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { Exit, MailError } from "../../errors.ts";
import type { PartLabel } from "../../message/part-label.ts";
import { toBytes } from "../../message/text.ts";
import { runOnAbort } from "../../submit/interrupt.ts";
import { Interrupted } from "../../submit/submission-errors.ts";
import { addPathToError, isSystemError, strerror } from "../../system-error.ts";
import { Body, canBeEncoded, charsetOf, declareCharset, TextFacts, type TransferEncoding } from "./body.ts";

export interface Attachment {
  /** The path as given, for messages to the user. */
  readonly path: string;
  /** The name that the recipient sees. */
  readonly name: string;
  /** The media type, including the charset if it is a text type. */
  readonly type: string;
  readonly size: number;
  /** For an attached message (message/rfc822), the facts that determine its encoding. */
  readonly facts?: TextFacts;
  /** Whether the recipient's program should show the attachment within the message. */
  readonly inline?: boolean;
  /** The parameter `name` of the part's Content-Type field. */
  readonly typeName?: string;
  /** The transfer encoding to use instead of base64. */
  readonly encoding?: TransferEncoding;
  /** The label given by the user. */
  readonly label?: PartLabel;
  open(): Readable;
}

/** The number of bytes at the start of a file from which its type is detected. */
const lookedAt = 64 * 1024;
const pieceSize = 256 * 1024;

/** The settings for an attachment, which are known before it is read. */
export interface HowToAttach extends PartLabel {
  /** The charset of text that is not UTF-8. */
  readonly ttycharset?: string | undefined;
  /** The time in milliseconds within which a pipe must deliver data. */
  readonly patience?: number | undefined;
}

/**
 * Opens an attachment. A pipe or device is read immediately, a regular file only when the message is sent.
 *
 * @param typed the path as lossless text
 * @param interrupt a signal that cancels a wait, such as one for a pipe that has no writer
 * @throws MailError if the file cannot be read, so that the user knows before typing the message
 */
export async function openAttachment(
  typed: string,
  how: HowToAttach = {},
  interrupt?: AbortSignal,
): Promise<Attachment> {
  try {
    const { ttycharset: _charset, patience: _patience, ...label } = how;
    return { ...(await labelAttachment(await openPart(typed, how, interrupt), how)), label };
  } catch (error) {
    if (isSystemError(error)) throw new MailError(`${typed}: ${strerror(error)}`, Exit.NoInput, { cause: error });
    if (error instanceof SilentPipe) throw new MailError(`${typed}: ${error.message}`, error.exit, { cause: error });
    throw error instanceof Interrupted ? new Interrupted(typed) : addPathToError(typed, error);
  }
}

/** An attachment with its first bytes, which determine its type, and with the facts about its entire content. */
interface Part extends Attachment {
  readonly start: Buffer;
  readonly factsOfAll: () => TextFacts;
}

async function openPart(typed: string, how: HowToAttach, interrupt: AbortSignal | undefined): Promise<Part> {
  const path = toBytes(typed);
  const found = statSync(path);
  if (found.isDirectory())
    throw new MailError(`${typed}: is a directory; -A requires a file`, Exit.NoInput, { reason: "EISDIR" });
  if (found.isFile()) return await openRegularFile(typed, path, how);
  // The name of <(command) is a number, which would mean nothing to the recipient.
  const name = how.fileName ?? (/^\/(dev|proc)\//.test(typed) ? "attachment" : basename(typed));
  const body = new Body();
  for await (const piece of specialFile(path, { isPipe: found.isFIFO(), how, interrupt })) body.append(piece);
  const [first = Buffer.alloc(0)] = body.pieces();
  const start = first.subarray(0, lookedAt);
  const type = await mediaType(name, start, how.ttycharset);
  return { path: typed, name, type, size: body.size, open: () => body.open(), start, factsOfAll: () => body.facts };
}

async function openRegularFile(typed: string, path: Buffer, how: HowToAttach): Promise<Part> {
  const isNumbered = /^\/(?:dev|proc\/self)\/fd\//.test(typed);
  const name = how.fileName ?? (isNumbered ? "attachment" : basename(typed));
  const descriptor = openSync(path, "r");
  try {
    const { size } = fstatSync(descriptor);
    const piece = Buffer.alloc(Math.min(lookedAt, size));
    const start = piece.subarray(0, readSync(descriptor, piece, 0, piece.length, 0));
    const file = {
      path: typed,
      name,
      size,
      open: () => createReadStream(path),
      start,
      factsOfAll: () => readFacts(path),
    };
    const isMessage = how.type === undefined && how.charset === undefined && how.encoding === undefined;
    if (isMessage && /\.eml$/i.test(name) && beginsWithField.test(start.toString("latin1"))) {
      return { ...file, type: "message/rfc822", facts: factsOf(descriptor) };
    }
    return { ...file, type: await mediaType(name, start, how.ttycharset) };
  } finally {
    closeSync(descriptor);
  }
}

function readFacts(path: Buffer): TextFacts {
  const descriptor = openSync(path, "r");
  try {
    return factsOf(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Applies the user's label to an attachment.
 *
 * @throws MailError if the charset or the encoding does not suit the content
 */
async function labelAttachment(part: Part, how: HowToAttach): Promise<Attachment> {
  const { start, factsOfAll, ...found } = part;
  const named = how.name === undefined ? found : { ...found, typeName: how.name };
  const typed =
    how.type === undefined ? named : { ...named, type: declareCharset(how.type, charsetAtStart(start, how)) };
  const labelled = how.charset === undefined ? typed : await withCharset(typed, how.charset);
  if (how.encoding === undefined || how.encoding === "base64") return labelled;
  const encoding = how.encoding as TransferEncoding;
  const facts = factsOfAll();
  if (!canBeEncoded(facts, encoding)) {
    throw new MailError(`${part.path}: cannot be sent as ${encoding}; use base64`, Exit.DataErr, {
      reason: "unsuitable encoding",
    });
  }
  return { ...labelled, facts, encoding };
}

function charsetAtStart(start: Buffer, { ttycharset }: HowToAttach): string | undefined {
  const facts = new TextFacts();
  facts.add(start.length < lookedAt ? start : start.subarray(0, start.lastIndexOf(10) + 1));
  return facts.binary ? undefined : charsetOf(facts, ttycharset?.toLowerCase()).toLowerCase();
}

/** Declares the charset of an attached text file, or converts the text, as S-nail does for FILE=INPUT#OUTPUT. */
async function withCharset(attachment: Attachment, charset: string): Promise<Attachment> {
  const [input = "", output = ""] = charset.split("#").map((each) => (each === "-" ? "" : each.trim()));
  if (input === "" && output === "") return attachment;
  const iconv = (await import("iconv-lite")).default;
  const unknown = [input, output].find((each) => each !== "" && !iconv.encodingExists(each));
  if (unknown !== undefined) {
    throw new MailError(`${attachment.path}: "${unknown}": unknown charset`, Exit.Usage, {
      reason: "unknown charset",
    });
  }
  const [bare = ""] = attachment.type.split(";");
  const type = `${/^text\//i.test(bare) ? bare : "text/plain"}; charset=${(output || input).toLowerCase()}`;
  if (output === "") return { ...attachment, type };
  const body = new Body();
  for await (const piece of attachment.open()) body.append(piece as Buffer);
  const text = iconv.decode(body.bytes(), input || "utf-8");
  const converted = iconv.encode(text, output);
  if (iconv.decode(converted, output) !== text) {
    throw new MailError(`${attachment.path}: "${output}" cannot represent all of its characters`, Exit.DataErr, {
      reason: "unknown charset",
      remedy: "use utf-8",
    });
  }
  return { ...attachment, type, size: converted.length, open: () => Readable.from([converted], { objectMode: false }) };
}

/** Matches the start of a message: a header field (RFC 5322, section 2.2). */
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
 * Reads a pipe or device. A pipe is read as a socket. If a pipe were opened or read as a file, the program could block
 * forever and would not handle signals in the meantime.
 */
async function* specialFile(
  path: Buffer,
  { isPipe, how, interrupt }: { isPipe: boolean; how: HowToAttach; interrupt: AbortSignal | undefined },
): AsyncIterable<Buffer> {
  const stream = isPipe ? await pipeStream(path, how.patience) : createReadStream(path);
  const atEase = runOnAbort(interrupt, () => stream.destroy(interrupt?.reason));
  try {
    yield* stream as AsyncIterable<Buffer>;
  } finally {
    atEase();
  }
}

async function pipeStream(path: Buffer, patience: number | undefined): Promise<Readable> {
  const { Socket } = await import("node:net");
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stream = new Socket({ fd, readable: true, writable: false });
  if (patience !== undefined) stream.setTimeout(patience, () => stream.destroy(new SilentPipe(patience)));
  return stream;
}

/** The error for a pipe to which nothing was written within the time limit. */
class SilentPipe extends MailError {
  constructor(patience: number) {
    super(`nothing was written to this pipe for ${patience / 1000} s; use -A to wait without a limit`, Exit.NoInput, {
      reason: "timed out",
      remedy: "use -A to wait without a limit",
    });
  }
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
 * Returns the type that the first bytes identify, or else the type that the name indicates. If neither indicates a type,
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
 * Returns a file name that is valid on every system, without control characters, slashes, or leading or trailing white
 * space.
 */
export function presentableName(name: string): string {
  return name.replace(/[\p{Cc}\p{Cs}/\\]/gu, "_").trim() || "file";
}
