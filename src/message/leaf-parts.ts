/**
 * The parts of a MIME message that are not multipart (RFC 2046, section 5.1), found by their boundary lines in one pass.
 *
 * Liberal: a boundary that never closes ends with the message, a multipart without boundary is one text. For looking
 * into many messages; nothing is decoded before it is asked for.
 */
import { nodeCharsets } from "./charsets.ts";
import { fieldValues } from "./field-values.ts";
import { parseStructured, type Structured } from "./parameters.ts";
import { fromBytes } from "./text.ts";

export interface LeafPart {
  /** As `text/plain`, in lower case. */
  readonly type: string;
  readonly charset: string | undefined;
  /** Content-Transfer-Encoding in lower case. */
  readonly encoding: string;
  /** Has a file name, or is said to be an attachment. */
  readonly attached: boolean;
  readonly fileName: string | undefined;
  /** Still encoded. */
  readonly body: Buffer;
}

const deepest = 30;

/** @param message header, empty line and body; a From_ line in front does no harm */
export function* leafParts(message: Buffer, depth = 0): Generator<LeafPart> {
  const { header, body } = split(message);
  const type = parseStructured(fieldValues(header, "content-type")[0] ?? "text/plain");
  const boundary = type.parameters.get("boundary");
  if (type.value.startsWith("multipart/") && boundary !== undefined && boundary !== "" && depth < deepest) {
    for (const part of between(body, boundary)) yield* leafParts(part, depth + 1);
    return;
  }
  yield leaf(header, type, body);
  if (type.value === "message/rfc822" && depth < deepest) yield* leafParts(body, depth + 1);
}

function leaf(header: string, type: Structured, body: Buffer): LeafPart {
  const disposition = parseStructured(fieldValues(header, "content-disposition")[0] ?? "");
  const fileName = disposition.parameters.get("filename") ?? type.parameters.get("name");
  return {
    type: type.value,
    charset: type.parameters.get("charset"),
    encoding: (fieldValues(header, "content-transfer-encoding")[0] ?? "7bit").toLowerCase(),
    attached: fileName !== undefined || disposition.value === "attachment",
    fileName,
    body,
  };
}

function split(message: Buffer): { header: string; body: Buffer } {
  // A part may begin with the empty line: it has no header then.
  if (message[0] === 10) return { header: "", body: message.subarray(1) };
  if (message[0] === 13 && message[1] === 10) return { header: "", body: message.subarray(2) };
  for (let at = message.indexOf(10); at >= 0; at = message.indexOf(10, at + 1)) {
    const next = message[at + 1];
    if (next === 10) return { header: message.toString("latin1", 0, at + 1), body: message.subarray(at + 2) };
    if (next === 13 && message[at + 2] === 10)
      return { header: message.toString("latin1", 0, at + 1), body: message.subarray(at + 3) };
  }
  return { header: message.toString("latin1"), body: message.subarray(message.length) };
}

function* between(body: Buffer, boundary: string): Generator<Buffer> {
  const mark = Buffer.from(`--${boundary}`, "latin1");
  let start = -1;
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + mark.length)) {
    if (at > 0 && body[at - 1] !== 10) continue;
    let behind = at + mark.length;
    const closing = body[behind] === 45 && body[behind + 1] === 45;
    while (body[behind] === 32 || body[behind] === 9 || body[behind] === 13) behind++;
    // The beginning of a longer boundary is not this one.
    if (!closing && behind < body.length && body[behind] !== 10) continue;
    if (start >= 0) yield body.subarray(start, Math.max(start, withoutLineEnd(body, at)));
    if (closing) return;
    start = behind + 1;
  }
  if (start >= 0) yield body.subarray(start);
}

/** The line end in front of a boundary belongs to the boundary. */
function withoutLineEnd(body: Buffer, at: number): number {
  if (at === 0) return 0;
  return at > 1 && body[at - 2] === 13 ? at - 2 : at - 1;
}

export function decodedBody({ encoding, body }: LeafPart): Buffer {
  if (encoding === "base64") return Buffer.from(body.toString("latin1"), "base64");
  if (encoding !== "quoted-printable") return body;
  const text = body
    .toString("latin1")
    .replace(/[ \t]+(?=\r?$)/gm, "")
    .replace(/=\r?\n/g, "")
    .replace(/=([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(text, "latin1");
}

/** The body of a text part as text. */
export function partText(part: LeafPart): string {
  const bytes = decodedBody(part);
  const { charset = "utf-8" } = part;
  return /^(us-ascii|utf-?8)$/i.test(charset) ? fromBytes(bytes) : (nodeCharsets(charset)?.(bytes) ?? fromBytes(bytes));
}
