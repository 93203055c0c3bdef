/** What a commit makes of a mailbox: which messages change, the new tail from the first of them on, and its index. */

import { asStored } from "../as-stored.ts";
import { isLengthValid, withFromLine } from "../copied-header.ts";
import { readInto, readPieces, readRange } from "../file-ranges.ts";
import { formLength, fromLineForm, isFromLine, quoteFromLines } from "../from-line.ts";
import type { Fate } from "../mailbox.ts";
import { Flag } from "../mailbox.ts";
import { storedForm } from "../stored-form.ts";
import { frameMessage } from "../to-maildir.ts";
import type { Part } from "./block-writer.ts";
import type { MboxFile } from "./mbox-file.ts";
import { MessageIndex, Stored } from "./message-index.ts";
import { Window, wholeMessages } from "./message-pieces.ts";

const change = { none: 0, status: 1, drop: 2, replace: 3 } as const;

export interface Outcome {
  /** Message that is the first to change; 0 when none does. */
  readonly firstChanged: number;
  /** What becomes of each message, by its number less one. */
  readonly changes: Uint8Array;
  /** Messages that go to mbox, ascending. */
  readonly moved: readonly number[];
  readonly kept: number;
}

/** @param fate of each message; "as-is": whatever its Status is, it stays */
export function planOutcome(file: MboxFile, fate: (message: number) => Fate | "as-is"): Outcome {
  const changes = new Uint8Array(file.count);
  const moved: number[] = [];
  let firstChanged = 0;
  let kept = 0;
  for (let message = 1; message <= file.count; message++) {
    const decided = fate(message);
    if (decided === "mbox") moved.push(message);
    let changed: number = change.none;
    if (decided === "drop" || decided === "mbox") changed = change.drop;
    else {
      kept++;
      // A Status that only is spelled otherwise is written anew where the mailbox is written anyway.
      if (decided === "keep" && !hasStatus(file, message) && (firstChanged > 0 || !saysTheSame(file, message)))
        changed = change.status;
      else if (file.replaced.has(message)) changed = change.replace;
    }
    changes[message - 1] = changed;
    if (changed !== change.none && firstChanged === 0) firstChanged = message;
  }
  return { firstChanged, changes, moved, kept };
}

/**
 * Sees to it that the messages that stay are found again. If another form of From_ line comes to the start of the file
 * (see FromLineForm), each From_ line is made a usual one, and the lines `From ` of texts are quoted.
 */
export function keepSeparators(file: MboxFile, { changes, firstChanged }: Outcome): void {
  if (firstChanged !== 1 || changes[0] !== change.drop) return;
  const first = changes.findIndex((changed) => changed !== change.drop) + 1;
  const before = fromLineForm(readRange(file.descriptor, 0, formLength));
  if (first === 0 || fromLineForm(file.read(first, 0, formLength)) === before) return;
  for (let message = first; message <= file.count; message++) {
    if (changes[message - 1] === change.drop) continue;
    const header = file.header(message);
    const body = file.read(message, header.length, file.size(message));
    if (isFromLine(header, 0, header.length) && !body.includes("From ")) continue;
    file.replaced.set(message, Buffer.concat([withFromLine(header), ...quoteFromLines([body])]));
    if (changes[message - 1] === change.none) changes[message - 1] = change.replace;
  }
}

/** The Status in the file is the one that is to be written. */
function hasStatus(file: MboxFile, message: number): boolean {
  const stored = file.index.stored(message);
  const wanted = (file.index.flags(message) & Flag.Read) !== 0;
  return (stored & Stored.Plain) !== 0 && ((stored & Stored.Read) !== 0) === wanted;
}

/** The letters in the file are those that are to be written, perhaps in another order. */
function saysTheSame(file: MboxFile, message: number): boolean {
  const stored = file.index.stored(message);
  const wanted = (file.index.flags(message) & Flag.Read) !== 0;
  return (stored & Stored.Old) !== 0 && ((stored & Stored.Read) !== 0) === wanted;
}

function statusOfMessage(file: MboxFile, message: number): string {
  return (file.index.flags(message) & Flag.Read) !== 0 ? "RO" : "O";
}

/** Where writing begins. Empty lines in front of the first message go with it, as in bsd-mailx; any other text stays. */
export function offsetOfFirstChange(file: MboxFile, firstChanged: number): number {
  const start = file.start(firstChanged);
  if (firstChanged > 1 || start === 0) return start;
  for (const piece of readPieces(file.descriptor, 0, start)) {
    if (piece.some((byte) => byte !== 10 && byte !== 13)) return start;
  }
  return 0;
}

/** Messages with another Status are read so much at a time. */
const windowSize = 256 << 10;
/** So much is worth a journal that passes by the page cache. */
const muchToCopy = 64 << 20;

