/** Chooses the charset and transfer encoding that preserve the text (RFC 2045). */
import type { TextFacts } from "../../message/text-facts.ts";

export type TransferEncoding = "7bit" | "8bit" | "quoted-printable" | "base64";

/** The longest line without its CRLF (RFC 5321, section 4.5.3.1.6). */
const longestLine = 998;

/**
 * Returns the MIME name of the text's charset.
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
 * Returns the simplest transfer encoding that preserves the text. Base64 preserves all bytes, including line endings.
 * The other encodings preserve the lines, but line endings become those of the receiving system.
 *
 * @param eightBit whether the transport accepts bytes above 127
 */
export function transferEncodingOf(facts: TextFacts, eightBit: boolean): TransferEncoding {
  if (facts.binary || facts.lineEnds === "mixed") return "base64";
  if (facts.longest > longestLine || !(facts.ascii || eightBit)) return "quoted-printable";
  return facts.ascii ? "7bit" : "8bit";
}

/**
 * Returns whether an encoding preserves the text. Quoted-printable leaves the form of newlines to the recipient's
 * system.
 */
export function canBeEncoded(facts: TextFacts, encoding: TransferEncoding): boolean {
  const least = transferEncodingOf(facts, true);
  if (encoding === "base64") return true;
  if (least === "base64") return false;
  if (encoding === "quoted-printable") return true;
  return least === "7bit" || (least === "8bit" && encoding === "8bit");
}

/** Returns the type with the charset added, if it is a text type that declares no charset (RFC 2046, section 4.1.2). */
export function declareCharset(type: string, charset: string | undefined): string {
  const bare = type.trim().replace(/[ \t]*;$/, "");
  if (charset === undefined || !/^text\//i.test(bare) || /;\s*charset\*?\d*\*?\s*=/i.test(bare)) return bare;
  return `${bare}; charset=${charset}`;
}
