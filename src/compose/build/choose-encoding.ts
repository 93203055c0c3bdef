/** Chooses the charset and transfer encoding that preserve a text (RFC 2045). */
import type { TextFacts } from "../../message/text-facts.ts";

export type TransferEncoding = "7bit" | "8bit" | "quoted-printable" | "base64";

/** The longest line without its CRLF (RFC 5321, section 4.5.3.1.6). */
const longestLine = 998;

/**
 * Returns the MIME name of a text's charset.
 *
 * @param ttycharset the charset of text that is neither ASCII nor UTF-8, from the variable or the locale. If it is
 *   undefined, the result is "unknown-8bit" (RFC 1428), because a wrong guess would damage the text.
 */
export function charsetOf(facts: Pick<TextFacts, "ascii" | "utf8">, ttycharset?: string): string {
  if (facts.ascii) return "us-ascii";
  if (facts.utf8) return "UTF-8";
  return ttycharset ?? "unknown-8bit";
}

/**
 * Returns the simplest transfer encoding that preserves a text. Base64 preserves all bytes, including line endings.
 * The other encodings preserve the lines, but line endings become those of the receiving system.
 *
 * @param eightBit whether the transport accepts bytes above 127
 */
export function transferEncodingOf(facts: TextFacts, eightBit: boolean): TransferEncoding {
  if (facts.binary || facts.lineEnds === "mixed") return "base64";
  if (facts.longest > longestLine || !(facts.ascii || eightBit)) return "quoted-printable";
  return facts.ascii ? "7bit" : "8bit";
}
