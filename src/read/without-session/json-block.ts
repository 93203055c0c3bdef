/**
 * Formats the lines of `mail --json` from the facts about a large mailbox. The bytes of the facts are copied without
 * being converted to strings. Copying the bytes takes a third of the time that a conversion would take.
 * json-line.ts formats all other messages.
 */
import { columnBits, type FactTable, type TextColumn, textColumns } from "../../mailbox/list-facts.ts";
import { Flag, type StoredMessages } from "../../mailbox/mailbox.ts";
import { markBits } from "../../mailbox/marks.ts";
import { formatPeople, formatState, schemaVersion } from "./json-line.ts";

/** The block is printed when it has at least this many bytes. */
const fullSize = 64 << 10;
const mostBytes = 2 * fullSize;
const requiredColumns = ["date", "plain", "lines", "key", ...textColumns] as const;
const requiredBits = requiredColumns.reduce((bits, column) => bits | columnBits[column], 0);
const keyLength = 16;
/** The maximum number of address fields that are cached as JSON, because most people write several messages. */
const mostPeople = 4096;

/** The text before each value. */
const before = {
  id: Buffer.from(`{"version":${schemaVersion},"id":"m-`),
  number: Buffer.from('","number":'),
  offset: Buffer.from(',"offset":'),
  size: Buffer.from(',"size":'),
  lines: Buffer.from(',"lines":'),
  state: Buffer.from(","),
  envelopeSender: Buffer.from(',"envelopeSender":"'),
  date: Buffer.from('","date":"'),
  from: Buffer.from('","from":'),
  to: Buffer.from(',"to":'),
  cc: Buffer.from(',"cc":'),
  replyTo: Buffer.from(',"replyTo":'),
  subject: Buffer.from(',"subject":'),
  messageId: Buffer.from(',"messageId":'),
  inReplyTo: Buffer.from(',"inReplyTo":'),
  references: Buffer.from(',"references":'),
  end: Buffer.from(',"attachments":[],"failedRecipients":null}\n'),
};
const empty = Buffer.from("[]");
const missing = Buffer.from("null");

const [space, quote, question, less, equals, greater, backslash] = [32, 34, 63, 60, 61, 62, 92];
const hexDigits = Buffer.from("0123456789abcdef");
const day = 86_400_000;

/** Formats consecutive lines as bytes. */
export class JsonBlock {
  readonly #stored: StoredMessages;
  readonly #table: FactTable;
  #columns: ReturnType<typeof readColumns>;
  /** The number of changes to the table when `#columns` was read. */
  #changes: number;
  readonly #bytes = Buffer.allocUnsafeSlow(mostBytes);
  #length = 0;
  readonly #states = new Map<number, Buffer>();
  readonly #people = new Map<string, Buffer>();
  #day = Number.NaN;
  #dayText: Uint8Array = new Uint8Array();

  private constructor(stored: StoredMessages, table: FactTable) {
    this.#stored = stored;
    this.#table = table;
    // All columns are loaded before any row is used, because loading a damaged column marks its rows as unknown.
    this.#columns = readColumns(table);
    this.#changes = table.changes;
  }

  /** Returns a block that formats messages from the facts about them; undefined if no facts are kept. */
  static open(stored: StoredMessages): JsonBlock | undefined {
    const table = stored.factTable?.();
    return table === undefined ? undefined : new JsonBlock(stored, table);
  }

  /** Whether the block should be printed. */
  get isFull(): boolean {
    return this.#length >= fullSize;
  }

