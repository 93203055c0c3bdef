/** Finishes a commit that a crash has interrupted. Mail delivered to the spool after the crash is kept. */
import { closeSync, fstatSync, openSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { notify } from "../../notices.ts";
import { isSystemError } from "../../system-error.ts";
import { isPartlyWritten, readInto, readRange, writePieces } from "../file-ranges.ts";
import { findJournal, mayHaveJournal } from "../journal-place.ts";
import { lockFile } from "../lock/lock-file.ts";
import { hasName, type LockedFile } from "../locked-file.ts";
import { CannotFinish, FinishFirst } from "../mailbox-errors.ts";
import { lockReplayTarget } from "../replay-target.ts";
import { createKeptPath } from "../state-path.ts";
import { compareWithMbox } from "../to-mbox.ts";
import { addMessages, describeUnfinished, makeRoom, writeTail } from "./apply.ts";
import { Journal, journalSuffix, type Plan, probeOf } from "./journal.ts";
import { writeJournal } from "./journal-writer.ts";
import { eachIsOneOf, pageSums } from "./page-sums.ts";

/**
 * Finishes the interrupted quit of a spool.
 *
 * @param spool open for reading and writing
 * @throws MailboxBusy, MailError; the journal is kept
 */
export async function finishCommit(path: string, directory: string, spool: number, lockwait: number): Promise<void> {
  if (!isJournalLeft(directory, path)) return;
  const release = await lockFile(path, spool, lockwait);
  try {
    // finishLocked looks for the journal again, because another session may have finished the quit during the wait.
    await finishLocked(path, directory, spool, lockwait);
  } finally {
    await release();
  }
}

/**
 * Finishes the interrupted quit of a locked spool.
 *
 * @param holding descriptors of other mailboxes that this process has locked; the process cannot lock a file twice
 * @throws CannotFinish, FinishFirst, MailboxBusy, MailError; the journal is kept
 */
export async function finishLocked(
  path: string,
  directory: string,
  spool: number,
  lockwait: number,
  holding: readonly number[] = [],
): Promise<void> {
  const journal = Journal.left(directory, path);
  if (journal === undefined) return;
  try {
    const { mbox } = journal.work;
    if (mbox === null || mbox.at === "maildir") {
      await replayJournal(journal, directory, spool, undefined);
      return;
    }
    if (holding.some((descriptor) => hasName(descriptor, mbox.path))) throw new FinishFirst(path, mbox.path);
    const locked = await lockReplayTarget(path, mbox.path, lockwait, journal.place.rights);
    try {
      await finishTarget(mbox.path, directory, locked, lockwait, [...holding, spool]);
      await replayJournal(journal, directory, spool, locked);
    } finally {
      await locked.release();
    }
  } catch (error) {
    throw error instanceof CannotFinish || error instanceof FinishFirst
      ? error
      : describeUnfinished(journal.work, error);
  }
}

/**
 * If a quit was interrupted while it was changing the mbox, finishes it before messages are added to the mbox. Once
 * messages have been added, the quit can no longer be finished.
 */
async function finishTarget(
  path: string,
  directory: string,
  mbox: LockedFile,
  lockwait: number,
  holding: readonly number[],
): Promise<void> {
  if (mbox.created || !mayHaveJournal(path, journalSuffix, directory)) return;
  try {
    await finishLocked(resolve(path), directory, mbox.descriptor, lockwait, holding);
  } catch (error) {
    // Version 0.1.0 could leave two interrupted quits behind, each of which required the other to be finished first. In
    // that case, the quit is finished for the requested mailbox.
    if (!(error instanceof FinishFirst)) throw error;
  }
}

/**
 * Returns whether there is a journal, including one that only another user can read. The session that wrote the journal
 * may still be running, so the caller must search again after locking the mailbox.
 */
function isJournalLeft(directory: string, path: string): boolean {
  try {
    const found = findJournal(path, journalSuffix, directory);
    if (found !== undefined) closeSync(found.descriptor);
    return found !== undefined;
  } catch (error) {
    if (error instanceof CannotFinish) return true;
    throw error;
  }
}

async function replayJournal(
  journal: Journal,
  directory: string,
  spool: number,
  mbox: LockedFile | undefined,
): Promise<void> {
  const { work } = journal;
  const { ino, size } = fstatSync(spool);
  if (ino !== work.ino || !isAsWeLeftIt(journal, spool, size)) {
    await giveUp(journal, directory, mbox);
    return;
  }
  const newSize = work.offset + work.tailLength;
  const delivered = findDeliveredSince(journal, spool, size);
  if (newSize < work.oldSize && delivered === newSize) {
    // The spool has already been truncated, so only the journal remains to be removed.
    journal.drop();
    return;
  }
  await addMessages(journal, mbox?.descriptor, true);
  const current = delivered < size ? await withDelivered(journal, directory, spool, delivered, size) : journal;
  makeRoom(current, spool);
  await writeTail(current, spool);
}

/** Returns whether each of the pages to be overwritten has either its old or its new contents. */
function isAsWeLeftIt(journal: Journal, spool: number, size: number): boolean {
  const { offset, oldSize, tailLength } = journal.work;
  const end = Math.min(offset + tailLength, oldSize);
  if (size < end || size < offset) return false;
  const now = pageSums((bytes, at) => readInto(spool, bytes, at), offset, end);
  const after = pageSums((bytes, at) => journal.readTail(bytes, at - offset), offset, end);
  return eachIsOneOf(now, journal.oldSums(), after);
}

/** Writes a journal that also contains the mail delivered since the crash. By now, mbox contains the moved messages. */
async function withDelivered(
  journal: Journal,
  directory: string,
  spool: number,
  delivered: number,
  size: number,
): Promise<Journal> {
  const { path, dev, ino, offset } = journal.work;
  const plan: Plan = { path, dev, ino, oldSize: size, offset, mbox: null };
  const tail = function* () {
    yield* journal.tail();
    yield { start: delivered, end: size };
  };
  const again = await writeJournal(directory, plan, spool, { tail, forMbox: () => [] }, { replaces: journal });
  journal.close();
  return again;
}

/** Returns the offset of the mail that was delivered to the spool after the crash; the spool's size if there is none. */
function findDeliveredSince(journal: Journal, spool: number, size: number): number {
  const { work } = journal;
  const newSize = work.offset + work.tailLength;
  if (newSize < work.oldSize) {
    const cut = size < work.oldSize || probeOf(spool, newSize, work.oldSize) !== work.probe;
    return cut ? newSize : work.oldSize;
  }
  // If the commit makes the spool longer, the new end of the spool may have been written first, completely or partly.
  if (size <= newSize && isTailOfJournal(journal, spool, size)) return size;
  let agrees = work.oldSize;
  for (const piece of journal.tailPieces(work.oldSize - work.offset, work.tailLength)) {
    const there = readRange(spool, agrees, Math.min(size, agrees + piece.length));
    const same = countEqualBytes(there, piece);
    agrees += same;
    if (same < piece.length) break;
  }
  if (agrees === newSize || agrees === size) return agrees;
  // A delivered From_ line may begin with the same characters as the From_ line in the journal.
  const back = readRange(spool, Math.max(work.oldSize, agrees - 64), Math.min(size, agrees + 5)).lastIndexOf("From ");
  return back < 0 ? agrees : Math.max(work.oldSize, agrees - 64) + back;
}

/** Returns whether all bytes after the old end came from the journal, except for pages lost in a power failure. */
function isTailOfJournal(journal: Journal, spool: number, size: number): boolean {
  const { offset, oldSize, tailLength } = journal.work;
  let at = oldSize;
  for (const piece of journal.tailPieces(oldSize - offset, tailLength)) {
    if (at >= size) return true;
    if (!isPartlyWritten(readRange(spool, at, Math.min(size, at + piece.length)), piece, at)) return false;
    at += piece.length;
  }
  return true;
}

function countEqualBytes(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  if (a.subarray(0, length).equals(b.subarray(0, length))) return length;
  let i = 0;
  while (a[i] === b[i]) i++;
  return i;
}

/**
 * Abandons a commit, because another program replaced or rewrote the mailbox after the crash. The mailbox is not
 * overwritten.
 *
 * If mbox already contains the moved messages, part of the mailbox may have been overwritten before the crash. The
 * mailbox's intended contents are then kept beside the journal. If mbox does not contain them, nothing has been changed
 * yet.
 */
async function giveUp(journal: Journal, directory: string, mbox: LockedFile | undefined): Promise<void> {
  const { work } = journal;
  if (work.mbox?.at === "maildir") await addMessages(journal, undefined, true);
  const begun =
    work.mbox === null ||
    mbox === undefined ||
    compareWithMbox(work.mbox, mbox.descriptor, () => journal.forMbox()) === "all";
  if (begun && work.tailLength > 0) {
    const kept = createKeptPath(directory);
    const descriptor = openSync(kept, "wx", 0o600);
    try {
      writePieces(descriptor, journal.tail(), 0);
    } catch (error) {
      if (isSystemError(error)) rmSync(kept, { force: true });
      throw error;
    } finally {
      closeSync(descriptor);
    }
    notify(
      `${work.path}: changed by another program after an interrupted quit; the messages of that quit are in ${kept}`,
    );
  }
  journal.drop();
}
