/** Charsets of seven bits that shift into a table of two bytes a character; Node's decoders know the tables. */
type Decode = (bytes: Uint8Array) => string;

const LF = 0x0a;
const SHIFT_OUT = 0x0e;
const SHIFT_IN = 0x0f;
const TILDE = 0x7e;

/** The bytes as the eight-bit form of a charset has them; never more than came in. */
class EightBits {
  readonly #bytes: Uint8Array;
  #size = 0;
  shifted = false;

  constructor(most: number) {
    this.#bytes = new Uint8Array(most);
  }

  add(byte: number): void {
    // Each line begins unshifted, whatever was forgotten in the one before.
    if (byte === LF) this.shifted = false;
    this.#bytes[this.#size++] = this.shifted && byte > 0x20 ? byte | 0x80 : byte;
  }

  decoded(charset: "euc-kr" | "gbk"): string {
    return new TextDecoder(charset).decode(this.#bytes.subarray(0, this.#size));
  }
}

/** ISO-2022-KR (RFC 1557): SO and SI, and a line that says which table is meant, of which there is one. */
const iso2022kr: Decode = (bytes) => {
  const out = new EightBits(bytes.length);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  for (const byte of Buffer.from(text.replace(/\x1b\$\)C(?:\r?\n)?/g, ""), "latin1")) {
    if (byte === SHIFT_OUT || byte === SHIFT_IN) out.shifted = byte === SHIFT_OUT;
    else out.add(byte);
  }
  return out.decoded("euc-kr");
};

/** HZ (RFC 1843): `~{` and `~}` around two bytes a character, `~~` for a tilde, `~` at a line's end goes on. */
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

/** By the names that mail has for them, in lower case. */
export const shiftedCharsets: ReadonlyMap<string, Decode> = new Map([
  ["iso-2022-kr", iso2022kr],
  ["csiso2022kr", iso2022kr],
  ["hz-gb-2312", hz],
  ["hz", hz],
]);