  /** Removes and returns the lines, which are valid until the next line is added. */
  take(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  /** Adds the line of a message. @returns false if json-line.ts must format the line */
  add(message: number): boolean {
    const start = this.#length;
    // Bytes beyond the end of the block are not stored, but they are counted.
    if (this.#addLine(message) && this.#length <= mostBytes) return true;
    this.#length = start;
    return false;
  }

  #addLine(message: number): boolean {
    const [stored, table, row] = [this.#stored, this.#table, message - 1];
    const flags = stored.flags(message);
    if ((flags & markBits) !== 0) return false;
    if (!table.knows(row, requiredBits) && stored.requireFacts?.(message, requiredBits) !== true) return false;
    if (table.changes !== this.#changes) {
      this.#columns = readColumns(table);
      this.#changes = table.changes;
    }
    const { numbers } = this.#columns;
    const date = numbers.date[row] as number;
    if (numbers.plain[row] !== 1 || Number.isNaN(date) || stored.offset === undefined) return false;
    this.#put(before.id);
    this.#putKey(row);
    this.#put(before.number);
    this.#putNumber(message);
    this.#put(before.offset);
    this.#putNumber(stored.offset(message));
    this.#put(before.size);
    this.#putNumber(stored.size(message));
    this.#put(before.lines);
    this.#putNumber(numbers.lines[row] as number);
    this.#put(before.state);
    this.#put(this.#state(flags));
    this.#put(before.envelopeSender);
    if (!this.#putEnvelopeSender(row)) return false;
    this.#put(before.date);
    this.#putDate(date);
    const isComplete =
      this.#putPeople("from", row) &&
      this.#putPeople("to", row) &&
      this.#putPeople("cc", row) &&
      this.#putPeople("replyTo", row) &&
      this.#putValue("subject", row) &&
      this.#putValue("messageId", row) &&
      this.#putIds("inReplyTo", row) &&
      this.#putIds("references", row);
    this.#put(before.end);
    return isComplete;
  }

  #put(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) this.#bytes[this.#length + i] = bytes[i] as number;
    this.#length += bytes.length;
  }

  #putKey(row: number): void {
    const { keys } = this.#columns;
    for (let at = row * keyLength; at < (row + 1) * keyLength; at++) {
      const byte = keys[at] as number;
      this.#bytes[this.#length++] = hexDigits[byte >> 4] as number;
      this.#bytes[this.#length++] = hexDigits[byte & 15] as number;
    }
  }

  /** Writes an integer that is not negative. */
  #putNumber(number: number): void {
    let end = this.#length + 1;
    for (let rest = Math.floor(number / 10); rest > 0; rest = Math.floor(rest / 10)) end++;
    this.#length = end;
    let rest = number;
    do {
      const next = Math.floor(rest / 10);
      this.#bytes[--end] = 48 + rest - 10 * next;
      rest = next;
    } while (rest > 0);
  }

