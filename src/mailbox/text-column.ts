/**
 * Stores the values of one text fact for all rows of a table (list-facts.ts) in one buffer. Values are copied as bytes;
 * strings are made only of the values that are requested.
 */
import { isAscii } from "node:buffer";
import { decodeBytes, toBytes } from "../message/text.ts";

/** Number of bytes that are converted to a string together if rows are read in order. */
const windowLength = 256 << 10;
/** After this number of jumps, the complete column is converted. */
const mostJumps = 64;
const LF = 10;

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
  /** The bytes of all values; undefined if only `#text` contains them. */
  #bytes: Buffer | undefined;
  /**
   * A part of the column as a string, one character per byte. Extracting substrings from it takes less time and memory
   * than converting the values one at a time.
   */
  #text = "";
  #textAt = 0;
  #isTextAscii = true;
  /** How often a row was read that did not follow the part. */
  #jumps = 0;
  /** The total number of bytes in the values. */
  length: number;

  /**
   * Creates an empty column, or a column with stored values.
   *
   * @param stored the values, whose bytes are valid only during this call
   * @param isText whether the values will be requested as strings
   */
  constructor(rows: number, stored?: Texts, isText = true) {
    this.#ends = stored?.ends ?? new Uint32Array(rows);
    this.#starts = new Uint32Array(this.#ends.length);
    this.length = stored?.bytes.length ?? 0;
    if (stored === undefined) return;
    this.#starts.set(this.#ends.subarray(0, -1), 1);
    if (!isText) this.#bytes = Buffer.from(stored.bytes);
    else {
      this.#text = stored.bytes.toString("latin1");
      this.#isTextAscii = isAscii(stored.bytes);
    }
  }

  /** The bytes of all values. A row's values are at the offsets from `starts[row]` to `ends[row]`. */
  get bytes(): Buffer {
    this.#bytes ??= Buffer.from(this.#text, "latin1");
    return this.#bytes;
  }

  get starts(): Uint32Array {
    return this.#starts;
  }

  get ends(): Uint32Array {
    return this.#ends;
  }

  /** Begins a row without values. The next values are added to this row. */
  begin(row: number): void {
    if (row >= this.#starts.length) this.#reserve(2 * row + 1);
    this.#starts[row] = this.length;
    this.#ends[row] = this.length;
  }

  #reserve(rows: number): void {
    if (rows <= this.#starts.length) return;
    this.#starts = enlargeArray(this.#starts, rows);
    this.#ends = enlargeArray(this.#ends, rows);
  }

  /** Removes the values of the row that was begun last. */
  clear(row: number): void {
    this.length = this.#starts[row] as number;
    this.#ends[row] = this.length;
  }

  /**
   * Adds a value to the row that was begun last.
   *
   * @returns false if the value is not ASCII; in that case, nothing is added
   */
  addAscii(row: number, from: Uint8Array, start: number, end: number): boolean {
    const bytes = this.#makeRoom(end - start + 1, row);
    const shift = this.length - start;
    let seen = 0;
    for (let at = start; at < end; at++) {
      const byte = from[at] as number;
      seen |= byte;
      bytes[at + shift] = byte;
    }
    if (seen > 127) return false;
    bytes[end + shift] = LF;
    this.length = end + shift + 1;
    this.#ends[row] = this.length;
    return true;
  }

  /** Adds values to the row that was begun last. @param text lossless text in which each value is followed by LF */
  addText(row: number, text: string): void {
    const added = toBytes(text);
    this.#makeRoom(added.length, row).set(added, this.length);
    this.length += added.length;
    this.#ends[row] = this.length;
  }

  /**
   * Returns the column's buffer, after enlarging it if necessary.
   *
   * @param added the number of bytes that must fit after the stored values
   */
  #makeRoom(added: number, row: number): Buffer {
    const { bytes } = this;
    const needed = this.length + added;
    if (needed <= bytes.length) return bytes;
    // The remaining rows probably need as much room as the rows before them.
    const expected = Math.ceil((needed / (row + 1)) * this.#starts.length * 1.1);
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 4096, Math.min(expected, 16 * needed), 2 * bytes.length));
    bytes.copy(grown, 0, 0, this.length);
    this.#bytes = grown;
    return grown;
  }

  /** Returns a row's values, each followed by LF. */
  read(row: number): string {
    const start = this.#starts[row] as number;
    const end = this.#ends[row] as number;
    if (start === end) return "";
    if (start < this.#textAt || end > this.#textAt + this.#text.length) this.#moveText(start, end);
    const text = this.#text.slice(start - this.#textAt, end - this.#textAt);
    return this.#isTextAscii || !/[\x80-\xff]/.test(text) ? text : decodeBytes(Buffer.from(text, "latin1"));
  }

  /** Converts bytes to a string: a row and the rows after it or, if many rows are read in another order, all. */
  #moveText(start: number, end: number): void {
    const before = this.#textAt + this.#text.length;
    const bytes = this.bytes.subarray(0, this.length);
    if (start < before || start > before + windowLength) this.#jumps++;
    const isAll = this.#jumps > mostJumps;
    this.#textAt = isAll ? 0 : start;
    const part = isAll ? bytes : bytes.subarray(start, Math.max(end, start + windowLength));
    this.#text = part.toString("latin1");
    this.#isTextAscii = isAscii(part);
  }

  /**
   * Returns 1 for each row whose decoded values may contain all of the given words, and 0 for the other rows. Upper and
   * lower case are equivalent. A row that has no values may contain any word.
   *
   * @param words printable ASCII in lower case, without spaces
   */
  findRows(count: number, words: readonly string[]): Uint8Array {
    const rows = new Uint8Array(count).fill(1);
    const length = this.#joinRows(count);
    if (length === undefined) return rows;
    const [starts, ends] = [this.#starts, this.#ends];
    const isWhole = this.#textAt === 0 && this.#text.length >= length;
    const text = isWhole ? this.#text : this.bytes.toString("latin1", 0, length);
    const lower = text.toLowerCase();
    for (const word of words) {
      const found = new Uint8Array(count);
      this.#markRows(found, lower, word);
      for (let row = 0; row < count; row++) rows[row] = (rows[row] as number) & (found[row] as number);
    }
    // An encoded word may contain any of the words.
    this.#markRows(rows, lower, "=?");
    for (let row = 0; row < count; row++) if (starts[row] === ends[row]) rows[row] = 1;
    if (/[\x80-\xff]/.test(lower)) {
      for (let row = 0; row < count; row++) {
        if (rows[row] === 0 && /[\x80-\xff]/.test(lower.slice(starts[row], ends[row]))) rows[row] = 1;
      }
    }
    return rows;
  }

  /** Sets a row to 1 if its values contain a text. @param text without LF */
  #markRows(rows: Uint8Array, lower: string, text: string): void {
    const ends = this.#ends;
    let row = 0;
    for (let at = lower.indexOf(text); at >= 0; at = lower.indexOf(text, ends[row])) {
      while (row < rows.length && (ends[row] as number) <= at) row++;
      if (row === rows.length) return;
      rows[row] = 1;
    }
  }

  /** Returns the column as a file stores it: the ends of the first `count` rows, and then the bytes. */
  toBytes(count: number): Uint8Array[] {
    const length = this.#joinRows(count);
    if (length === undefined) return this.#sortRows(count);
    return [new Uint8Array(this.#ends.buffer, 0, count * 4), this.bytes.subarray(0, length)];
  }

  /**
   * Moves each row without values to the end of the previous row.
   *
   * @returns the length of the first `count` rows; undefined if a row does not begin where the previous one ends
   */
  #joinRows(count: number): number | undefined {
    this.#reserve(count);
    const [starts, ends] = [this.#starts, this.#ends];
    let end = 0;
    for (let row = 0; row < count; row++) {
      if (starts[row] === ends[row]) {
        starts[row] = end;
        ends[row] = end;
      } else if (starts[row] !== end) return undefined;
      end = ends[row] as number;
    }
    return end;
  }

  /** Returns the first `count` rows in ascending order. */
  #sortRows(count: number): Uint8Array[] {
    const ends = new Uint32Array(count);
    const pieces: Buffer[] = [];
    let length = 0;
    for (let row = 0; row < count; row++) {
      const [start, end] = [this.#starts[row] as number, this.#ends[row] as number];
      if (end > start) pieces.push(this.bytes.subarray(start, end));
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
