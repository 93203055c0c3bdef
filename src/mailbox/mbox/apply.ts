/**
 * Carries out a journalled commit for the first time. A commit that a crash has interrupted is finished by replay.ts.
 * The mailbox and mbox are locked during the commit.
 *
 * Invariants:
 *
 * 1. The journal is complete and synced under its name before the first byte of mbox or the mailbox changes.
 * 2. mbox contains the moved messages, synced, before they are removed from the mailbox.
 * 3. Disk space for a longer mailbox is allocated before any of its old bytes are overwritten.
 * 4. The mailbox is truncated only after its new tail is synced.
 * 5. The journal is removed only after the mailbox and its new length are synced.
 * 6. Every step can be repeated without further effect.
 *
 * If a step before step 4 of the table fails, the previous steps are undone and the journal is removed, so that nothing
 * is changed. From step 4 on, the journal stays, and the commit is completed the next time the mailbox is opened. The
 * table lists the states that a crash can leave. Each state has a row in test/mailbox/mbox/replay.test.ts
 * (`interruptions`):
 *
 * | | last call that completed | on the disk | finished by | row |
 * |---|---|---|---|---|
 * | 0 | none, or part of `writeJournal` | nothing but a draft, `PATH.new` | the next commit, which removes the draft | - |
 * | 1 | `writeJournal` | journal | replay: all steps | before anything was done |
 * | 2 | part of `addMessages` | journal, part of the messages in mbox | replay: completes mbox, then the rest | in the middle of mbox |
 * | 3 | `addMessages`, `makeRoom` | journal, mbox | replay: the tail, the length | after mbox |
 * | 4 | part or all of `writeTail` up to its first fsync | journal, mbox, old and new pages mixed | replay: the tail again, the length | after the tail |
 * | 5 | `ftruncateSync` | journal, mbox, mailbox | replay: removes the journal | after the truncation |
 * | 6 | `journal.drop` | mbox, mailbox | nothing is left to do | - |
 *
 * In states 1 to 5, other programs may deliver to the mailbox. Replay keeps this mail (test "new mail that was
 * delivered after an interruption is kept"). If a page has neither its old nor its new contents, another program has
 * rewritten the mailbox, and replay stops.
 */
import { fstatSync, fsyncSync, ftruncateSync } from "node:fs";
import { Exit, MailError } from "../../errors.ts";
import { addPathToError, isSystemError, strerror } from "../../system-error.ts";
import { writePieces } from "../file-ranges.ts";
import { withRights } from "../rights.ts";
import { fileFrames } from "../to-maildir.ts";
import { addToMbox, HalfDone, type Undo } from "../to-mbox.ts";
import { BlockWriter, type Part, smallBlockSize, usualBlockSize } from "./block-writer.ts";
import type { Journal, Work } from "./journal.ts";

/**
 * Functions that rebuild parts of the journal from the spool. If the function for a part is undefined, the part is read
 * from the journal.
 */
export interface Again {
  /** Yields the tail, and reads at most one block ahead. */
  readonly tail: (() => Iterable<Part>) | undefined;
  readonly forMbox: (() => Iterable<Uint8Array>) | undefined;
}

/** Carries out a journal. @param onWritten called with the number of bytes of the tail that have been written */
export async function carryOutJournal(
  journal: Journal,
  spool: number,
  mbox: number | undefined,
  again: Again,
  onWritten: (bytes: number) => void,
): Promise<void> {
  const { work } = journal;
  let undo: Undo = () => {};
  try {
    undo = await addMessages(journal, mbox, false, again.forMbox);
    makeRoom(journal, spool);
  } catch (error) {
    if (error instanceof HalfDone) throw describeUnfinished(work, error.cause);
    undoAll(journal, spool, undo, error);
    throw error instanceof MailError ? error : describeUnchanged(work, error);
  }
  await writeTail(journal, spool, again.tail, onWritten);
}

