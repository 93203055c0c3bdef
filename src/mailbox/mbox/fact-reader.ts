/** Reads the facts about single messages of an mbox into a table (list-facts.ts). */
import { countsOf } from "../counts.ts";
import { HeaderFacts, headerColumns, longestUsualHeader } from "../header-facts.ts";
import { columnBits, type FactTable } from "../list-facts.ts";
import { keyOfMessage, keyPrefix } from "../message-key.ts";
import type { FileWindow, MboxFile } from "./mbox-file.ts";

export const countColumns = columnBits.lines | columnBits.characters;
/** The columns whose values depend on the complete message. */
const wholeColumns = countColumns | columnBits.key;
/** The columns that can be read, as a combination of columnBits. */
export const readableColumns = headerColumns | wholeColumns;

const [NUL, CR] = [0, 13];

/** Reads facts from a file. Successive messages are read together. */
export class FactReader {
  readonly #file: MboxFile;
  readonly #table: FactTable;
  #header: { readonly bits: number; readonly facts: HeaderFacts } | undefined;
  #window: FileWindow | undefined;
  /** Whether the window contains bytes of the given kind. */
  #hasNul = false;
  #hasCr = false;

  constructor(file: MboxFile, table: FactTable) {
    this.#file = file;
    this.#table = table;
  }

  /**
   * Fills in columns of a message's row. The facts about an unusual header, and those that depend on all bytes of a large
   * message, stay unknown.
   *
   * @param bits a combination of columnBits
   */
  read(row: number, bits: number): void {
    const message = row + 1;
    const size = this.#file.size(message);
    const whole = (bits & wholeColumns) === 0 ? undefined : this.#locate(message, size);
    if (whole !== undefined) this.#readWhole(row, bits, whole, size);
    if ((bits & headerColumns) === 0) return;
    const window = whole ?? this.#locate(message, longestUsualHeader);
    if (window === undefined) return;
    if (this.#header?.bits !== bits) this.#header = { bits, facts: new HeaderFacts(this.#table, bits) };
    const start = this.#file.start(message) - window.start;
    this.#header.facts.add(row, window.lines, start, Math.min(start + size, window.length), this.#hasCr);
  }

  #readWhole(row: number, bits: number, { lines, start: windowStart }: FileWindow, size: number): void {
    const start = this.#file.start(row + 1) - windowStart;
    const end = start + size;
    if ((bits & countColumns) !== 0) {
      const isCutOrCrlf = this.#hasNul || this.#hasCr;
      const counts = isCutOrCrlf ? countsOf([lines.bytes.subarray(start, end)]) : undefined;
      const lastLine = lines.bytes[end - 1] === 10 ? 0 : 1;
      this.#table.setNumber("lines", row, counts?.lines ?? lines.countLineFeeds(start, end) + lastLine);
      this.#table.setNumber("characters", row, counts?.characters ?? size);
    }
    if ((bits & columnBits.key) !== 0) {
      const read = (from: number, to: number) => lines.bytes.subarray(start + from, start + to);
      this.#table.setKey(row, keyOfMessage({ size, read }).slice(keyPrefix.length));
    }
  }

  #locate(message: number, length: number): FileWindow | undefined {
    const window = this.#file.locate(message, length);
    if (window !== undefined && window !== this.#window) {
      const bytes = window.lines.bytes.subarray(0, window.length);
      this.#hasNul = bytes.includes(NUL);
      this.#hasCr = bytes.includes(CR);
      this.#window = window;
    }
    return window;
  }
}
