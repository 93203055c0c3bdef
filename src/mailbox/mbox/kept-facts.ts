/**
 * Provides facts about the messages in a large mbox, and stores them in the cache directory. The first command that
 * needs the facts about a large part of the mailbox reads them from the headers. Later commands and sessions use the
 * stored table.
 */
import { type FactsFile, openFacts, saveFacts } from "../facts-file.ts";
import { columnsByField } from "../header-facts.ts";
import {
  columnBits,
  type FactSource,
  FactTable,
  type ListFacts,
  type NumberColumn,
  Row,
  type TextColumn,
} from "../list-facts.ts";
import { type Counts, type Pause, type RankedKey, unknownRank } from "../mailbox.ts";
import { keyPrefix } from "../message-key.ts";
import type { ServerTerm } from "../server-term.ts";
import { enlargeArray } from "../text-column.ts";
import { countColumns, FactReader, readableColumns } from "./fact-reader.ts";
import { type FileState, stateOf } from "./file-state.ts";
import { countValid, currentGeneration, type Generations } from "./generations.ts";
import { worthIndexing } from "./index-file.ts";
import type { MboxFile } from "./mbox-file.ts";

/**
 * The table is used only if at least this many messages are requested and if these messages make up at least this
 * fraction of the mailbox. Otherwise, reading the headers is faster.
 */
const fewMessages = 512;
const smallPart = 1 / 8;
/**
 * Missing messages are added to the table only if the number of missing messages exceeds both this limit and this
 * fraction of the table's size.
 */
const fewMissing = 128;
const smallMissing = 1 / 32;
/** The maximum number of messages whose facts are collected together. */
const batch = 256;
/** The maximum distance between these messages. */
const longestSpan = 8 * batch;
const rankColumns = { from: "fromRank", subject: "subjectRank" } as const satisfies Record<RankedKey, NumberColumn>;

/** Returns whether facts can show that a message does not satisfy a condition. */
export function isAboutFacts(term: ServerTerm): boolean {
  if ("allOf" in term) return term.allOf.some(isAboutFacts);
  if ("anyOf" in term) return term.anyOf.every(isAboutFacts);
  return "field" in term && term.words.length > 0 && columnsByField.has(term.field.toLowerCase());
}

/** Returns the columns with which a condition is compared, as a combination of columnBits. */
function columnsOf(term: ServerTerm): number {
  if ("field" in term) return columnBits[columnsByField.get(term.field.toLowerCase()) as TextColumn] ?? 0;
  const terms = "allOf" in term ? term.allOf : "anyOf" in term ? term.anyOf : [];
  return terms.filter(isAboutFacts).reduce((bits, each) => bits | columnsOf(each), 0);
}

/**
 * Returns an array that contains 0 for each row that cannot satisfy a condition, and 1 for each row that may satisfy
 * it. Returns undefined if the condition is not about the facts.
 */
function findRows(table: FactTable, term: ServerTerm): Uint8Array | undefined {
  if (!isAboutFacts(term)) return undefined;
  if ("field" in term) {
    const words = term.words.map((word) => word.toLowerCase());
    return table.findRows(columnsByField.get(term.field.toLowerCase()) as TextColumn, words);
  }
  const [terms, isBoth] = "allOf" in term ? [term.allOf, true] : "anyOf" in term ? [term.anyOf, false] : [[], true];
  const found = terms.map((each) => findRows(table, each)).filter((rows) => rows !== undefined);
  return found[0]?.map((_, row) =>
    (isBoth ? found.every((rows) => rows[row] === 1) : found.some((rows) => rows[row] === 1)) ? 1 : 0,
  );
}

/** The facts about the messages in an mbox, except for the last message, which may still grow. */
export class KeptFacts implements FactSource {
  readonly #directory: string;
  readonly #path: string;
  #file: MboxFile | undefined;
  #table: FactTable | undefined;
  #reader: FactReader | undefined;
  #stored: FactsFile | undefined;
  /** Whether missing messages are added to the table. */
  #isExtended = false;
  /** 1 for each row whose facts will be requested. */
  #requested = new Uint8Array(0);
  /** The columns that have been requested, as a combination of columnBits. */
  #wanted = 0;
  /** For each row, the columns that have been read, even if the facts stayed unknown. */
  #collected = new Uint32Array(0);

