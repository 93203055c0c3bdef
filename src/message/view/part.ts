/**
 * The parts of a MIME message as a tree of byte ranges (RFC 2046). Bodies are neither decoded nor kept in memory.
 *
 * The parser is lenient and never throws, because a message may contain anything. A malformed part becomes plain text
 * or bytes. Parts that exceed the limits on depth and number are not parsed.
 */
import { type Charsets, moreCharsets, needsMore, nodeCharsets } from "../charsets.ts";
import { listEncodedCharsets } from "../decode-words.ts";
import type { Header } from "../header.ts";
import { parseStructured, type Structured } from "../parameters.ts";
import { type Range, splitAtBoundaries } from "./boundaries.ts";
import { type Bytes, bytesOf, toBuffer } from "./bytes.ts";
import { headerAt } from "./part-header.ts";
import { decodeBody } from "./transfer-decoding.ts";
import { findEmbeddedFiles } from "./uuencoded.ts";

export interface Part {
  /**
   * The part's number as in IMAP (RFC 9051, section 6.4.5), such as "2.1"; empty for a multipart that is a whole
   * message.
   */
  readonly number: string;
  /** The type in lower case: "text/plain". */
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** "attachment", "inline" or empty. */
  readonly disposition: string;
  /** The decoded name. The name is not safe to show or to use as a file name. */
  readonly name: string | undefined;
  /** The Content-Transfer-Encoding in lower case. */
  readonly encoding: string;
  readonly header: Header;
  readonly source: Bytes;
  /** The range of the encoded body in the source. */
  readonly start: number;
  readonly end: number;
  /** The parts of a multipart, or the message inside a message/rfc822 part. */
  readonly parts: readonly Part[];
}

const deepest = 30;
const mostParts = 1000;
/** The maximum size of a decoded inner message, which is kept in memory. */
const largestDecoded = 1 << 24;

/** The state shared by the whole tree. */
interface Reading {
  parts: number;
  readonly charsets: Charsets;
  /** Whether to search text parts for uuencoded files, which requires reading the text. */
  readonly lookInTexts: boolean;
}

/**
 * Returns the tree of a message's parts.
 *
 * @param source a message with or without its From_ line
 */
export function parseParts(source: Bytes, charsets: Charsets = nodeCharsets): Part {
  return parsePartTree(source, charsets, false);
}

function parsePartTree(source: Bytes, charsets: Charsets, lookInTexts: boolean): Part {
  return wholeMessage(source, 0, source.size, "", 0, { parts: 0, charsets, lookInTexts });
}

/**
 * Returns the parts, including uuencoded files in text parts, and the charsets that are needed to decode the parts and
 * the header.
 */
export async function readParts(
  source: Bytes,
  header: Uint8Array = Buffer.alloc(0),
): Promise<{ root: Part; charsets: Charsets }> {
  const root = parsePartTree(source, nodeCharsets, true);
  const charsets = await charsetsOf(root, header);
  return { root: charsets === nodeCharsets ? root : parsePartTree(source, charsets, true), charsets };
}

/** Returns the charsets that are needed to decode a header and a part with its subparts. */
export async function charsetsOf(part: Part, header: Uint8Array = Buffer.alloc(0)): Promise<Charsets> {
  const fields = listLeaves(part).flatMap((leaf) =>
    ["content-type", "content-disposition"].map((name) => leaf.header.get(name) ?? ""),
  );
  const named = listLeaves(part).map(({ parameters }) => parameters.get("charset") ?? "");
  const words = [...fields, Buffer.from(header).toString("latin1")].flatMap(listEncodedCharsets);
  return needsMore([...named, ...words]) ? moreCharsets() : nodeCharsets;
}

/** Returns the charset that a message's first text part declares, or an empty string. */
export function charsetOfBody(root: Part): string {
  return (
    listLeaves(root)
      .find(({ type }) => type.startsWith("text/"))
      ?.parameters.get("charset") ?? ""
  );
}

/** Returns all parts that are not multiparts, in order, including those of inner messages. */
export function listLeaves(part: Part): Part[] {
  if (part.type.startsWith("multipart/") && part.parts.length > 0) return part.parts.flatMap(listLeaves);
  return [part, ...part.parts.flatMap(listLeaves)].filter(({ number }) => number !== "");
}

function wholeMessage(
  source: Bytes,
  start: number,
  end: number,
  number: string,
  depth: number,
  reading: Reading,
): Part {
  const under = number === "" ? "" : `${number}.`;
  return parsePart(source, start, end, { number, single: `${under}1`, under, orElse: "text/plain" }, depth, reading);
}

interface Place {
  /** The part's number if the part is a multipart. */
  readonly number: string;
  /** The part's number if the part is not a multipart. */
  readonly single: string;
  /** The prefix for the numbers of inner parts. */
  readonly under: string;
  readonly orElse: string;
}

