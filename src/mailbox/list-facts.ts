/**
 * Stores the facts about messages that header lists, queries, sorting and threads need, so that these commands need not
 * read every message again. Mailboxes on this machine and on a server use the same table, and facts-file.ts keeps it
 * between sessions.
 *
 * The table has one row per message and one column per fact. Numbers are in typed arrays. Each text column is a single
 * buffer of bytes and an array of the rows' ends in it. A column that is not requested is never loaded.
 */
import { decodeBytes, toBytes } from "../message/text.ts";

const numberArrays = {
  /** The UID of a message on a server. */
  uid: Uint32Array,
  /** Bits of Flag, as the server reported them. */
  flags: Uint32Array,
  size: Uint32Array,
  lines: Uint32Array,
  characters: Uint32Array,
  date: Float64Array,
  received: Float64Array,
  /** 1 if the header shows that the message has no attachments and no X-Status, and does not report a failed delivery. */
  plain: Uint8Array,
} as const;

type NumberArray = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
export type NumberColumn = keyof typeof numberArrays;
export const numberColumns = Object.keys(numberArrays) as NumberColumn[];

export const textColumns = ["envelope", "from", "to", "cc", "subject", "messageId", "references", "inReplyTo"] as const;
export type TextColumn = (typeof textColumns)[number];

export const columns = [...numberColumns, "key", ...textColumns] as const;
export type Column = (typeof columns)[number];

/** For each column, its bit in `known`. */
export const columnBits = Object.fromEntries(columns.map((column, at) => [column, 1 << at])) as Record<Column, number>;

const keyLength = 16;
/** The maximum number of bytes in the text columns of a table. Messages beyond this limit are not added. */
const mostText = 256 << 20;

/**
 * The facts about one message. Each is undefined if it is unknown; the message itself must then be read. Values of
 * header fields are unfolded but not decoded, and a field may be missing or repeated. They are lossless text
 * (message/text.ts).
 */
export interface ListFacts {
  /** Number of bytes as stored. */
  readonly size: number | undefined;
  /** Number of lines, as in Counts. */
  readonly lines: number | undefined;
  /** Number of characters, as in Counts. */
  readonly characters: number | undefined;
  /** The date in the Date field, in milliseconds since 1970; NaN if the message has no valid Date field. */
  readonly date: number | undefined;
  /** The time at which the message was received, in milliseconds since 1970. */
  readonly received: number | undefined;
  /** The From_ line without `From ` and without its newline. */
  readonly envelope: string | undefined;
  readonly from: readonly string[] | undefined;
  readonly to: readonly string[] | undefined;
  readonly cc: readonly string[] | undefined;
  readonly subject: readonly string[] | undefined;
  readonly messageId: readonly string[] | undefined;
  readonly references: readonly string[] | undefined;
  readonly inReplyTo: readonly string[] | undefined;
  /** A checksum of the message's contents, as 32 hexadecimal digits. */
  readonly key: string | undefined;
  /** 1 if the header shows that the message has no attachments and no X-Status, and does not report a failed delivery. */
  readonly plain: number | undefined;
}

/** The columns of a table that is stored in a file. */
export interface StoredColumns {
  readonly count: number;
  /** For each row, the bits of its known columns. */
  readonly known: Uint32Array<ArrayBuffer>;
  /** Returns the bytes of a column of numbers or keys; undefined if the file does not contain them undamaged. */
  bytes(column: NumberColumn | "key"): Buffer | undefined;
  /** Returns a text column; undefined if the file does not contain it undamaged. */
  texts(column: TextColumn): Texts | undefined;
}

/** A column of text: the end of each row in `bytes`. Each value in a row is followed by LF. */
export interface Texts {
  ends: Uint32Array<ArrayBuffer>;
  bytes: Buffer;
}

/** A table of facts, one row per message. Rows are counted from 0. */
export class FactTable {
  #count: number;
  #known: Uint32Array<ArrayBuffer>;
  readonly #numbers = new Map<NumberColumn, NumberArray>();
  readonly #texts = new Map<TextColumn, Texts>();
  #keys: Uint8Array | undefined;
  #stored: StoredColumns | undefined;
  #hasChanged = false;

  /** Creates an empty table, or a table with the rows of a file. @param count the number of valid rows in the file */
  constructor(stored?: StoredColumns, count = stored?.count ?? 0) {
    this.#stored = stored;
    this.#count = count;
    this.#known = stored?.known ?? new Uint32Array(0);
  }

  get count(): number {
    return this.#count;
  }

  /** Whether the table differs from the file from which it was loaded. */
  get hasChanged(): boolean {
    return this.#hasChanged;
  }

