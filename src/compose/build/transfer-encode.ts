/** Encodes a body as quoted-printable or base64 (RFC 2045, section 6) in pieces. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Encoder as Base64 } from "nodemailer/lib/base64";
import { Encoder as QuotedPrintable } from "nodemailer/lib/qp";
import type { Body } from "../draft/body.ts";

/**
 * Yields an encoded body as lines that end with LF. The lines decode to exactly the same bytes, even if the body has no
 * trailing newline.
 */
export async function* transferEncode(encoding: "quoted-printable" | "base64", body: Body): AsyncIterable<Buffer> {
  const encoder = encoding === "base64" ? new Base64({}) : new QuotedPrintable({});
  const fed = pipeline(Readable.from(body.pieces(), { objectMode: false }), encoder);
  fed.catch(() => {}); // the loop below, which reads the encoder's output, also reports the error
  let line: Buffer = Buffer.alloc(0);
  for await (const piece of encoder) {
    const text = Buffer.concat([line, unixLines(piece as Buffer)]);
    const end = text.lastIndexOf(10) + 1;
    line = text.subarray(end);
    yield text.subarray(0, end);
  }
  await fed;
  if (encoding === "base64") yield Buffer.concat([line, Buffer.from("\n")]);
  else yield body.facts.ended ? line : encodeSoftLineBreak(line.toString("latin1"));
}

/**
 * Ends the last line of a quoted-printable body with a soft line break, because the body has no trailing newline. No
 * line becomes longer than 76 columns.
 */
function encodeSoftLineBreak(line: string): Buffer {
  if (line.length <= 75) return Buffer.from(`${line}=\n`, "latin1");
  const cut = line.lastIndexOf("=", 74) > 72 ? line.lastIndexOf("=", 74) : 75;
  return Buffer.from(`${line.slice(0, cut)}=\n${line.slice(cut)}=\n`, "latin1");
}

/** Returns encoded text with LF line endings. In encoded text, CR occurs only before LF. */
export function unixLines(piece: Buffer): Buffer {
  return piece.includes(13) ? Buffer.from(piece.toString("latin1").replaceAll("\r", ""), "latin1") : piece;
}