function parsePart(source: Bytes, start: number, end: number, place: Place, depth: number, reading: Reading): Part {
  reading.parts++;
  const { header, bodyStart } = headerAt(source, start, end);
  const content = contentType(header, place.orElse, reading.charsets);
  const disposition = parseStructured(header.get("content-disposition") ?? "", reading.charsets);
  const encoding = (header.get("content-transfer-encoding") ?? "")
    .replace(/\([^()]*\)|\(.*|;.*/gs, "")
    .trim()
    .toLowerCase();
  const name = disposition.parameters.get("filename") ?? content.parameters.get("name");
  const common = {
    parameters: content.parameters,
    disposition: disposition.value,
    name: name === undefined || name.trim() === "" ? undefined : name.trim(),
    encoding,
    header,
    source,
    start: bodyStart,
    end,
  };
  if (content.value.startsWith("multipart/")) {
    const orElse = content.value === "multipart/digest" ? "message/rfc822" : "text/plain";
    const boundary = content.parameters.get("boundary");
    const opensInner = (bytes: Bytes, range: Range) => isMultipartHeader(bytes, range, boundary, reading.charsets);
    const split = (bytes: Bytes, range: Range) =>
      depth < deepest ? splitAtBoundaries(bytes, range, boundary, mostParts, (inner) => opensInner(bytes, inner)) : [];
    const stored = split(source, { start: bodyStart, end });
    // Multiparts must not be encoded (RFC 2045, section 6.4), but some are.
    const isEncoded = stored.length === 0 && isTransferEncoded(encoding);
    const body = isEncoded ? bytesOf(decodeBody(common, largestDecoded)) : source;
    const ranges = isEncoded ? split(body, { start: 0, end: body.size }) : stored;
    const parts = ranges.slice(0, Math.max(mostParts - reading.parts, 0)).map((range, index) => {
      const number = `${place.under}${index + 1}`;
      const child = { number, single: number, under: `${number}.`, orElse };
      return parsePart(body, range.start, range.end, child, depth + 1, reading);
    });
    // A multipart without parts is shown as text.
    if (parts.length > 0) return { ...common, type: content.value, number: place.number, parts };
    return { ...common, type: "text/plain", number: place.single, parts };
  }
  const leaf: Part = { ...common, type: content.value, number: place.single, parts: [] };
  if (reading.lookInTexts && isBareText(leaf)) {
    const parts = textAndFiles(leaf, place.under, reading);
    if (parts.length > 0) return { ...leaf, type: "multipart/mixed", number: place.number, parts };
  }
  return containsMessage(leaf) ? { ...leaf, parts: innerMessage(leaf, depth, reading) } : leaf;
}

/** Returns whether a part contains a message (RFC 2046, RFC 5537, RFC 6532), or the beginning of one. */
export function containsMessage({ type, parameters }: Pick<Part, "type" | "parameters">): boolean {
  if (type === "message/partial") return parameters.get("number") === "1";
  return type === "message/rfc822" || type === "message/news" || type === "message/global";
}

function isTransferEncoded(encoding: string): boolean {
  return encoding === "base64" || encoding === "quoted-printable";
}

/** Returns whether a range begins with the header of a multipart with this boundary. */
function isMultipartHeader(
  source: Bytes,
  { start, end }: Range,
  boundary: string | undefined,
  charsets: Charsets,
): boolean {
  const { value, parameters } = contentType(headerAt(source, start, end).header, "text/plain", charsets);
  return value.startsWith("multipart/") && parameters.get("boundary") === boundary;
}

function isBareText({ type, encoding, name, disposition }: Part): boolean {
  return type === "text/plain" && /^(?:[78]bit|binary|)$/.test(encoding) && name === undefined && disposition === "";
}

/**
 * Returns the text and its uuencoded files as the parts of an equivalent MIME message; empty if the text contains no
 * such file.
 */
function textAndFiles(leaf: Part, under: string, reading: Reading): Part[] {
  const { source, start, end } = leaf;
  const parts: Part[] = [];
  const add = (part: Partial<Part> & { start: number; end: number }) => {
    reading.parts++;
    parts.push({ ...leaf, ...part, number: `${under}${parts.length + 1}` });
  };
  const addText = (from: number, to: number) => {
    const blank = to - from < 100 && toBuffer(source.read(from, to)).toString("latin1").trim() === "";
    if (!blank) add({ start: from, end: to });
  };
  let at = start;
  for (const { from, next, ...file } of findEmbeddedFiles(source, start, end)) {
    addText(at, from);
    add({ ...file, type: "application/octet-stream", disposition: "attachment", parameters: new Map() });
    at = next;
  }
  if (parts.length > 0) addText(at, end);
  return parts;
}

function innerMessage(leaf: Part, depth: number, reading: Reading): Part[] {
  if (depth >= deepest || reading.parts >= mostParts) return [];
  const { source, start, end, number } = leaf;
  if (!isTransferEncoded(leaf.encoding)) return [wholeMessage(source, start, end, number, depth + 1, reading)];
  const decoded = bytesOf(decodeBody(leaf, largestDecoded));
  return [wholeMessage(decoded, 0, decoded.size, number, depth + 1, reading)];
}

/** Returns the content type. A part with a malformed Content-Type field is plain text (RFC 2045, section 5.2). */
function contentType(header: Header, orElse: string, charsets: Charsets): Structured {
  const field = header.get("content-type");
  if (field === undefined) return { value: orElse, parameters: new Map() };
  const content = parseStructured(field, charsets);
  return /^[^/\s]+\/[^/\s]+$/.test(content.value) ? content : { ...content, value: "text/plain" };
}

/** Returns the parts that are files: those with a name, and those with the disposition "attachment". */
export function listAttachedParts(root: Part): Part[] {
  return listLeaves(root).filter(({ name, disposition }) => name !== undefined || disposition === "attachment");
}