  /** Whether the table is too large for another row. */
  get isFull(): boolean {
    let size = 0;
    for (const { ends } of this.#texts.values()) size += ends[this.#count - 1] ?? 0;
    return size > mostText;
  }

  /** Returns whether all of the given columns are known. @param bits of columnBits */
  knows(row: number, bits: number): boolean {
    return row < this.#count && ((this.#known[row] as number) & bits) === bits;
  }

  /** Adds a row whose facts are unknown, and returns its number. */
  addRow(): number {
    const row = this.#count;
    if (row === 0 || this.#texts.size < textColumns.length) for (const column of textColumns) this.texts(column);
    if (row >= this.#known.length) this.#known = grow(this.#known, row + 1);
    this.#known[row] = 0;
    for (const texts of this.#texts.values()) {
      if (row >= texts.ends.length) texts.ends = grow(texts.ends, row + 1);
      texts.ends[row] = row === 0 ? 0 : (texts.ends[row - 1] as number);
    }
    this.#count++;
    this.#hasChanged = true;
    return row;
  }

  /** Keeps only the first `count` rows. */
  cut(count: number): void {
    if (count >= this.#count) return;
    this.#count = count;
    this.#hasChanged = true;
  }

  number(column: NumberColumn, row: number): number | undefined {
    // A damaged column becomes unknown when it is loaded.
    const numbers = this.numbers(column);
    return this.knows(row, columnBits[column]) ? numbers[row] : undefined;
  }

  setNumber(column: NumberColumn, row: number, value: number): void {
    this.numbers(column)[row] = value;
    this.markAsKnown(row, columnBits[column]);
  }

  /** Returns the values of a text column; undefined if they are unknown. */
  values(column: TextColumn, row: number): readonly string[] | undefined {
    const text = this.text(column, row);
    if (text === undefined) return undefined;
    const end = text.length - 1;
    if (end < 0) return [];
    return text.indexOf("\n") === end ? [text.slice(0, end)] : text.slice(0, end).split("\n");
  }

  /** Returns the same values as one text, each followed by LF; undefined if they are unknown. */
  text(column: TextColumn, row: number): string | undefined {
    const { ends, bytes } = this.texts(column);
    if (!this.knows(row, columnBits[column])) return undefined;
    const start = row === 0 ? 0 : (ends[row - 1] as number);
    const end = ends[row] as number;
    const text = bytes.toString("latin1", start, end);
    return /[\x80-\xff]/.test(text) ? decodeBytes(bytes.subarray(start, end)) : text;
  }

  /** Adds a value to the last row. The column is not yet marked as known. @param value lossless text without LF */
  addValue(column: TextColumn, value: string): void {
    const bytes = toBytes(value);
    this.addBytes(column, bytes, 0, bytes.length);
  }

  /** Adds a range of bytes, without LF, as a value of the last row. The column is not yet marked as known. */
  addBytes(column: TextColumn, source: Uint8Array, start: number, end: number): void {
    const texts = this.#texts.get(column) as Texts;
    const row = this.#count - 1;
    let at = texts.ends[row] as number;
    if (at + end - start >= texts.bytes.length) texts.bytes = growBytes(texts.bytes, at + end - start + 1);
    const { bytes } = texts;
    for (let i = start; i < end; i++) bytes[at++] = source[i] as number;
    bytes[at++] = 10;
    texts.ends[row] = at;
  }

  /** Removes the values that were added to the last row, and marks all its facts as unknown. */
  clearLastRow(): void {
    const row = this.#count - 1;
    this.#known[row] = 0;
    for (const { ends } of this.#texts.values()) ends[row] = row === 0 ? 0 : (ends[row - 1] as number);
  }

  /** Marks columns of a row as known. @param bits of columnBits */
  markAsKnown(row: number, bits: number): void {
    this.#known[row] = (this.#known[row] as number) | bits;
    this.#hasChanged = true;
  }

  key(row: number): string | undefined {
    const keys = this.#allKeys();
    if (!this.knows(row, columnBits.key)) return undefined;
    return Buffer.from(keys.buffer, row * keyLength, keyLength).toString("hex");
  }

  /** Sets a key. @param key 32 hexadecimal digits */
  setKey(row: number, key: string): void {
    this.#allKeys().set(Buffer.from(key, "hex").subarray(0, keyLength), row * keyLength);
    this.markAsKnown(row, columnBits.key);
  }

  #allKeys(): Uint8Array {
    const room = this.#known.length * keyLength;
    let keys = this.#keys;
    if (keys === undefined || keys.length < room) {
      const before = keys ?? this.#load("key", (stored) => stored.bytes("key"));
      keys = new Uint8Array(room);
      if (before !== undefined) keys.set(before);
      this.#keys = keys;
    }
    return keys;
  }

  /** Returns the array of a column of numbers. Only the elements of known rows are valid. */
  numbers(column: NumberColumn): NumberArray {
    let numbers = this.#numbers.get(column);
    if (numbers === undefined) {
      const bytes = this.#load(column, (stored) => stored.bytes(column));
      numbers = new numberArrays[column](this.#known.length);
      if (bytes !== undefined) new Uint8Array(numbers.buffer).set(bytes);
      this.#numbers.set(column, numbers);
    } else if (numbers.length < this.#known.length) {
      numbers = grow(numbers, this.#known.length);
      this.#numbers.set(column, numbers);
    }
    return numbers;
  }

  /** Returns a text column. Only the elements of known rows are valid. */
  texts(column: TextColumn): Texts {
    let texts = this.#texts.get(column);
    if (texts === undefined) {
      texts = this.#load(column, (stored) => stored.texts(column)) ?? {
        ends: new Uint32Array(this.#known.length),
        bytes: Buffer.alloc(0),
      };
      this.#texts.set(column, texts);
    }
    return texts;
  }

  /** Loads a column of the file. If the column is missing or damaged, it becomes unknown in all rows. */
  #load<T>(column: Column, read: (stored: StoredColumns) => T | undefined): T | undefined {
    const stored = this.#stored;
    if (stored === undefined) return undefined;
    const found = read(stored);
    if (found === undefined) {
      const others = ~columnBits[column];
      for (let row = 0; row < this.#count; row++) this.#known[row] = (this.#known[row] as number) & others;
    }
    return found;
  }

  /** Returns the bits of the known columns of each row. */
  get known(): Uint32Array {
    return this.#known.subarray(0, this.#count);
  }

  /** Returns the bytes of a column, as a file stores them; undefined if it is unknown in all rows. */
  bytesOf(column: Column): Uint8Array[] | undefined {
    const bit = columnBits[column];
    if (!this.known.some((bits) => (bits & bit) !== 0)) return undefined;
    const count = this.#count;
    if (column === "key") return [this.#allKeys().subarray(0, count * keyLength)];
    if (!isTextColumn(column)) {
      const numbers = this.numbers(column);
      return [new Uint8Array(numbers.buffer, 0, count * numbers.BYTES_PER_ELEMENT)];
    }
    const { ends, bytes } = this.texts(column);
    return [new Uint8Array(ends.buffer, ends.byteOffset, count * 4), bytes.subarray(0, ends[count - 1])];
  }

  /** Returns the facts of a row. Each is read when it is first requested. */
  facts(row: number): ListFacts {
    return new Row(this, row);
  }
}

/** Returns the number of bytes per row in a column of numbers or keys. */
export function bytesPerRow(column: NumberColumn | "key"): number {
  return column === "key" ? keyLength : numberArrays[column].BYTES_PER_ELEMENT;
}

export function isTextColumn(column: Column): column is TextColumn {
  return (textColumns as readonly Column[]).includes(column);
}

function grow<T extends NumberArray>(array: T, atLeast: number): T {
  const grown = new (array.constructor as new (length: number) => T)(Math.max(atLeast, 256, array.length * 2));
  grown.set(array);
  return grown;
}

function growBytes(bytes: Buffer, atLeast: number): Buffer {
  const grown = Buffer.allocUnsafeSlow(Math.max(atLeast, 4096, bytes.length * 2));
  bytes.copy(grown);
  return grown;
}

class Row implements ListFacts {
  readonly #table: FactTable;
  readonly #row: number;

  constructor(table: FactTable, row: number) {
    this.#table = table;
    this.#row = row;
  }

  get size() {
    return this.#table.number("size", this.#row);
  }
  get lines() {
    return this.#table.number("lines", this.#row);
  }
  get characters() {
    return this.#table.number("characters", this.#row);
  }
  get date() {
    return this.#table.number("date", this.#row);
  }
  get received() {
    return this.#table.number("received", this.#row);
  }
  get envelope() {
    return this.#table.values("envelope", this.#row)?.[0];
  }
  get from() {
    return this.#table.values("from", this.#row);
  }
  get to() {
    return this.#table.values("to", this.#row);
  }
  get cc() {
    return this.#table.values("cc", this.#row);
  }
  get subject() {
    return this.#table.values("subject", this.#row);
  }
  get messageId() {
    return this.#table.values("messageId", this.#row);
  }
  get references() {
    return this.#table.values("references", this.#row);
  }
  get inReplyTo() {
    return this.#table.values("inReplyTo", this.#row);
  }
  get key() {
    return this.#table.key(this.#row);
  }
  get plain() {
    return this.#table.number("plain", this.#row);
  }
}