  #state(flags: number): Uint8Array {
    const bits = flags & (Flag.Read | Flag.New);
    const known = this.#states.get(bits);
    if (known !== undefined) return known;
    const state = Buffer.from(formatState(bits, { flagged: false, answered: false, draft: false }));
    this.#states.set(bits, state);
    return state;
  }

  /** Writes the user in the From_ line. @returns false if the line does not have the most common form */
  #putEnvelopeSender(row: number): boolean {
    const { starts, bytes } = this.#columns.texts.envelope;
    const start = starts[row] as number;
    let at = start;
    for (; (bytes[at] as number) !== space; at++) {
      if (!isPlain(bytes, at, start)) return false;
      this.#bytes[this.#length++] = bytes[at] as number;
    }
    const [first, second] = [bytes[at + 1] as number, bytes[at + 2] as number];
    return at > start && first >= 65 && first <= 90 && second >= 97 && second <= 122;
  }

  /** Writes a time in ISO 8601. */
  #putDate(time: number): void {
    const days = Math.floor(time / day);
    if (days !== this.#day) {
      this.#dayText = Buffer.from(new Date(days * day).toISOString().replace(/T.*/, "T"));
      this.#day = days;
    }
    this.#put(this.#dayText);
    const rest = time - days * day;
    this.#putDigits(Math.floor(rest / 3_600_000), 58);
    this.#putDigits(Math.floor(rest / 60_000) % 60, 58);
    this.#putDigits(Math.floor(rest / 1000) % 60, 46);
    const milliseconds = rest % 1000;
    this.#bytes[this.#length++] = 48 + Math.floor(milliseconds / 100);
    this.#putDigits(milliseconds % 100, 90);
  }

  /** Writes a number as two digits, followed by a character. */
  #putDigits(number: number, character: number): void {
    const tens = Math.floor(number / 10);
    this.#bytes[this.#length++] = 48 + tens;
    this.#bytes[this.#length++] = 48 + number - 10 * tens;
    this.#bytes[this.#length++] = character;
  }

  /** Writes a field's addresses. @returns false if they depend on a charset */
  #putPeople(column: "from" | "to" | "cc" | "replyTo", row: number): boolean {
    this.#put(before[column]);
    const { starts, ends, bytes } = this.#columns.texts[column];
    const [start, end] = [starts[row] as number, ends[row] as number];
    if (start === end) {
      this.#put(empty);
      return true;
    }
    const text = bytes.toString("latin1", start, end);
    let people = this.#people.get(text);
    if (people === undefined) {
      const written = formatPeople(text);
      if (written === undefined) return false;
      people = Buffer.from(written);
      if (this.#people.size >= mostPeople) this.#people.clear();
      this.#people.set(text, people);
    }
    this.#put(people);
    return true;
  }

  /**
   * Writes a field's value.
   *
   * @returns false if the field is repeated, or if JSON does not represent the value unchanged
   */
  #putValue(column: "subject" | "messageId", row: number): boolean {
    this.#put(before[column]);
    const { starts, ends, bytes } = this.#columns.texts[column];
    const [start, end] = [starts[row] as number, (ends[row] as number) - 1];
    if (start > end) {
      this.#put(missing);
      return true;
    }
    this.#bytes[this.#length++] = quote;
    for (let at = start; at < end; at++) {
      if (!isPlain(bytes, at, start)) return false;
      this.#bytes[this.#length++] = bytes[at] as number;
    }
    this.#bytes[this.#length++] = quote;
    return true;
  }

  /** Writes the message-ids in a field. @returns false if the field is repeated or unusual */
  #putIds(column: "inReplyTo" | "references", row: number): boolean {
    this.#put(before[column]);
    const { starts, ends, bytes } = this.#columns.texts[column];
    const [start, end] = [starts[row] as number, (ends[row] as number) - 1];
    this.#bytes[this.#length++] = 91;
    let isFirst = true;
    for (let at = start; at < end; at++) {
      if (!isPlain(bytes, at, start)) return false;
      if (bytes[at] !== less) continue;
      let last = at + 1;
      while (
        last < end &&
        isPlain(bytes, last, start) &&
        bytes[last] !== less &&
        bytes[last] !== greater &&
        bytes[last] !== space
      )
        last++;
      if (bytes[last] !== greater || last === at + 1) continue;
      if (!isFirst) this.#bytes[this.#length++] = 44;
      isFirst = false;
      this.#bytes[this.#length++] = quote;
      for (; at <= last; at++) this.#bytes[this.#length++] = bytes[at] as number;
      this.#bytes[this.#length++] = quote;
      at = last;
    }
    this.#bytes[this.#length++] = 93;
    return true;
  }
}

/** Returns the arrays that contain the columns. They are valid until the table changes. */
function readColumns(table: FactTable) {
  const texts = textColumns.map((column) => {
    const { starts, ends, bytes } = table.texts(column, false);
    return [column, { starts, ends, bytes }] as const;
  });
  return {
    numbers: { date: table.numbers("date"), plain: table.numbers("plain"), lines: table.numbers("lines") },
    keys: table.keys,
    texts: Object.fromEntries(texts) as Readonly<Record<TextColumn, (typeof texts)[number][1]>>,
  };
}

/** Returns whether a byte is represented unchanged in JSON and does not begin an encoded word. */
function isPlain(bytes: Buffer, at: number, start: number): boolean {
  const byte = bytes[at] as number;
  if (byte < space || byte > 126 || byte === quote || byte === backslash) return false;
  return byte !== question || at === start || bytes[at - 1] !== equals;
}
