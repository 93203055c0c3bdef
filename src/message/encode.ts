/** What bytes a body has, and so which charset and transfer encoding carry it whole (RFC 2045). */
import { isAscii, isUtf8 } from "node:buffer";

export type Charset = "us-ascii" | "UTF-8" | "unknown-8bit";
export type TransferEncoding = "7bit" | "8bit" | "quoted-printable" | "base64";

/** RFC 5321, section 4.5.3.1.6, less the CRLF. */
const longestLine = 998;

export function charsetOf(bytes: Uint8Array): Charset {
  if (isAscii(bytes)) return "us-ascii";
  return isUtf8(bytes) ? "UTF-8" : "unknown-8bit";
}

/** The least encoding under which the body arrives as it is; `eightBit` says whether the way takes bytes above 127. */
export function transferEncodingOf(body: Buffer, eightBit: boolean): TransferEncoding {
  if (body.includes(0) || hasBareCarriageReturn(body)) return "base64";
  const ascii = isAscii(body);
  if (hasLongLine(body) || !(ascii || eightBit)) return "quoted-printable";
  return ascii ? "7bit" : "8bit";
}

export function encodeBody(body: Buffer, encoding: TransferEncoding): Buffer {
  if (encoding === "base64")
    return Buffer.from(`${body.toString("base64").replace(/(.{76})(?=.)/g, "$1\n")}\n`, "latin1");
  return encoding === "quoted-printable" ? quotedPrintable(body) : body;
}

function hasBareCarriageReturn(body: Buffer): boolean {
  for (let at = body.indexOf(13); at >= 0; at = body.indexOf(13, at + 1)) if (body[at + 1] !== 10) return true;
  return false;
}

function hasLongLine(body: Buffer): boolean {
  let start = 0;
  while (body.length - start > longestLine) {
    const end = body.indexOf(10, start);
    if (end < 0 || end - start > longestLine) return true;
    start = end + 1;
  }
  return false;
}

/** RFC 2045, section 6.7: lines of at most 76 characters; a CRLF of the body is a line end, as is an LF. */
function quotedPrintable(body: Buffer): Buffer {
  const out: string[] = [];
  let line = "";
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] as number;
    if (byte === 10 || (byte === 13 && body[at + 1] === 10)) {
      out.push(line, "\n");
      line = "";
      if (byte === 13) at++;
      continue;
    }
    const next = body[at + 1];
    const atEnd = next === undefined || next === 10 || next === 13;
    const plain = (byte > 32 && byte < 127 && byte !== 61) || ((byte === 32 || byte === 9) && !atEnd);
    const written = plain ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    if (line.length + written.length > 75) {
      out.push(line, "=\n");
      line = "";
    }
    line += written;
  }
  out.push(line);
  return Buffer.from(out.join(""), "latin1");
}
