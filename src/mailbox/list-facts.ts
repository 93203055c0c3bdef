/**
 * Stores facts about messages, so that header lists, queries, sorting and threads do not require every message to be
 * read again. Mailboxes on this machine and on a server use the same kind of table. Between sessions, facts-file.ts
 * stores the table.
 *
 * The table has one row per message and one column per fact. Numeric columns are typed arrays. A text column consists
 * of a single buffer of bytes, and of an array with the offsets at which each row's values end. A column is loaded only
 * if it is requested.
 */
import { enlargeArray, TextColumnInMemory, type Texts } from "./text-column.ts";

const numberArrays = {
  /** The UID of a message on a server. */
  uid: Uint32Array,
  /** The message's flags on the server, as bits of ServerFlag. */
  flags: Uint32Array,
  size: Uint32Array,
  lines: Uint32Array,
  characters: Uint32Array,
  date: Float64Array,
  received: Float64Array,
  /**
   * 1 if the header shows that the message has no attachments, has no X-Status, and is not a report of a failed
   * delivery.
   */
  plain: Uint8Array,
  /**
   * The rank of the message's sender or subject: the number of distinct senders or subjects that precede it in
   * alphabetical order.
   */
  fromRank: Uint32Array,
  subjectRank: Uint32Array,
} as const;

type NumberArray = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
export type NumberColumn = keyof typeof numberArrays;
export const numberColumns = Object.keys(numberArrays) as NumberColumn[];

export const textColumns = [
  "envelope",
  "from",
  "to",
  "cc",
  "subject",
  "messageId",
  "references",
  "inReplyTo",
  "replyTo",
] as const;
export type TextColumn = (typeof textColumns)[number];

export const columns = [...numberColumns, "key", ...textColumns] as const;
export type Column = (typeof columns)[number];

/** The bit that represents each column in `known`. */
export const columnBits = Object.fromEntries(columns.map((column, at) => [column, 1 << at])) as Record<Column, number>;

const keyLength = 16;
const keysPerBlock = 256;
/** The maximum number of bytes in a table's text columns. When this limit is exceeded, no more messages are added. */
const mostText = 256 << 20;

/**
 * The facts about one message. If a fact is undefined, it is not known, and the message itself must be read. A missing
 * header field has no values, and a repeated one has several. The values are lossless text (message/text.ts), unfolded
 * but not decoded.
 */
export interface ListFacts {
  /** Number of bytes as stored. */
  readonly size: number | undefined;
  /** Number of lines, counted as in Counts. */
  readonly lines: number | undefined;
  /** Number of characters, counted as in Counts. */
  readonly characters: number | undefined;
  /** The date from the Date field, in milliseconds since 1970; NaN if the message has no valid Date field. */
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
  readonly replyTo: readonly string[] | undefined;
  /** A hash of the message's contents, as 32 hexadecimal digits. */
  readonly key: string | undefined;
  /**
   * 1 if the header shows that the message has no attachments, has no X-Status, and is not a report of a failed
   * delivery.
   */
  readonly plain: number | undefined;
  /**
   * Returns the values of a text fact, each followed by LF; an empty string if there are none; undefined if the fact is
   * not known. This method is faster than the properties, which return arrays.
   */
  text(column: TextColumn): string | undefined;
}

/** The columns of a table that is stored in a file. */
export interface StoredColumns {
  readonly count: number;
  /** For each row, a bit mask (columnBits) of the known columns. */
  readonly known: Uint32Array<ArrayBuffer>;
  /**
   * Returns the bytes of a column of numbers or keys; undefined if the column is missing or damaged. The bytes are
   * valid only until the next column is read, because the memory is reused.
   */
  bytes(column: NumberColumn | "key"): Buffer | undefined;
  /**
   * Returns a text column; undefined if it is missing or damaged. The column's bytes are valid only until the next
   * column is read.
   */
  texts(column: TextColumn): Texts | undefined;
}

/** An object that returns the facts of each row. */
export interface FactSource {
  number(column: NumberColumn, row: number): number | undefined;
  /** Returns a row's values in a text column, each followed by LF. */
  text(column: TextColumn, row: number): string | undefined;
  key(row: number): string | undefined;
}

/** A table of facts with one row per message. The first row is row 0. */
export class FactTable implements FactSource {
  #count: number;
  #known: Uint32Array<ArrayBuffer>;
  // The columns are properties, because Map lookups would take most of the time.
  readonly #numbers: Partial<Record<NumberColumn, NumberArray>> = {};
  readonly #texts: Partial<Record<TextColumn, TextColumnInMemory>> = {};
  #keys: Buffer<ArrayBuffer> | undefined;
  /**
   * The keys of one block, as hexadecimal digits. Converting the keys together is faster than converting each key
   * separately.
   */
  #hexKeys = "";
  #hexBlock = -1;
  readonly #stored: StoredColumns | undefined;
  #changes = 0;

