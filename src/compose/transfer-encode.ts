/** A body as quoted-printable or base64 (RFC 2045, section 6), a piece at a time. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Encoder as Base64 } from "nodemailer/lib/base64";
import { Encoder as QuotedPrintable } from "nodemailer/lib/qp";
import type { Body } from "./body.ts";

/** @returns lines that end with LF; what they stand for is the body to the byte, a missing last line end included */
export async function* transferEncode(encoding: "quoted-printable" | "base64", body: Body): AsyncIterable<Buffer> {
  const encoder = encoding === "base64" ? new Base64({}) : new QuotedPrintable({});
  const fed = pipeline(Readable.from(body.pieces(), { objectMode: false }), encoder);
  fed.catch(() => {}); // reading the encoder tells it too
  for await (const piece of encoder) yield unixLines(piece as Buffer);
  await fed;
  if (encoding === "base64") yield Buffer.from("\n");
  else if (!body.facts.ended) yield Buffer.from("=\n");
}

/** What is encoded has no CR but in front of an LF. */
export function unixLines(piece: Buffer): Buffer {
  return piece.includes(13) ? Buffer.from(piece.toString("latin1").replaceAll("\r", ""), "latin1") : piece;
}
