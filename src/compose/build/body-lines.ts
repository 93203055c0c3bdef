/** The lines of a body as they go out: as they are, without returns, or encoded. */
import type { TransferEncoding } from "../../message/encode.ts";
import type { Body } from "../draft/body.ts";

/** Returns what makes lines for the wire of a body; LF ends them */
export async function loadEncoder(
  encoding: TransferEncoding,
): Promise<(body: Body) => Iterable<Buffer> | AsyncIterable<Buffer>> {
  if (encoding === "7bit" || encoding === "8bit") return (body) => asLines(body, body.facts.returns > 0);
  const { transferEncode } = await import("./transfer-encode.ts");
  return (body) => transferEncode(encoding, body);
}

/** RFC 1870: an estimate will do, and it must not be too small. */
export function sizeAs(encoding: TransferEncoding, { size, facts }: Body): number {
  if (encoding === "base64") return Math.ceil(size / 3) * 4 + Math.ceil(size / 57);
  if (encoding === "quoted-printable") return facts.ascii ? Math.ceil(size * 1.05) : size * 2;
  return size - facts.returns + (facts.ended ? 0 : 1);
}

/** Yields the body with a last line that ends, and with line ends of one byte where they are to be so. */
export function* asLines(body: Body, dropReturns: boolean): Iterable<Buffer> {
  if (dropReturns) yield* withoutReturns(body.pieces());
  else yield* body.pieces();
  if (!body.facts.ended) yield Buffer.from("\n");
}

/** CRLF becomes LF; another CR stays. */
function* withoutReturns(pieces: Iterable<Buffer>): Iterable<Buffer> {
  let held = false;
  for (const piece of pieces) {
    const text: string = (held ? "\r" : "") + piece.toString("latin1");
    held = text.endsWith("\r");
    yield Buffer.from((held ? text.slice(0, -1) : text).replaceAll("\r\n", "\n"), "latin1");
  }
  if (held) yield Buffer.from("\r");
}