  /**
   * Creates an empty table, or a table with the first rows of a file.
   *
   * @param count the number of rows in the file that are still valid
   */
  constructor(stored?: StoredColumns, count = stored?.count ?? 0) {
    this.#stored = stored;
    this.#count = count;
    this.#known = stored?.known ?? new Uint32Array(0);
  }

  get count(): number {
    return this.#count;
  }

  /** Whether the table may differ from the file from which it was loaded. */
  get hasChanged(): boolean {
    return this.#changes > 0;
  }

  /** The number of changes since the table was loaded. */
  get changes(): number {
    return this.#changes;
  }

  /** Whether the table is too large for another row. */
  get isFull(): boolean {
    let size = 0;
    for (const { length } of Object.values(this.#texts)) size += length;
    return size > mostText;
  }

  /** Allocates memory for a number of rows, so that the columns do not have to grow in steps. */
  reserve(rows: number): void {
    if (rows > this.#known.length) this.#known = enlargeArray(this.#known, rows);
  }

  /** Adds a row in which no fact is known, and returns its number. */
  addRow(): number {
    const row = this.#count++;
    if (row >= this.#known.length) this.#known = enlargeArray(this.#known, 2 * row);
    this.#known[row] = 0;
    this.#changes++;
    return row;
  }

  /** Keeps only the first `count` rows. */
  cut(count: number): void {
    if (count >= this.#count) return;
    this.#count = count;
    this.#changes++;
  }

  /** Returns whether all of the given columns of a row are known. @param bits a combination of columnBits */
  knows(row: number, bits: number): boolean {
    return row < this.#count && ((this.#known[row] as number) & bits) === bits;
  }

  /** Marks columns of a row as known. @param bits a combination of columnBits */
  markAsKnown(row: number, bits: number): void {
    this.#known[row] = (this.#known[row] as number) | bits;
    this.#changes++;
  }

  /** Returns the known columns of a row, as a combination of columnBits. */
  knownColumns(row: number): number {
    return row < this.#count ? (this.#known[row] as number) : 0;
  }

  /** For each row, a bit mask of the known columns. */
  get known(): Uint32Array {
    return this.#known.subarray(0, this.#count);
  }

  number(column: NumberColumn, row: number): number | undefined {
    // The column is loaded first, because loading a damaged column marks it as unknown.
    const numbers = this.numbers(column);
    return this.knows(row, columnBits[column]) ? numbers[row] : undefined;
  }

  setNumber(column: NumberColumn, row: number, value: number): void {
    this.numbers(column)[row] = value;
    this.markAsKnown(row, columnBits[column]);
  }

  /** Returns the array that contains a numeric column. An element is valid only if its row's value is known. */
  numbers(column: NumberColumn): NumberArray {
    const numbers = this.#numbers[column];
    if (numbers !== undefined && numbers.length >= this.#known.length) return numbers;
    const found = numbers ?? this.#load(column, (stored) => stored.bytes(column));
    const room = new numberArrays[column](this.#known.length);
    if (found !== undefined)
      new Uint8Array(room.buffer).set(new Uint8Array(found.buffer, found.byteOffset, found.byteLength));
    this.#numbers[column] = room;
    return room;
  }

  /** Returns a row's values in a text column, each followed by LF; undefined if they are unknown. */
  text(column: TextColumn, row: number): string | undefined {
    const texts = this.texts(column);
    return this.knows(row, columnBits[column]) ? texts.read(row) : undefined;
  }

  /**
   * Returns 1 for each row whose decoded values may contain all of the given words, and 0 for the other rows. Upper and
   * lower case are equivalent.
   *
   * @param words printable ASCII in lower case, without spaces
   */
  findRows(column: TextColumn, words: readonly string[]): Uint8Array {
    const rows = this.texts(column).findRows(this.#count, words);
    const [known, bit] = [this.#known, columnBits[column]];
    for (let row = 0; row < rows.length; row++) if (((known[row] as number) & bit) === 0) rows[row] = 1;
    return rows;
  }

  /** Sets the values of a row. @param values lossless text without LF */
  setValues(column: TextColumn, row: number, values: readonly string[]): void {
    this.setText(column, row, joinValues(values));
  }

  /** Sets the values of a row. @param text lossless text in which each value is followed by LF */
  setText(column: TextColumn, row: number, text: string): void {
    const texts = this.texts(column);
    texts.begin(row);
    texts.addText(row, text);
    this.markAsKnown(row, columnBits[column]);
  }

  /**
   * Returns a text column. A row's values are valid only if they are known.
   *
   * @param isText whether the values will be requested as strings
   */
  texts(column: TextColumn, isText = true): TextColumnInMemory {
    let texts = this.#texts[column];
    if (texts === undefined) {
      texts = new TextColumnInMemory(
        this.#known.length,
        this.#load(column, (file) => file.texts(column)),
        isText,
      );
      this.#texts[column] = texts;
    }
    return texts;
  }

  key(row: number): string | undefined {
    const { keys } = this;
    if (!this.knows(row, columnBits.key)) return undefined;
    const block = Math.floor(row / keysPerBlock);
    if (block !== this.#hexBlock) {
      const start = block * keysPerBlock * keyLength;
      const length = Math.min(keysPerBlock * keyLength, keys.length - start);
      this.#hexKeys = Buffer.from(keys.buffer, start, length).toString("hex");
      this.#hexBlock = block;
    }
    const at = (row % keysPerBlock) * keyLength * 2;
    return this.#hexKeys.slice(at, at + keyLength * 2);
  }

  /** Sets a row's key. @param key 32 hexadecimal digits */
  setKey(row: number, key: string): void {
    this.#hexBlock = -1;
    this.keys.write(key, row * keyLength, keyLength, "hex");
    this.markAsKnown(row, columnBits.key);
  }

  /** The keys of all rows, 16 bytes per row. A key is valid only if it is known. */
  get keys(): Buffer<ArrayBuffer> {
    const room = this.#known.length * keyLength;
    let keys = this.#keys;
    if (keys === undefined || keys.length < room) {
      const before = keys ?? this.#load("key", (stored) => stored.bytes("key"));
      keys = Buffer.alloc(room);
      if (before !== undefined) keys.set(before);
      this.#keys = keys;
    }
    return keys;
  }

  /** Loads a column from the file. If the column is missing or damaged, its values become unknown in all rows. */
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

  /** Returns a column as a file stores it; undefined if no row's value is known. */
  bytesOf(column: Column): Uint8Array[] | undefined {
    const [known, count, bit] = [this.#known, this.#count, columnBits[column]];
    let row = 0;
    while (row < count && ((known[row] as number) & bit) === 0) row++;
    if (row === count) return undefined;
    if (column === "key") return [this.keys.subarray(0, count * keyLength)];
    if (!isTextColumn(column)) {
      const numbers = this.numbers(column);
      return [new Uint8Array(numbers.buffer, 0, count * numbers.BYTES_PER_ELEMENT)];
    }
    return this.texts(column).toBytes(count);
  }

  /** Returns the facts of a row. */
  facts(row: number): ListFacts {
    return new Row(this, row);
  }
}

/** Returns the values in a text in which each value is followed by LF. */
function splitValues(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const end = text.length - 1;
  if (end < 0) return [];
  return text.indexOf("\n") === end ? [text.slice(0, end)] : text.slice(0, end).split("\n");
}

/** Returns a string in which each value is followed by LF. */
export function joinValues(values: readonly string[]): string {
  if (values.length === 1) return `${values[0]}\n`;
  return values.map((value) => `${value}\n`).join("");
}

/** Returns the number of bytes per row in a column of numbers or keys. */
export function bytesPerRow(column: NumberColumn | "key"): number {
  return column === "key" ? keyLength : numberArrays[column].BYTES_PER_ELEMENT;
}

function isTextColumn(column: Column): column is TextColumn {
  return (textColumns as readonly Column[]).includes(column);
}

/** The facts of one row. Each fact is read only when it is requested. */
export class Row implements ListFacts {
  // Private (#) fields would be slower to create, and there may be a million rows.
  private readonly source: FactSource;
  private readonly row: number;

  constructor(source: FactSource, row: number) {
    this.source = source;
    this.row = row;
  }

  text(column: TextColumn): string | undefined {
    return this.source.text(column, this.row);
  }

  get size() {
    return this.source.number("size", this.row);
  }
  get lines() {
    return this.source.number("lines", this.row);
  }
  get characters() {
    return this.source.number("characters", this.row);
  }
  get date() {
    return this.source.number("date", this.row);
  }
  get received() {
    return this.source.number("received", this.row);
  }
  get plain() {
    return this.source.number("plain", this.row);
  }
  get envelope() {
    return this.text("envelope")?.slice(0, -1);
  }
  get from() {
    return splitValues(this.text("from"));
  }
  get to() {
    return splitValues(this.text("to"));
  }
  get cc() {
    return splitValues(this.text("cc"));
  }
  get subject() {
    return splitValues(this.text("subject"));
  }
  get messageId() {
    return splitValues(this.text("messageId"));
  }
  get references() {
    return splitValues(this.text("references"));
  }
  get inReplyTo() {
    return splitValues(this.text("inReplyTo"));
  }
  get replyTo() {
    return splitValues(this.text("replyTo"));
  }
  get key() {
    return this.source.key(this.row);
  }
}
