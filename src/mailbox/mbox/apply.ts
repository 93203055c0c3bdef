/**
 * Does what a journal says for the first time.
 *
 * Order: mbox (synced), room for a longer spool, the tail in place, the new length (synced), the journal dropped. The spool
 * and mbox must be locked. Until the tail is being written everything can be taken back, and is; from there on the journal
 * stays until the work is done.
 */
import { fstatSync, fsyncSync, ftruncateSync } from "node:fs";
import { Exit, MailError } from "../../errors.ts";
import { isSystemError, named, strerror } from "../../system-error.ts";
import { writePieces } from "../bytes.ts";
import { fileFrames } from "../maildir/frames.ts";
import type { Journal, Work } from "./journal.ts";
import { addToMbox, HalfDone, type Undo } from "./to-mbox.ts";

/** @param onWritten told how many bytes of the tail have been written */
export async function apply(
  journal: Journal,
  spool: number,
  mbox: number | undefined,
  onWritten?: (bytes: number) => void,
): Promise<void> {
  const { work } = journal;
  let undo: Undo = () => {};
  try {
    undo = await addMessages(journal, mbox, false);
    makeRoom(journal, spool);
  } catch (error) {
    if (error instanceof HalfDone) throw unfinished(work, error.cause);
    takeBack(journal, spool, undo, error);
    throw error instanceof MailError ? error : unchanged(work, error);
  }
  writeTail(journal, spool, onWritten);
}

/** mbox's part. @param mbox locked; a Maildir needs none @throws MailError that names mbox */
export async function addMessages(journal: Journal, mbox: number | undefined, replaying: boolean): Promise<Undo> {
  const { work } = journal;
  if (work.mbox === null) return () => {};
  if (work.mbox.at === "maildir") return fileFrames(work.mbox.path, journal.forMbox());
  if (mbox === undefined) return () => {};
  try {
    return addToMbox(work.mbox, mbox, () => journal.forMbox(), replaying);
  } catch (error) {
    throw named(work.mbox.path, error);
  }
}

/** What is to stand behind the old end, so that a full disk is noticed before anything is overwritten. */
export function makeRoom(journal: Journal, spool: number): void {
  const { offset, oldSize, tailLength } = journal.work;
  if (offset + tailLength > oldSize) writePieces(spool, journal.tailPieces(oldSize - offset, tailLength), oldSize);
}

/** @throws MailError; the journal then waits for the next open */
export function writeTail(journal: Journal, spool: number, onWritten?: (bytes: number) => void): void {
  const { work } = journal;
  const newSize = work.offset + work.tailLength;
  try {
    const ahead = Math.min(work.tailLength, Math.max(0, work.oldSize - work.offset));
    writePieces(spool, journal.tailPieces(0, ahead), work.offset, (end) => onWritten?.(end - work.offset));
    fsyncSync(spool);
    if (newSize < work.oldSize) {
      ftruncateSync(spool, newSize);
      fsyncSync(spool);
    }
    journal.drop();
  } catch (error) {
    throw unfinished(work, error);
  }
}

/** @throws MailError when it can't be taken back: then the journal stays, and the next open finishes the work */
function takeBack(journal: Journal, spool: number, undo: Undo, cause: unknown): void {
  try {
    if (fstatSync(spool).size > journal.work.oldSize) ftruncateSync(spool, journal.work.oldSize);
    undo();
    journal.drop();
  } catch {
    throw unfinished(journal.work, cause);
  }
}

function unchanged(work: Work, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  return new MailError(`${work.path}: ${strerror(error)}; nothing was changed`, Exit.IoErr, error);
}

export function unfinished(work: Work, error: unknown): unknown {
  const reason = isSystemError(error) ? strerror(error) : error instanceof MailError ? error.message : undefined;
  if (reason === undefined) return error;
  const text = `${work.path}: ${reason}; the changes are kept and will be finished when it is opened next`;
  return new MailError(text, Exit.IoErr, error);
}