/** The new bytes from the first changed message on. */
export class NewTail {
  /**
   * It and what goes to mbox are much, and are made a second time out of the mailbox itself rather than read from the
   * journal: most of it is copied, or goes out of the mailbox, which stays as it is until that is done.
   */
  readonly isMadeAgain: boolean;
  readonly #file: MboxFile;
  readonly #outcome: Outcome;
  readonly #offset: number;
  #index: MessageIndex | undefined;
  #mostAhead = 0;

  /** @param movesAsIs what is moved goes to an mbox, nearly as it stands */
  constructor(file: MboxFile, outcome: Outcome, offset: number, movesAsIs: boolean) {
    this.#file = file;
    this.#outcome = outcome;
    this.#offset = offset;
    const moved = outcome.moved.reduce((sum, message) => sum + file.size(message), 0);
    let copied = movesAsIs ? moved : 0;
    let made = moved - copied;
    for (let message = outcome.firstChanged; message <= file.count; message++) {
      const changed = outcome.changes[message - 1];
      if (changed === change.none) copied += file.size(message);
      else if (changed !== change.drop) made += file.size(message);
    }
    this.isMadeAgain = copied >= muchToCopy && copied >= 4 * made;
  }

  /** Where each message then starts; known once the parts have been taken. */
  get index(): MessageIndex {
    return this.#index ?? new MessageIndex();
  }

  /**
   * How far, at the most, the new tail is ahead of what is read for it: a message longer than before shifts all that
   * follow. Known once the parts have been taken.
   */
  get mostAhead(): number {
    return this.#mostAhead;
  }

  /** Stretches are of the mailbox. They may be taken again, also while it is being written, `mostAhead` behind. */
  *parts(): Iterable<Part> {
    const file = this.#file;
    const { firstChanged, changes, kept } = this.#outcome;
    const { starts, storedStates } = file.index;
    const before = firstChanged - 1;
    const window = new Window((bytes, position) => readInto(file.descriptor, bytes, position), windowSize);
    const index = new MessageIndex(new Float64Array(kept), undefined, 0);
    index.append(starts.subarray(0, before), storedStates.subarray(0, before));
    let at = this.#offset;
    for (let message = firstChanged; message <= file.count; message++) {
      const changed = changes[message - 1];
      if (changed === change.drop) continue;
      if (changed === change.none) {
        const last = this.#unchangedRun(message);
        const start = file.start(message);
        const end = file.end(last);
        for (let n = message; n <= last; n++) index.add(at + file.start(n) - start, file.index.stored(n));
        yield { start, end };
        at += end - start;
        message = last;
        continue;
      }
      const status = changed === change.status ? statusOfMessage(file, message) : undefined;
      const read = status === "RO" ? Stored.Read : 0;
      index.add(at, status === undefined ? file.index.stored(message) : Stored.Old | Stored.Plain | read);
      for (const piece of status === undefined ? file.pieces(message) : replaceStatus(file, window, message, status)) {
        at += piece.length;
        yield piece;
      }
      this.#mostAhead = Math.max(this.#mostAhead, at - file.end(message));
    }
    this.#index = index;
  }

  /** The last of the messages that stand unchanged one behind the other from `first` on. */
  #unchangedRun(first: number): number {
    const { changes } = this.#outcome;
    let last = first;
    while (last < this.#file.count && changes[last] === change.none) last++;
    return last;
  }
}

/** A message with another Status; each piece is valid until the next message. */
function replaceStatus(file: MboxFile, window: Window, message: number, status: string): Iterable<Uint8Array> {
  const bytes = file.replaced.has(message)
    ? undefined
    : window.take(file.start(message), file.end(message), file.covered);
  const quick = bytes && asStored(bytes, status);
  if (quick !== undefined) return quick;
  return storedForm(file, message, { status, isMeasured: isLengthValid(file.header(message), file.size(message)) });
}

/** What goes to a Maildir, with the state that the names of its files are to tell. */
export function* framesForMaildir(file: MboxFile, messages: readonly number[]): Iterable<Uint8Array> {
  for (const message of messages) {
    const seen = (file.index.flags(message) & Flag.Read) !== 0 ? "S" : "";
    yield* frameMessage(
      () => storedForm(file, message, { isCopy: true }),
      (ofStatus) => ofStatus.replace("S", "") + seen,
    );
  }
}

/** What goes to mbox, with the Status it has there. @param between stands before the first message */
export function* messagesForMbox(
  file: MboxFile,
  messages: readonly number[],
  between: Uint8Array,
  keepField: ((lowerName: string) => boolean) | undefined,
): Iterable<Uint8Array> {
  yield between;
  for (const { message, at, bytes } of wholeMessages(file, messages)) {
    if (at > 0) continue;
    const status = statusOfMessage(file, message);
    const isWhole = bytes.length === file.size(message);
    const quick = isWhole && keepField === undefined ? asStored(bytes, status, true) : undefined;
    yield* quick ?? storedForm(file, message, { status, keepField, isCopy: true });
  }
}