/** Adds the moved messages to mbox. @param mbox the locked file; undefined for a Maildir @throws MailError that names mbox */
export async function addMessages(
  journal: Journal,
  mbox: number | undefined,
  replaying: boolean,
  pieces: () => Iterable<Uint8Array> = () => journal.forMbox(),
): Promise<Undo> {
  const { work } = journal;
  if (work.mbox === null) return () => {};
  const { path } = work.mbox;
  const { rights } = journal.place;
  if (work.mbox.at === "maildir") return fileFrames(path, journal.forMbox(), replaying ? rights : undefined);
  if (mbox === undefined) return () => {};
  const to = work.mbox;
  try {
    // The file was opened with the owner's rights, and its replacement is also created with them.
    return withRights(replaying ? rights : undefined, () => addToMbox(to, mbox, pieces, replaying));
  } catch (error) {
    throw addPathToError(path, error);
  }
}

/** Writes the bytes beyond the mailbox's old end first, so that a full disk is detected before anything is overwritten. */
export function makeRoom(journal: Journal, spool: number): void {
  const { offset, oldSize, tailLength } = journal.work;
  if (offset + tailLength > oldSize) writePieces(spool, journal.tailPieces(oldSize - offset, tailLength), oldSize);
}

/**
 * Writes the tail and truncates the mailbox.
 *
 * @throws MailError; in that case, the journal stays, and the commit is completed later
 */
export async function writeTail(
  journal: Journal,
  spool: number,
  again?: Again["tail"],
  onWritten?: (bytes: number) => void,
): Promise<void> {
  const { work } = journal;
  const newSize = work.offset + work.tailLength;
  try {
    const ahead = Math.min(work.tailLength, Math.max(0, work.oldSize - work.offset));
    const parts = again === undefined ? [journal.tailStretch(0, ahead)] : limitParts(again(), ahead);
    const source = again === undefined ? journal.descriptor : spool;
    const writer = new BlockWriter({ descriptor: spool }, work.offset, source, {
      holdBack: again !== undefined,
      blockSize: again === undefined ? smallBlockSize : usualBlockSize,
      onBlock: (end) => onWritten?.(end - work.offset),
    });
    await writer.add(parts);
    await writer.end();
    fsyncSync(spool);
    if (newSize < work.oldSize) {
      ftruncateSync(spool, newSize);
      fsyncSync(spool);
    }
    journal.drop();
  } catch (error) {
    throw describeUnfinished(work, error);
  }
}

/** Yields the first `length` bytes of the parts. */
function* limitParts(parts: Iterable<Part>, length: number): Iterable<Part> {
  let left = length;
  for (const part of parts) {
    if (left === 0) return;
    const isStretch = "start" in part;
    const taken = Math.min(left, isStretch ? part.end - part.start : part.length);
    yield isStretch ? { start: part.start, end: part.start + taken } : part.subarray(0, taken);
    left -= taken;
  }
}

/**
 * Undoes a failed commit.
 *
 * @throws MailError if the commit cannot be undone; in that case, the journal stays, and the commit is completed later
 */
function undoAll(journal: Journal, spool: number, undo: Undo, cause: unknown): void {
  try {
    if (fstatSync(spool).size > journal.work.oldSize) ftruncateSync(spool, journal.work.oldSize);
    undo();
    journal.drop();
  } catch {
    throw describeUnfinished(journal.work, cause);
  }
}

function describeUnchanged(work: Work, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  return new MailError(`${work.path}: ${strerror(error)}; nothing was changed`, Exit.IoErr, { cause: error });
}

/**
 * Returns the error for a commit that will be completed the next time the mailbox is opened. Errors other than system
 * errors are returned unchanged.
 */
export function describeUnfinished(work: Work, error: unknown): unknown {
  const reason = isSystemError(error) ? strerror(error) : error instanceof MailError ? error.message : undefined;
  if (reason === undefined) return error;
  const text = `${work.path}: ${reason}; the changes are kept; they are applied when the mailbox is next opened`;
  return new MailError(text, Exit.IoErr, { cause: error });
}
