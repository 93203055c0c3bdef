/**
 * Collects the facts that determine how text is labelled and encoded, and chooses the charset and transfer encoding that
 * preserve the text (RFC 2045). The text may arrive in pieces.
 */
import { isAscii, isUtf8 } from "node:buffer";

export type TransferEncoding = "7bit" | "8bit" | "quoted-printable" | "base64";

/** The maximum length of a line, without its CRLF (RFC 5321, section 4.5.3.1.6). */
const longestLine = 998;

const CR = 13;
const LF = 10;

/** Facts about text that determine its encoding: bytes above 127, long lines, NULs, and CRs. */
export class TextFacts {
  #ascii = true;
  #utf8 = true;
  #nul = false;
  #bareReturn = false;
  #crlf = 0;
  #lf = 0;
  #size = 0;
  #longest = 0;
  /** The number of bytes in the unfinished last line. */
  #line = 0;
  #last = LF;
  /** The start of a UTF-8 sequence that continues in the next piece. */
  #unfinished: Buffer = Buffer.alloc(0);

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#size += piece.length;
    this.#charset(piece);
    this.#nul ||= piece.includes(0);
    this.#lines(piece);
    this.#last = piece[piece.length - 1] as number;
  }

  /** True if no byte is above 127. */
  get ascii(): boolean {
    return this.#ascii;
  }

  get utf8(): boolean {
    return this.#utf8 && this.#unfinished.length === 0;
  }

  /** True if the bytes cannot be lines of text: they contain a NUL, or a CR that does not end a line. */
  get binary(): boolean {
    return this.#nul || this.#bareReturn || this.#last === CR;
  }

  /** The text's line endings. No text encoding preserves "mixed" line endings. */
  get lineEnds(): "lf" | "crlf" | "mixed" {
    if (this.#crlf === 0) return "lf";
    return this.#lf === 0 ? "crlf" : "mixed";
  }

  /** The number of bytes in the longest line, without its line ending. */
  get longest(): number {
    return Math.max(this.#longest, this.#line);
  }

  /** True if the last line has a newline or the text is empty. */
  get ended(): boolean {
    return this.#last === LF;
  }

  get size(): number {
    return this.#size;
  }

  /** The number of CRLF line endings. */
  get returns(): number {
    return this.#crlf;
  }

  #charset(piece: Buffer): void {
    if (this.#unfinished.length === 0 && isAscii(piece)) return;
    this.#ascii = false;
    if (!this.#utf8) return;
    const joined = this.#unfinished.length === 0 ? piece : Buffer.concat([this.#unfinished, piece]);
    const whole = joined.length - countUnfinishedBytes(joined);
    this.#utf8 = isUtf8(joined.subarray(0, whole));
    this.#unfinished = Buffer.from(joined.subarray(whole));
  }

  #lines(piece: Buffer): void {
    let start = 0;
    let before = this.#last;
    for (let end = piece.indexOf(LF); end >= 0; end = piece.indexOf(LF, start)) {
      if (end > 0) before = piece[end - 1] as number;
      const length = this.#line + end - start;
      if (before === CR && length > 0) {
        this.#crlf++;
        if (length - 1 > this.#longest) this.#longest = length - 1;
      } else {
        this.#lf++;
        if (length > this.#longest) this.#longest = length;
      }
      this.#line = 0;
      start = end + 1;
    }
    this.#line += piece.length - start;
    if (this.#last === CR && piece[0] !== LF && this.#size > piece.length) this.#bareReturn = true;
    for (let at = piece.indexOf(CR); at >= 0 && at < piece.length - 1; at = piece.indexOf(CR, at + 1)) {
      if (piece[at + 1] !== LF) this.#bareReturn = true;
      if (this.#bareReturn) return;
    }
  }
}

/** Returns how many bytes at the end belong to an incomplete UTF-8 sequence: 0 to 3. */
function countUnfinishedBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

/**
 * Returns the MIME name of the text's charset.
 *
 * @param ttycharset the charset of text that is neither ASCII nor UTF-8, from the variable or the locale. If undefined,
 * the result is "unknown-8bit" (RFC 1428), because a wrong guess would damage the text.
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
