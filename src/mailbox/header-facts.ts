/** Reads, from the bytes of headers, the facts that are shown in message lists. */
import { parseDateField, readUsualDate } from "../message/field-date.ts";
import { unfoldStored } from "../message/field-values.ts";
import { mayHaveAttachments } from "../message/view/attaching.ts";
import { mayBeBounce } from "../message/view/bounce.ts";
import { FieldNames } from "./field-names.ts";
import { LineBuffer } from "./line-buffer.ts";
import { type Column, columnBits, type FactTable, type TextColumn, textColumns } from "./list-facts.ts";
import { type IsSpecial, isSpecialUser, specialFields } from "./special-fields.ts";
import type { TextColumnInMemory } from "./text-column.ts";

/** A header of at least this many bytes is treated as unusual. */
export const longestUsualHeader = 16 << 10;
const envelope = textColumns.indexOf("envelope");
const fromWord = Buffer.from("From ");
const [TAB, LF, CR, SPACE, COLON, TILDE] = [9, 10, 13, 32, 58, 126];

const textFields = {
  from: "from",
  to: "to",
  cc: "cc",
  subject: "subject",
  "message-id": "messageId",
  references: "references",
  "in-reply-to": "inReplyTo",
  "reply-to": "replyTo",
} as const satisfies Record<string, TextColumn>;

/** Maps a header field's lower-case name to the text column that contains its values. */
export const columnsByField: ReadonlyMap<string, TextColumn> = new Map(Object.entries(textFields));

/** The columns whose values are in a header, as a combination of columnBits. */
export const headerColumns = ["envelope", "date", "plain", ...columnsByField.values()].reduce(
  (bits, column) => bits | columnBits[column as keyof typeof columnBits],
  0,
);

interface Field {
  /** The index in textColumns of the column that contains the field's values; -1 if there is none. */
  readonly index: number;
  readonly isDate: boolean;
  readonly isSpecial: IsSpecial | undefined;
}

/** Returns the fields that contain the values of columns. @param bits a combination of columnBits */
function listWantedFields(bits: number): FieldNames<Field> {
  const isWanted = (column: Column) => (bits & columnBits[column]) !== 0;
  const texts = [...columnsByField].flatMap(([name, column]) => (isWanted(column) ? [name] : []));
  const special = isWanted("plain") ? [...specialFields.keys()] : [];
  const names = new Set([...texts, ...special, ...(isWanted("date") ? ["date"] : [])]);
  return new FieldNames(
    Array.from(names, (name) => {
      const column = columnsByField.get(name);
      const index = column === undefined ? -1 : textColumns.indexOf(column);
      return [name, { index, isDate: name === "date", isSpecial: specialFields.get(name) }];
    }),
  );
}

/** Fills in rows of a table with the facts in headers. Each header is read in a single pass over its lines. */
export class HeaderFacts {
  readonly #table: FactTable;
  readonly #bits: number;
  readonly #readsPlain: boolean;
  readonly #fields: FieldNames<Field>;
  /** The text columns to be filled in, by their index in textColumns. */
  readonly #texts: readonly (TextColumnInMemory | undefined)[];
  readonly #allTexts: readonly TextColumnInMemory[];
  /** The columns of the current row whose values depend on how field names are parsed. */
  #unclear = 0;
  /** The offsets of the first Date field's value. */
  #dateStart = 0;
  #dateEnd = -1;
  /** Whether a field of the current row may show that the message is not plain. */
  #mayBeSpecial = false;

  /** @param bits the columns to be filled in, as a combination of columnBits */
  constructor(table: FactTable, bits: number) {
    this.#table = table;
    this.#bits = bits & headerColumns;
    this.#fields = listWantedFields(bits);
    this.#readsPlain = (bits & columnBits.plain) !== 0;
    this.#texts = textColumns.map((column) => ((bits & columnBits[column]) === 0 ? undefined : table.texts(column)));
    this.#allTexts = this.#texts.filter((texts) => texts !== undefined);
  }

