/**
 * Does what a journal says, for the first time or after a crash.
 *
 * Order: mbox (synced), room for a longer spool, the tail in place, the new length (synced), the journal dropped. The spool
 * must be locked. Until the tail is being written everything can be taken back, and is; from there on the journal stays
 * until the work is done.
 */
import { fstatSync, fsyncSync, ftruncateSync } from "node:fs";
import { Exit, MailError } from "../../errors.ts";
import { isSystemError, strerror } from "../../system-error.ts";
import { readRange, writeAll, writePieces } from "../bytes.ts";
import { Journal, probeOf, type Work } from "./journal.ts";
import { addToMbox } from "./to-mbox.ts";

export async function apply(journal: Journal, spool: number, lockwait: number, replaying = false): Promise<void> {
  const { work } = journal;
  const newSize = work.offset + work.tailLength;
  let undo = () => {};
  try {
    if (work.mbox !== null) undo = await addToMbox(work.mbox, () => journal.forMbox(), lockwait, replaying);
    if (newSize > work.oldSize)
      writeAll(spool, journal.tailRange(work.oldSize - work.offset, work.tailLength), work.oldSize);
  } catch (error) {
    if (replaying) throw unfinished(work, error);
    if (fstatSync(spool).size > work.oldSize) ftruncateSync(spool, work.oldSize);
    undo();
    journal.drop();
    throw isSystemError(error)
      ? new MailError(`${work.path}: ${strerror(error)}; nothing was changed`, Exit.IoErr, error)
      : error;
  }
  try {
    writePieces(spool, journal.tail(), work.offset);
    fsyncSync(spool);
    if (newSize < work.oldSize) {
      ftruncateSync(spool, newSize);
      fsyncSync(spool);
    }
  } catch (error) {
    throw unfinished(work, error);
  }
  journal.drop();
}

function unfinished(work: Work, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const text = `${work.path}: ${strerror(error)}; the changes are kept and will be finished when it is opened next`;
  return new MailError(text, Exit.IoErr, error);
}

/**
 * Finishes what a crash interrupted. What was delivered to the spool since is found and kept.
 *
 * @param spool open for reading and writing, locked
 */
export async function replay(journal: Journal, directory: string, spool: number, lockwait: number): Promise<void> {
  const { work } = journal;
  const { dev, ino, size } = fstatSync(spool);
  if (dev !== work.dev || ino !== work.ino || size < work.offset) {
    // Another file has this name now. The spool's part has nothing to be applied to; mbox's part still holds messages.
    if (work.mbox !== null) await addToMbox(work.mbox, () => journal.forMbox(), lockwait, true);
    journal.drop();
    return;
  }
  const newSize = work.offset + work.tailLength;
  const delivered = deliveredSince(journal, spool, size);
  if (delivered >= size) {
    await apply(journal, spool, lockwait, true);
    return;
  }
  if (newSize < work.oldSize && delivered === newSize) {
    // The spool had been cut: everything but dropping the journal was done.
    journal.drop();
    return;
  }
  const kept = readRange(spool, delivered, size);
  journal.close();
  const again = Journal.write(
    directory,
    {
      path: work.path,
      dev,
      ino,
      oldSize: size,
      offset: work.offset,
      probe: probeOf(spool, newSize + kept.length, size),
      mbox: work.mbox,
    },
    (function* () {
      const left = Journal.left(directory, work.path);
      if (left !== undefined) {
        yield* left.tail();
        left.close();
      }
      yield kept;
    })(),
    journalMbox(directory, work.path),
  );
  await apply(again, spool, lockwait, true);
}

function* journalMbox(directory: string, path: string): Iterable<Uint8Array> {
  const left = Journal.left(directory, path);
  if (left === undefined) return;
  yield* left.forMbox();
  left.close();
}

/** The offset from which the spool holds mail that came after the crash; its size when none came. */
function deliveredSince(journal: Journal, spool: number, size: number): number {
  const { work } = journal;
  const newSize = work.offset + work.tailLength;
  if (newSize < work.oldSize) {
    const cut = size < work.oldSize || probeOf(spool, newSize, work.oldSize) !== work.probe;
    return cut ? newSize : Math.min(size, work.oldSize);
  }
  // A longer spool: its end may have been written ahead, wholly or in part.
  const ahead = readRange(spool, work.oldSize, Math.min(size, newSize));
  const wanted = journal.tailRange(work.oldSize - work.offset, work.oldSize - work.offset + ahead.length);
  return ahead.equals(wanted) ? Math.min(size, newSize) : work.oldSize;
}
