/** Decoders for 7-bit charsets that shift into a table with two bytes per character. Node decodes the tables. */
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
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  for (const byte of Buffer.from(text.replace(/\x1b\$\)C(?:\r?\n)?/g, ""), "latin1")) {
    if (byte === SHIFT_OUT || byte === SHIFT_IN) out.shifted = byte === SHIFT_OUT;
    else out.add(byte);
  }
  return out.decoded("euc-kr");
};

/**
 * Decodes HZ (RFC 1843): two-byte characters between `~{` and `~}`, `~~` for a tilde, and `~` at the end of a line
 * that continues.
 */
const hz: Decode = (bytes) => {
  const out = new EightBits(bytes.length);
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    const next = bytes[at + 1];
    if (byte !== TILDE || (out.shifted && next !== 0x7d)) {
      out.add(byte);
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

/** Decoders by the charset names used in mail, in lower case. */
export const shiftedCharsets: ReadonlyMap<string, Decode> = new Map([
  ["iso-2022-kr", iso2022kr],
  ["csiso2022kr", iso2022kr],
  ["hz-gb-2312", hz],
  ["hz", hz],
]);