  /** Creates an empty object. @param directory the cache directory @param path the mailbox */
  constructor(directory: string, path: string) {
    this.#directory = directory;
    this.#path = path;
  }

  /**
   * Loads or creates the table if the facts about enough messages will be requested.
   *
   * @param messages the messages whose facts will be requested
   */
  prepare(file: MboxFile, generations: Generations, messages: readonly number[]): void {
    const isWorthwhile =
      messages.length >= fewMessages && messages.length >= file.count * smallPart && worthIndexing(file.covered);
    if (!isWorthwhile && this.#table === undefined) return;
    const table = this.#table ?? this.#load(file, generations);
    if (this.#file !== file || this.#table !== table) this.#reader = new FactReader(file, table);
    this.#file = file;
    this.#table = table;
    if (this.#requested.length === file.count) this.#requested.fill(0);
    else {
      this.#requested = new Uint8Array(file.count);
      this.#collected = enlargeArray(this.#collected, file.count);
    }
    if (messages.length === file.count) this.#requested.fill(1);
    else for (const message of messages) this.#requested[message - 1] = 1;
    if (!isWorthwhile) return;
    const missing = file.count - 1 - table.count;
    if (missing > Math.max(fewMissing, table.count * smallMissing)) {
      this.#isExtended = true;
      table.reserve(file.count - 1);
    }
  }

  #load(file: MboxFile, generations: Generations): FactTable {
    const stored = openFacts(this.#directory, this.#path);
    if (stored === undefined) return new FactTable();
    const [dev, ino, generation] = stored.stamp;
    const state = stateOf(file.descriptor);
    const valid = dev === state.dev && ino === state.ino ? countValid(generations, generation as number) : 0;
    const count = Math.min(stored.count, valid, file.count - 1);
    if (count > 0) this.#stored = stored;
    else stored.close();
    return count > 0 ? new FactTable(stored, count) : new FactTable();
  }

  /** Returns the facts about a message; undefined if the message must be read. */
  find(message: number): ListFacts | undefined {
    const row = this.#row(message);
    return row === undefined ? undefined : new Row(this, row);
  }

  /** Returns the messages that may satisfy a condition, judging by the known facts. */
  async narrow(messages: readonly number[], term: ServerTerm, pause: Pause): Promise<readonly number[]> {
    const [table, replaced] = [this.#table, this.#file?.replaced];
    if (table === undefined) return messages;
    const columns = columnsOf(term);
    for (const message of messages) {
      if (table.knows(message - 1, columns)) continue;
      const waited = pause(message);
      if (waited !== undefined) await waited;
      this.require(message, columns);
    }
    if (this.#table !== table) return messages;
    const rows = findRows(table, term);
    if (rows === undefined) return messages;
    return messages.filter((message) => rows[message - 1] !== 0 || replaced?.has(message) === true);
  }

  /**
   * Returns a message's row in the table, and adds the row if it is missing. Returns undefined if no facts can be kept:
   * the message has been edited, it is the last one, or the table is full.
   */
  #row(message: number): number | undefined {
    const [file, table] = [this.#file, this.#table];
    if (file === undefined || table === undefined || file.replaced.has(message)) return undefined;
    const row = message - 1;
    if (row < table.count) return row;
    if (!this.#isExtended || message >= file.count || (row % 256 === 0 && table.isFull)) return undefined;
    while (table.count < row) table.addRow();
    return table.addRow();
  }

  number(column: NumberColumn, row: number): number | undefined {
    const known = this.#table?.number(column, row);
    return known === undefined && this.#require(row, columnBits[column]) ? this.#table?.number(column, row) : known;
  }

  text(column: TextColumn, row: number): string | undefined {
    const known = this.#table?.text(column, row);
    return known === undefined && this.#require(row, columnBits[column]) ? this.#table?.text(column, row) : known;
  }

  key(row: number): string | undefined {
    const known = this.#table?.key(row);
    return known === undefined && this.#require(row, columnBits.key) ? this.#table?.key(row) : known;
  }

  /** The table, whose facts are known only after `require` has returned true; undefined if no facts are kept. */
  get table(): FactTable | undefined {
    return this.#table;
  }

  /** Returns whether columns of a message are known, after reading them if possible. @param bits as in columnBits */
  require(message: number, bits: number): boolean {
    const row = this.#row(message);
    return row !== undefined && this.#require(row, bits);
  }

  #require(row: number, bits: number): boolean {
    const [table, reader] = [this.#table, this.#reader];
    if (table === undefined || reader === undefined) return false;
    if (table.knows(row, bits)) return true;
    const isCollected = (((this.#collected[row] as number) | ~readableColumns) & bits) === bits;
    if (!isCollected) this.#collect(reader, table, row, bits);
    return table.knows(row, bits);
  }

  /**
   * Reads facts about a message and about the requested messages that follow it. All columns are read that have been
   * requested so far, because they will probably be requested again.
   */
  #collect(reader: FactReader, table: FactTable, first: number, bits: number): void {
    this.#wanted |= bits & readableColumns;
    const end = Math.min(this.#requested.length, first + longestSpan);
    for (let row = first, left = batch; row < end && left > 0; row++) {
      if (row !== first && this.#requested[row] !== 1) continue;
      if (this.#row(row + 1) === undefined) continue;
      left--;
      const missing = this.#wanted & ~(this.#collected[row] as number) & ~table.knownColumns(row);
      if (missing === 0) continue;
      reader.read(row, missing);
      this.#collected[row] = (this.#collected[row] as number) | missing;
    }
  }

  /** Returns a message's counts. Unknown counts are computed by `count` and added to the table. */
  counts(message: number, count: () => Counts): Counts {
    const table = this.#table;
    const row = this.#row(message);
    if (table === undefined || row === undefined) return count();
    if (this.#require(row, countColumns)) {
      const [lines, characters] = [table.number("lines", row), table.number("characters", row)];
      if (lines !== undefined && characters !== undefined) return { lines, characters };
    }
    const counts = count();
    const { lines, characters } = counts;
    if (lines !== undefined && lines < 2 ** 32 && characters < 2 ** 32) {
      table.setNumber("lines", row, lines);
      table.setNumber("characters", row, characters);
    }
    return counts;
  }

  /**
   * Returns a message's key. If the table does not contain the key, the key is computed by `compute` and added to the
   * table.
   */
  messageKey(message: number, compute: () => string): string {
    const table = this.#table;
    const row = this.#row(message);
    if (table === undefined || row === undefined) return compute();
    const known = this.key(row);
    if (known !== undefined) return keyPrefix + known;
    const key = compute();
    table.setKey(row, key.slice(keyPrefix.length));
    return key;
  }

  /** Returns the rank of each message by a key, or unknownRank; undefined if facts about the mailbox are not kept. */
  ranks(key: RankedKey): Uint32Array | undefined {
    const [file, table] = [this.#file, this.#table];
    if (file === undefined || table === undefined) return undefined;
    const ranks = new Uint32Array(file.count).fill(unknownRank);
    const column = rankColumns[key];
    for (let row = 0; row < Math.min(table.count, file.count); row++) {
      const rank = table.number(column, row) ?? unknownRank;
      if (rank < ranks.length) ranks[row] = rank;
    }
    for (const message of file.replaced.keys()) ranks[message - 1] = unknownRank;
    return ranks;
  }

  /** Stores the ranks that result from sorting the messages by a key. */
  keepRanks(key: RankedKey, ranks: Uint32Array): void {
    const [table, replaced] = [this.#table, this.#file?.replaced];
    if (table === undefined) return;
    for (let row = 0; row < Math.min(table.count, ranks.length); row++) {
      if (replaced?.has(row + 1) !== true) table.setNumber(rankColumns[key], row, ranks[row] as number);
    }
  }

  /** Keeps only the facts about the first `count` messages, because the others may have changed. */
  cut(count: number): void {
    this.#table?.cut(count);
    this.#collected.fill(0, count);
  }

  /** Discards all facts, because the mailbox has been replaced or rewritten. */
  discard(): void {
    this.#table = undefined;
    this.#reader = undefined;
    this.#file = undefined;
    this.#collected.fill(0);
  }

  /** Saves the facts if they have changed. @param state the mailbox's current state */
  save(state: FileState, generations: Generations): void {
    if (this.#table?.hasChanged !== true) return;
    saveFacts(this.#directory, this.#path, [state.dev, state.ino, currentGeneration(generations)], this.#table);
  }

  close(): void {
    this.#stored?.close();
    this.#stored = undefined;
  }
}
