/**
 * Computes a commit's result: which messages change, the new tail (from the first changed message on), and the new
 * index.
 */

import { isLengthValid, withFromLine } from "../copied-header.ts";
import { readInto, readPieces, readRange } from "../file-ranges.ts";
import { formLength, fromLineForm, isFromLine, quoteFromLines } from "../from-line.ts";
import type { Fate } from "../mailbox.ts";
import { Flag } from "../mailbox.ts";
import { changeLetters, markBits, withMarks } from "../marks.ts";
import { formatForStorage } from "../stored-form.ts";
import { frameMessage } from "../to-maildir.ts";
import { copyRun, copyWithStatus } from "../verbatim-copy.ts";
import type { Part } from "./block-writer.ts";
import type { MboxFile } from "./mbox-file.ts";
import { MessageIndex, Stored } from "./message-index.ts";
import { readRuns, Window } from "./message-pieces.ts";

const change = { none: 0, status: 1, drop: 2, replace: 3 } as const;

export interface Outcome {
  /** The first message that changes; 0 if none does. */
  readonly firstChanged: number;
  /** The change to each message, indexed by the message's number minus one. */
  readonly changes: Uint8Array;
  /** Messages that are moved to mbox, in ascending order. */
  readonly moved: readonly number[];
  readonly kept: number;
}

/** Determines how each message changes. @param fate returns a message's fate */
export function planOutcome(file: MboxFile, fate: (message: number) => Fate): Outcome {
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
      // A Status that differs only in its form is left unchanged unless the mailbox is rewritten for another reason.
      if (decided === "keep" && changesMarks(file, message)) changed = change.status;
      else if (decided === "keep" && !hasStatus(file, message) && (firstChanged > 0 || !saysTheSame(file, message)))
        changed = change.status;
      else if (file.replaced.has(message)) changed = change.replace;
    }
    changes[message - 1] = changed;
    if (changed !== change.none && firstChanged === 0) firstChanged = message;
  }
  return { firstChanged, changes, moved, kept };
}

/**
 * Ensures that a later scan still finds the messages that stay. If the form of the first From_ line changes (see
 * FromLineForm), all From_ lines are rewritten in the usual form, and `From ` lines in bodies are quoted.
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

/** Returns whether the session changes the marks in X-Status. */
function changesMarks(file: MboxFile, message: number): boolean {
  const flags = file.index.flags(message);
  if ((flags & markBits) === 0) return false;
  const header = file.header(message);
  return withMarks(header, flags) !== header;
}

/** Returns whether the file already contains the intended Status. */
function hasStatus(file: MboxFile, message: number): boolean {
  const stored = file.index.stored(message);
  const wanted = (file.index.flags(message) & Flag.Read) !== 0;
  return (stored & Stored.Plain) !== 0 && ((stored & Stored.Read) !== 0) === wanted;
}

/** Returns whether the file's Status has the intended letters, perhaps in another order. */
function saysTheSame(file: MboxFile, message: number): boolean {
  const stored = file.index.stored(message);
  const wanted = (file.index.flags(message) & Flag.Read) !== 0;
  return (stored & Stored.Old) !== 0 && ((stored & Stored.Read) !== 0) === wanted;
}

function statusOfMessage(file: MboxFile, message: number): string {
  return (file.index.flags(message) & Flag.Read) !== 0 ? "RO" : "O";
}

/**
 * Returns the offset of the first byte to be written. Empty lines before the first message are removed with it, as in
 * bsd-mailx. Other text stays.
 */
export function offsetOfFirstChange(file: MboxFile, firstChanged: number): number {
  const start = file.start(firstChanged);
  if (firstChanged > 1 || start === 0) return start;
  for (const piece of readPieces(file.descriptor, 0, start)) {
    if (piece.some((byte) => byte !== 10 && byte !== 13)) return start;
  }
  return 0;
}

/** Number of bytes per read for messages with a new Status. */
const windowSize = 256 << 10;
/** A journal of at least this many bytes bypasses the page cache. */
const muchToCopy = 64 << 20;

/** The bytes that follow the last unchanged message. */
export class NewTail {
  /**
   * Whether the tail and the moved messages are so large that they are rebuilt from the mailbox rather than read from
   * the journal. The mailbox's bytes are read before they are overwritten.
   */
  readonly isMadeAgain: boolean;
  readonly #file: MboxFile;
  readonly #outcome: Outcome;
  readonly #offset: number;
  #index: MessageIndex | undefined;
  #mostAhead = 0;

  /** Plans the tail. @param movesAsIs whether the moved messages are appended to an mbox almost unchanged */
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

  /** The new start of each message, available after the parts have been read. */
  get index(): MessageIndex {
    return this.#index ?? new MessageIndex();
  }

  /**
   * The new tail can extend beyond the part of the mailbox that has been read so far, by at most this number of bytes.
   * A message that becomes longer shifts all later messages. The number is available after the parts have been read.
   */
  get mostAhead(): number {
    return this.#mostAhead;
  }

  /**
   * Yields the parts. Ranges refer to the mailbox. The parts can be read a second time while the mailbox is being
   * written, provided that writing stays at least `mostAhead` bytes behind reading.
   */
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

  /** Returns the last message in the sequence of unchanged messages that starts at `first`. */
  #unchangedRun(first: number): number {
    const { changes } = this.#outcome;
    let last = first;
    while (last < this.#file.count && changes[last] === change.none) last++;
    return last;
  }
}

/** Yields a message with a new Status. Each piece is valid until the next message is read. */
function replaceStatus(file: MboxFile, window: Window, message: number, status: string): Iterable<Uint8Array> {
  const flags = file.index.flags(message);
  const bytes =
    file.replaced.has(message) || (flags & markBits) !== 0
      ? undefined
      : window.take(file.start(message), file.end(message), file.covered);
  const quick = bytes && copyWithStatus(bytes, status);
  if (quick !== undefined) return quick;
  return formatForStorage(file, message, {
    status,
    flags,
    isMeasured: isLengthValid(file.header(message), file.size(message)),
  });
}

/** Yields messages as frames for a Maildir, with the flags for their file names. */
export function* framesForMaildir(file: MboxFile, messages: readonly number[]): Iterable<Uint8Array> {
  for (const message of messages) {
    const flags = file.index.flags(message);
    const seen = (flags & Flag.Read) !== 0 ? "S" : "";
    yield* frameMessage(
      () => formatForStorage(file, message, { isCopy: true }),
      (ofStatus) => changeLetters(ofStatus.replace("S", ""), flags, "maildir") + seen,
    );
  }
}

/** Yields messages for mbox, with their Status. @param between the bytes before the first message */
export function* messagesForMbox(
  file: MboxFile,
  messages: readonly number[],
  between: Uint8Array,
  keepField: ((lowerName: string) => boolean) | undefined,
): Iterable<Uint8Array> {
  yield between;
  const statusOf = (message: number) =>
    keepField === undefined && (file.index.flags(message) & markBits) === 0
      ? statusOfMessage(file, message)
      : undefined;
  const rebuild = (message: number) => {
    const [status, flags] = [statusOfMessage(file, message), file.index.flags(message)];
    return formatForStorage(file, message, { status, flags, keepField, isCopy: true });
  };
  for (const run of readRuns(file, messages)) {
    for (const pieces of copyRun(run, statusOf, rebuild)) yield* pieces;
  }
}
