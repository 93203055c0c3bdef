/**
 * Decoders for 7-bit charsets that shift into another table. Node decodes the tables.
 *
 * Mail programs insert escape sequences that change nothing, and the concatenation of encoded words also produces such
 * sequences. They are dropped.
 */
type Decode = (bytes: Uint8Array) => string;

const LF = 0x0a;
const SHIFT_OUT = 0x0e;
const SHIFT_IN = 0x0f;
const TILDE = 0x7e;

/** The 8-bit form of a charset, which is never longer than the 7-bit form. */
class EightBits {
  readonly #bytes: Uint8Array;
  #size = 0;
  shifted = false;

  constructor(most: number) {
    this.#bytes = new Uint8Array(most);
  }

  add(byte: number): void {
    // Each line starts unshifted, even if the previous line lacks its shift-in.
    if (byte === LF) this.shifted = false;
    this.#bytes[this.#size++] = this.shifted && byte > 0x20 ? byte | 0x80 : byte;
  }

  decoded(charset: "euc-kr" | "gbk"): string {
    return new TextDecoder(charset).decode(this.#bytes.subarray(0, this.#size));
  }
}

/**
 * Decodes ISO-2022-KR (RFC 1557): SO shifts into the table and SI back to ASCII; the escape sequence that selects the
 * table is removed.
 */
const iso2022kr: Decode = (bytes) => {
  const out = new EightBits(bytes.length);
  const text = asLatin1(bytes)
    .replace(/^\x1b\$\)C\r?\n/, "")
    .replace(/\x1b\$\)C/g, "");
  for (const byte of Buffer.from(text, "latin1")) {
    if (byte === SHIFT_OUT || byte === SHIFT_IN) out.shifted = byte === SHIFT_OUT;
    else out.add(byte);
  }
  return out.decoded("euc-kr");
};

/**
 * Decodes HZ (RFC 1843): two-byte characters between `~{` and `~}`, `~~` for a tilde, and `~` at the end of a line
 * that continues. A tilde can be the second byte of a character, but not the first.
 */
const hz: Decode = (bytes) => {
  const out = new EightBits(bytes.length);
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    const next = bytes[at + 1];
    if (byte !== TILDE) {
      out.add(byte);
      if (out.shifted && byte > 0x20 && next !== undefined && next > 0x20) {
        out.add(next);
        at++;
      }
      continue;
    }
    at++;
    if (next === 0x7b || next === 0x7d) out.shifted = next === 0x7b;
    else if (next === TILDE) out.add(TILDE);
    else if (next !== LF) {
      out.add(TILDE);
      if (next !== undefined) out.add(next);
    }
  }
  return out.decoded("gbk");
};

const jisEscape = String.raw`\x1b(?:\([BHIJ]|\$[@B])`;
const redundantEscapes = new RegExp(`(?:${jisEscape})+(?=${jisEscape})`, "g");

/**
 * Decodes ISO-2022-JP (RFC 1468). `ESC ( H` is an old form of `ESC ( J`. 8-bit text without escape sequences is in
 * another Japanese charset.
 */
const iso2022jp: Decode = (bytes) => {
  const written = asLatin1(bytes);
  const other = /[\x80-\xff]/.test(written) && !written.includes("\x1b") ? decodeJapanese(bytes) : undefined;
  if (other !== undefined) return other;
  const text = written.replace(redundantEscapes, "").replace(/\x1b\(H/g, "\x1b(J");
  return new TextDecoder("iso-2022-jp").decode(Buffer.from(text, "latin1"));
};

/** Decodes 8-bit Japanese text. Returns undefined if the text is not valid in any of the charsets. */
function decodeJapanese(bytes: Uint8Array): string | undefined {
  for (const charset of ["utf-8", "euc-jp", "shift_jis"]) {
    try {
      return new TextDecoder(charset, { fatal: true }).decode(bytes);
    } catch {
      // The text is in another charset.
    }
  }
  return undefined;
}

/** Decodes UTF-7 (RFC 2152): UTF-16 in base64 between `+` and `-`, and `+-` for a plus sign. */
const utf7: Decode = (bytes) =>
  asLatin1(bytes).replace(/\+([A-Za-z0-9+/]*)-?/g, (all, encoded: string) => {
    if (all === "+-") return "+";
    // A plus sign that encodes no character comes from a program that does not encode plus signs.
    if (encoded.length < 3) return all;
    const units = Buffer.from(encoded, "base64");
    return units
      .subarray(0, units.length & ~1)
      .swap16()
      .toString("utf16le");
  });

function asLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** Decoders, keyed by the charset names used in mail, in lower case. */
export const shiftedCharsets: ReadonlyMap<string, Decode> = new Map([
  ["iso-2022-kr", iso2022kr],
  ["csiso2022kr", iso2022kr],
  ["hz-gb-2312", hz],
  ["hz", hz],
  ["iso-2022-jp", iso2022jp],
  ["csiso2022jp", iso2022jp],
  ["utf-7", utf7],
  ["utf7", utf7],
  ["unicode-1-1-utf-7", utf7],
  ["x-unicode-2-0-utf-7", utf7],
]);
