/**
 * Stores the values of one text fact for all rows of a table (list-facts.ts): the loaded values in one string, and the
 * values added later in one buffer.
 */
import { isAscii } from "node:buffer";
import { decodeBytes, toBytes } from "../message/text.ts";

/** Number of characters that are collected before they are converted to bytes. */
const mostPending = 1 << 10;

/** A text column. A row's values are the bytes from its start to its end. Each value is followed by LF. */
export interface Texts {
  readonly starts: Uint32Array<ArrayBuffer>;
  readonly ends: Uint32Array<ArrayBuffer>;
  readonly bytes: Buffer;
}

/** A text column in memory. Rows can be filled in any order. */
export class TextColumnInMemory {
  #starts: Uint32Array<ArrayBuffer>;
  #ends: Uint32Array<ArrayBuffer>;
  /**
   * The column as it was loaded, one character per byte. The column is a single string, because extracting substrings
   * takes little time and memory.
   */
  readonly #text: string;
  #lower: string | undefined;
  /** Bytes that were added after `#text`. */
  #bytes: Buffer;
  /**
   * Values that are not yet in `#bytes`. Converting many short strings to bytes in one step is faster than converting
   * each of them.
   */
  #pending = "";
  /** The total number of bytes in the values. */
  length: number;
  #isAscii: boolean;

  constructor(rows: number, stored?: Texts) {
    this.#starts = stored?.starts ?? new Uint32Array(rows);
    this.#ends = stored?.ends ?? new Uint32Array(rows);
    this.length = stored?.bytes.length ?? 0;
    this.#isAscii = stored === undefined || isAscii(stored.bytes);
    this.#text = this.#isAscii ? (stored?.bytes.toString("latin1") ?? "") : "";
    this.#bytes = this.#isAscii || stored === undefined ? Buffer.alloc(0) : Buffer.from(stored.bytes);
  }

  /** Sets the values of a row. @param values lossless text without LF */
  add(row: number, values: readonly string[]): void {
    if (row >= this.#starts.length) {
      this.#starts = enlargeArray(this.#starts, 2 * row);
      this.#ends = enlargeArray(this.#ends, 2 * row);
    }
    this.#starts[row] = this.length;
    for (const value of values) {
      const isPlain = /^[\x00-\x7f]*$/.test(value);
      const added = isPlain ? value : toBytes(value).toString("latin1");
      this.#isAscii &&= isPlain;
      this.#pending += `${added}\n`;
      this.length += added.length + 1;
    }
    this.#ends[row] = this.length;
    if (this.#pending.length > mostPending) this.#flush();
  }

  #flush(): void {
    if (this.#pending === "") return;
    const length = this.length - this.#text.length;
    if (length > this.#bytes.length) this.#bytes = growBytes(this.#bytes, length);
    this.#bytes.write(this.#pending, length - this.#pending.length, "latin1");
    this.#pending = "";
  }

  /** Returns a row's values, each followed by LF. */
  read(row: number): string {
    const start = this.#starts[row] as number;
    const end = this.#ends[row] as number;
    const loaded = this.#text.length;
    if (end <= loaded) return this.#text.slice(start, end);
    this.#flush();
    const bytes = this.#bytes.subarray(start - loaded, end - loaded);
    return this.#isAscii ? bytes.toString("latin1") : decodeBytes(bytes);
  }

  /**
   * Returns a row's values in lower case; undefined if they were not loaded from a file, or if the column is not pure
   * ASCII.
   */
  readLower(row: number): string | undefined {
    const end = this.#ends[row] as number;
    if (end > this.#text.length) return undefined;
    this.#lower ??= this.#text.toLowerCase();
    return this.#lower.slice(this.#starts[row], end);
  }

  /** Returns the column as a file stores it: the starts and the ends of the first `count` rows, and then the bytes. */
  toBytes(count: number): Uint8Array[] {
    this.#flush();
    if (count > this.#starts.length) {
      this.#starts = enlargeArray(this.#starts, count);
      this.#ends = enlargeArray(this.#ends, count);
    }
    const text = Buffer.from(this.#text, "latin1");
    const bytes = this.#bytes.subarray(0, this.length - this.#text.length);
    return [
      new Uint8Array(this.#starts.buffer, 0, count * 4),
      new Uint8Array(this.#ends.buffer, 0, count * 4),
      text,
      bytes,
    ];
  }
}

/** Returns a copy of an array with room for at least the given number of elements. */
export function enlargeArray(array: Uint32Array<ArrayBuffer>, atLeast: number): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(Math.max(atLeast, 256));
  grown.set(array);
  return grown;
}

function growBytes(bytes: Buffer, atLeast: number): Buffer {
  const grown = Buffer.allocUnsafeSlow(Math.max(atLeast, 4096, bytes.length * 2));
  bytes.copy(grown);
  return grown;
}
