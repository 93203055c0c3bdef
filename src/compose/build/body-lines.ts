/** The lines of a body as they are sent: unchanged, with LF line endings, or encoded. */

import type { Body } from "../draft/body.ts";
import type { TransferEncoding } from "../draft/choose-encoding.ts";

/** Returns a function that yields the lines of a body in the given encoding, with LF line endings. */
export async function loadEncoder(
  encoding: TransferEncoding,
): Promise<(body: Body) => Iterable<Buffer> | AsyncIterable<Buffer>> {
  if (encoding === "7bit" || encoding === "8bit") return (body) => splitBodyLines(body, body.facts.returns > 0);
  const { transferEncode } = await import("./transfer-encode.ts");
  return (body) => transferEncode(encoding, body);
}

/** Returns the estimated size of an encoded body. It must not be too small (RFC 1870). */
export function estimateEncodedSize(encoding: TransferEncoding, { size, facts }: Body): number {
  if (encoding === "base64") return Math.ceil(size / 3) * 4 + Math.ceil(size / 57);
  if (encoding === "quoted-printable") return facts.ascii ? Math.ceil(size * 1.05) : size * 2;
  return size - facts.returns + (facts.ended ? 0 : 1);
}

/** Yields the body with a final newline and, if `dropReturns` is true, with LF instead of CRLF. */
export function* splitBodyLines(body: Body, dropReturns: boolean): Iterable<Buffer> {
  if (dropReturns) yield* withoutReturns(body.pieces());
  else yield* body.pieces();
  if (!body.facts.ended) yield Buffer.from("\n");
}

/** Converts CRLF to LF. Other CRs are kept. */
function* withoutReturns(pieces: Iterable<Buffer>): Iterable<Buffer> {
  let held = false;
  for (const piece of pieces) {
    const text: string = (held ? "\r" : "") + piece.toString("latin1");
    held = text.endsWith("\r");
    yield Buffer.from((held ? text.slice(0, -1) : text).replaceAll("\r\n", "\n"), "latin1");
  }
  if (held) yield Buffer.from("\r");
}
