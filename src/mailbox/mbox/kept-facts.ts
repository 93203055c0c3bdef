/**
 * Provides the facts about the messages of a large mbox, and keeps them in the cache directory. The first command that
 * requests the facts of most messages reads them from the headers. Later commands and sessions use the table.
 */
import { type FactsFile, openFacts, saveFacts } from "../facts-file.ts";
import { addHeaderFacts } from "../header-facts.ts";
import { columnBits, FactTable, type ListFacts } from "../list-facts.ts";
import type { Counts } from "../mailbox.ts";
import { type FileState, stateOf } from "./file-state.ts";
import { countValid, currentGeneration, type Generations } from "./generations.ts";
import { worthIndexing } from "./index-file.ts";
import type { MboxFile } from "./mbox-file.ts";

/** If fewer messages are requested, or a smaller part of the mailbox, reading their headers is faster. */
const fewMessages = 512;
const smallPart = 1 / 8;
/** The number of messages that may be missing from a table, and the part of it, before it is extended. */
const fewMissing = 128;
const smallMissing = 1 / 32;
/** Number of bytes that contain the header of most messages. */
const usualHeader = 16 << 10;
const countBits = columnBits.lines | columnBits.characters;

/** The facts about the messages of an mbox. The last message is not included, because it may still grow. */
export class KeptFacts {
  readonly #directory: string;
  readonly #path: string;
  #table: FactTable | undefined;
  #stored: FactsFile | undefined;
  #isExtended = false;

  /** Creates an empty object. @param directory the cache directory @param path the mailbox */
  constructor(directory: string, path: string) {
    this.#directory = directory;
    this.#path = path;
  }

  /** Prepares the facts of the given messages, if there are so many that the table is worthwhile. */
  prepare(file: MboxFile, generations: Generations, messages: readonly number[]): void {
    if (messages.length < fewMessages || messages.length < file.count * smallPart) return;
    if (!worthIndexing(file.covered)) return;
    this.#table ??= this.#load(file, generations);
    const missing = file.count - 1 - this.#table.count;
    this.#isExtended = missing > Math.max(fewMissing, this.#table.count * smallMissing);
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
  find(file: MboxFile, message: number): ListFacts | undefined {
    const row = this.#row(file, message);
    return row === undefined ? undefined : this.#table?.facts(row);
  }

  /** Returns a message's row in the table, after it has been added if it is the next. */
  #row(file: MboxFile, message: number): number | undefined {
    const table = this.#table;
    if (table === undefined || file.replaced.has(message)) return undefined;
    const row = message - 1;
    if (row < table.count) return row;
    if (!this.#isExtended || row > table.count || message >= file.count || table.isFull) return undefined;
    const bytes = file.readBriefly(message, 0, usualHeader);
    return addHeaderFacts(table, bytes, 0, bytes.length);
  }

  /** Returns a message's counts, which are added to the table if they are unknown. @param count counts the message */
  counts(file: MboxFile, message: number, count: () => Counts): Counts {
    const table = this.#table;
    const row = this.#row(file, message);
    if (table === undefined || row === undefined) return count();
    if (table.knows(row, countBits)) {
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

  /** Removes the facts of all messages after the first `count` messages, because they may have changed. */
  cut(count: number): void {
    this.#table?.cut(count);
  }

  /** Saves the facts, if they have changed. @param state the mailbox's state */
  save(state: FileState, generations: Generations): void {
    if (this.#table?.hasChanged !== true) return;
    saveFacts(this.#directory, this.#path, [state.dev, state.ino, currentGeneration(generations)], this.#table);
  }

  close(): void {
    this.#stored?.close();
    this.#stored = undefined;
  }
}