  /**
   * Fills in the facts about a message. If its header is unusual, that is, if it is long, contains CRs, or has an
   * unusual From_ line, the facts stay unknown. Different readers could derive different facts from an unusual header.
   *
   * @param start the offset of the message in the buffer
   * @param end the offset at which the message, or the known part of it, ends
   * @param mayHaveCr whether the message may contain CRs
   */
  add(row: number, lines: LineBuffer, start: number, end: number, mayHaveCr: boolean): void {
    for (const texts of this.#allTexts) texts.begin(row);
    this.#unclear = 0;
    this.#dateEnd = -1;
    this.#mayBeSpecial = isSpecialUser(lines.bytes, start + fromWord.length);
    const headerEnd = this.#readLines(row, lines, start, Math.min(end, start + longestUsualHeader));
    if (headerEnd === undefined || (mayHaveCr && lines.bytes.subarray(start, headerEnd).includes(CR))) {
      for (const texts of this.#allTexts) texts.clear(row);
      return;
    }
    if ((this.#bits & columnBits.date) !== 0) this.#table.numbers("date")[row] = this.#readDate(lines.bytes);
    if (this.#readsPlain)
      this.#table.numbers("plain")[row] =
        this.#mayBeSpecial && !isPlainHeader(lines.bytes.toString("latin1", start, headerEnd)) ? 0 : 1;
    this.#table.markAsKnown(row, this.#bits & ~this.#unclear);
  }

  /** Reads the lines of a header. @returns the offset of the empty line; undefined if the header is unusual */
  #readLines(row: number, lines: LineBuffer, start: number, limit: number): number | undefined {
    const { bytes } = lines;
    let line = lines.lineFeed(start, limit);
    if (!isUsualFromLine(bytes, start, line)) return undefined;
    this.#texts[envelope]?.addAscii(row, bytes, start + 5, line);
    for (;;) {
      const at = line + 1;
      if (at >= limit) return undefined;
      if (bytes[at] === LF) return at;
      line = lines.lineFeed(at, limit);
      const found = this.#fields.find(bytes, at);
      if (found === undefined) continue;
      const nameEnd = at + found.name.length;
      let colon = nameEnd;
      while (isSpaceOrTab(bytes[colon])) colon++;
      if (bytes[colon] !== COLON) continue;
      const firstEnd = line;
      while (line < limit && isSpaceOrTab(bytes[line + 1])) line = lines.lineFeed(line + 1, limit);
      this.#addValue(row, found.value, bytes, colon + 1, line, firstEnd < line);
      const column = textColumns[found.value.index];
      if (colon > nameEnd && column !== undefined) this.#unclear |= columnBits[column];
    }
  }

  #addValue(row: number, field: Field, bytes: Buffer, from: number, to: number, isFolded: boolean): void {
    if (field.isDate) {
      if (this.#dateEnd >= 0) return;
      this.#dateStart = from;
      this.#dateEnd = to;
      return;
    }
    let [start, end] = [from, to];
    while (start < end && isWhiteSpace(bytes[start] as number)) start++;
    while (start < end && isWhiteSpace(bytes[end - 1] as number)) end--;
    if (this.#readsPlain && !this.#mayBeSpecial && field.isSpecial?.(bytes, start, end) === true)
      this.#mayBeSpecial = true;
    const texts = this.#texts[field.index];
    if (texts === undefined) return;
    if (isFolded || !texts.addAscii(row, bytes, start, end))
      texts.addText(row, `${unfoldStored(bytes.toString("latin1", from, to))}\n`);
  }

  #readDate(bytes: Buffer): number {
    const usual = readUsualDate(bytes, this.#dateStart, this.#dateEnd);
    if (usual !== undefined) return usual;
    const text = this.#dateEnd < 0 ? "" : unfoldStored(bytes.toString("latin1", this.#dateStart, this.#dateEnd));
    return parseDateField(text)?.getTime() ?? Number.NaN;
  }
}

/** Returns whether a From_ line consists of printable ASCII, and the user name begins directly after `From `. */
function isUsualFromLine(bytes: Buffer, start: number, end: number): boolean {
  const user = start + fromWord.length;
  if (end <= user || bytes[user] === SPACE || bytes[user] === COLON) return false;
  for (let i = 0; i < fromWord.length; i++) if (bytes[start + i] !== fromWord[i]) return false;
  for (let at = user; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < SPACE || byte > TILDE) return false;
  }
  return true;
}

function isSpaceOrTab(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

function isWhiteSpace(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= CR);
}

/** Returns whether a header shows that a message has no attachments, no X-Status, and is not a failure report. */
function isPlainHeader(header: string): boolean {
  return !(mayHaveAttachments(header) || mayBeBounce(header) || /\nx-status[ \t]*:/i.test(header));
}

/**
 * For each table, the object that fills in its rows. The objects are reused, because creating one takes longer than
 * reading a header.
 */
const fillers = new WeakMap<FactTable, HeaderFacts>();
let copy: LineBuffer | undefined;

/**
 * Adds a message's row to a table, and fills in the facts that its header contains. If the header is unusual, the facts
 * stay unknown.
 *
 * @param bytes the message or its header, beginning with the From_ line
 * @returns the number of the new row
 */
export function addHeaderFacts(table: FactTable, bytes: Buffer): number {
  const row = table.addRow();
  copy ??= new LineBuffer(longestUsualHeader);
  const beginning = bytes.subarray(0, longestUsualHeader);
  copy.bytes.set(beginning);
  let filler = fillers.get(table);
  if (filler === undefined) {
    filler = new HeaderFacts(table, headerColumns);
    fillers.set(table, filler);
  }
  filler.add(row, copy, 0, beginning.length, beginning.includes(CR));
  return row;
}
