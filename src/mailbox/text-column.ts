/**
 * Stores the values of one text fact for all rows of a table (list-facts.ts): the loaded values in one string, and the
 * values added later in one buffer.
 */
import { isAscii } from "node:buffer";
import { decodeBytes, toBytes } from "../message/text.ts";

/** Number of characters that are collected before they are converted to bytes. */
const mostPending = 1 << 12;

/**
 * A text column. The bytes from the end of the previous row to the end of a row contain the row's values. Each value is
 * followed by LF.
 */
export interface Texts {
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
  readonly #isTextAscii: boolean;
  /** Bytes that were added after `#text`. */
  #bytes: Buffer = Buffer.alloc(0);
  /**
   * Values that are not yet in `#bytes`. Converting many short strings to bytes in one step is faster than converting
   * each of them.
   */
  #pending = "";
  /** The total number of bytes in the values. */
  length: number;

  constructor(rows: number, stored?: Texts) {
    this.#ends = stored?.ends ?? new Uint32Array(rows);
    this.#starts = new Uint32Array(this.#ends.length);
    this.#starts.set(this.#ends.subarray(0, -1), 1);
    this.#text = stored?.bytes.toString("latin1") ?? "";
    this.#isTextAscii = stored === undefined || isAscii(stored.bytes);
    this.length = this.#text.length;
  }

  /** Sets the values of a row. @param text lossless text in which each value is followed by LF */
  add(row: number, text: string): void {
    if (row >= this.#starts.length) {
      this.#starts = enlargeArray(this.#starts, 2 * row);
      this.#ends = enlargeArray(this.#ends, 2 * row);
    }
    this.#starts[row] = this.length;
    if (text !== "") {
      const added = /^[\x00-\x7f]*$/.test(text) ? text : toBytes(text).toString("latin1");
      this.#pending += added;
      this.length += added.length;
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
    if (start === end) return "";
    const loaded = this.#text.length;
    if (end <= loaded) {
      const text = this.#text.slice(start, end);
      return this.#isTextAscii || !/[\x80-\xff]/.test(text) ? text : decodeBytes(Buffer.from(text, "latin1"));
    }
    this.#flush();
    return decodeBytes(this.#bytes.subarray(start - loaded, end - loaded));
  }

  /**
   * Returns 1 for each row whose decoded values may contain all of the given words, and 0 for the other rows. Upper and
   * lower case are equivalent. A row that has no values or was not loaded from a file may contain any word.
   *
   * @param words printable ASCII in lower case, without spaces
   */
  findRows(count: number, words: readonly string[]): Uint8Array {
    const [starts, ends] = [this.#starts, this.#ends];
    const lower = this.#text.toLowerCase();
    const rows = new Uint8Array(count).fill(1);
    for (const word of words) {
      const found = new Uint8Array(count);
      this.#markRows(found, lower, word);
      for (let row = 0; row < count; row++) rows[row] = (rows[row] as number) & (found[row] as number);
    }
    // An encoded word may contain any of the words.
    this.#markRows(rows, lower, "=?");
    for (let row = 0; row < count; row++) {
      if (starts[row] === ends[row] || (ends[row] as number) > lower.length) rows[row] = 1;
    }
    if (!this.#isTextAscii) {
      for (let row = 0; row < count; row++) {
        if (rows[row] === 0 && /[\x80-\xff]/.test(lower.slice(starts[row], ends[row]))) rows[row] = 1;
      }
    }
    return rows;
  }

  /** Sets a row to 1 if its loaded values contain a text. @param text without LF */
  #markRows(rows: Uint8Array, lower: string, text: string): void {
    const [starts, ends] = [this.#starts, this.#ends];
    let row = 0;
    for (let at = lower.indexOf(text); at >= 0; ) {
      // Rows that were filled later have no place in the loaded text.
      while (row < rows.length && ((ends[row] as number) <= at || (starts[row] as number) >= lower.length)) row++;
      if (row === rows.length) return;
      rows[row] = 1;
      at = lower.indexOf(text, ends[row]);
    }
  }

  /** Returns the column as a file stores it: the ends of the first `count` rows, and then the bytes. */
  toBytes(count: number): Uint8Array[] {
    this.#flush();
    if (count > this.#starts.length) {
      this.#starts = enlargeArray(this.#starts, count);
      this.#ends = enlargeArray(this.#ends, count);
    }
    const text = Buffer.from(this.#text, "latin1");
    const bytes = this.#bytes.subarray(0, this.length - text.length);
    const length = this.#contiguousLength(count);
    if (length === undefined) return this.#sortRows(count, text, bytes);
    return [
      new Uint8Array(this.#ends.buffer, 0, count * 4),
      text.subarray(0, length),
      bytes.subarray(0, Math.max(0, length - text.length)),
    ];
  }

  /** Returns the length of the first `count` rows; undefined if a row does not begin where the previous one ends. */
  #contiguousLength(count: number): number | undefined {
    let end = 0;
    for (let row = 0; row < count; row++) {
      if (this.#starts[row] !== end) return undefined;
      end = this.#ends[row] as number;
    }
    return end;
  }

  /** Returns the first `count` rows in ascending order. */
  #sortRows(count: number, text: Buffer, bytes: Buffer): Uint8Array[] {
    const ends = new Uint32Array(count);
    const pieces: Buffer[] = [];
    let length = 0;
    for (let row = 0; row < count; row++) {
      const [start, end] = [this.#starts[row] as number, this.#ends[row] as number];
      const from = end <= text.length ? text : bytes;
      const before = from === text ? 0 : text.length;
      if (end > start) pieces.push(from.subarray(start - before, end - before));
      length += end - start;
      ends[row] = length;
    }
    return [new Uint8Array(ends.buffer), Buffer.concat(pieces, length)];
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
