/** Which charset and transfer encoding carry a text whole (RFC 2045). */
import type { TextFacts } from "./text-facts.ts";

export type TransferEncoding = "7bit" | "8bit" | "quoted-printable" | "base64";

/** RFC 5321, section 4.5.3.1.6, less the CRLF. */
const longestLine = 998;

/**
 * What the bytes are, said as MIME says it.
 *
 * @param ttycharset the charset of the user's texts where it is not UTF-8: that of the locale, or the variable; what is
 * UTF-8 all the same is called so, and what can be neither is "unknown-8bit" (RFC 1428), never a guess that damages it
 */
export function charsetOf(facts: Pick<TextFacts, "ascii" | "utf8">, ttycharset?: string): string {
  if (facts.ascii) return "us-ascii";
  if (facts.utf8) return "UTF-8";
  return ttycharset ?? "unknown-8bit";
}

/**
 * Returns the least encoding under which a text arrives as it is; `eightBit` says whether the way takes bytes above 127.
 * Base64 keeps every byte, the line ends too; the other three keep lines, whose ends are the receiver's.
 */
export function transferEncodingOf(facts: TextFacts, eightBit: boolean): TransferEncoding {
  if (facts.binary || facts.lineEnds === "mixed") return "base64";
  if (facts.longest > longestLine || !(facts.ascii || eightBit)) return "quoted-printable";
  return facts.ascii ? "7bit" : "8bit";
}
