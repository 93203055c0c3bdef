/**
 * Applies a journal, for the first time or after a crash. Moved messages are first written and synced at their
 * destination, and edited messages are filed under new names. Then the files of removed messages are deleted, and files
 * whose names change are renamed. If a step fails before the first removal, all previous steps are undone.
 */
import { unlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { Exit, MailError } from "../../errors.ts";
import { addPathToError, isSystemError, strerror } from "../../system-error.ts";
import { finishInterruptedQuit } from "../append.ts";
import { syncDirectory } from "../file-ranges.ts";
import type { LockedFile } from "../locked-file.ts";
import type { MailboxOptions } from "../mailbox.ts";
import { CannotFinish } from "../mailbox-errors.ts";
import { lockReplayTarget } from "../replay-target.ts";
import { runAsOwner, withRights } from "../rights.ts";
import { fileFrames } from "../to-maildir.ts";
import { addToMbox, HalfDone, type Undo } from "../to-mbox.ts";
import { messageNames, type Place } from "./directory.ts";
import { baseOf } from "./file-name.ts";
import type { MaildirJournal } from "./maildir-journal.ts";
import { applyChanges } from "./state-changes.ts";

const places: readonly Place[] = ["new", "cur"];

/**
 * Carries out a journal that a crash has left behind.
 *
 * @throws CannotFinish, MailError; the journal stays
 */
export async function replayMaildirJournal(
  journal: MaildirJournal,
  options: Pick<MailboxOptions, "lockwait" | "stateDirectory">,
) {
  const { path, moved } = journal.work;
  if (moved === null || moved.at === "maildir") return applyJournal(journal, undefined, true);
  let mbox: LockedFile;
  try {
    mbox = await lockReplayTarget(path, moved.path, options.lockwait, journal.place.rights);
  } catch (error) {
    journal.close();
    if (error instanceof CannotFinish) throw error;
    throw describeMaildirFailure(path, addPathToError(moved.path, error), later);
  }
  try {
    if (!mbox.created) await finishInterruptedQuit(resolve(moved.path), mbox.descriptor, options);
    await applyJournal(journal, mbox.descriptor, true);
  } finally {
    await mbox.release();
  }
}

const later = "the changes are kept; they are applied when the mailbox is next opened";

/**
 * Carries out a journal.
 *
 * @param mbox the locked file if messages are moved to an mbox
 * @throws MailError; its text states either that nothing was changed, or that the commit will be completed later
 */
export async function applyJournal(
  journal: MaildirJournal,
  mbox: number | undefined,
  replaying = false,
): Promise<void> {
  const { path } = journal.work;
  const undo: Undo[] = [];
  let begun = replaying;
  try {
    await writeElsewhere(journal, mbox, replaying, undo);
    const { going, changes } = journal.names();
    removeMessages(path, going, () => {
      begun = true;
    });
    applyChanges(path, changes);
  } catch (error) {
    if (begun || error instanceof HalfDone) {
      journal.close();
      throw describeMaildirFailure(path, error, later);
    }
    for (const step of undo.reverse()) step();
    journal.drop();
    throw describeMaildirFailure(path, error, "nothing was changed");
  }
  journal.drop();
}

async function writeElsewhere(
  journal: MaildirJournal,
  mbox: number | undefined,
  replaying: boolean,
  undo: Undo[],
): Promise<void> {
  const { path, moved, movedLength, edited } = journal.work;
  const rights = replaying ? journal.place.rights : undefined;
  if (moved?.at === "maildir") undo.push(await fileFrames(moved.path, journal.moved(), rights));
  else if (moved !== null && mbox !== undefined) {
    const work = { ...moved, length: movedLength };
    undo.push(withRights(rights, () => addToMbox(work, mbox, () => journal.moved(), replaying)));
  }
  if (edited > 0) undo.push(await fileFrames(path, journal.edited()));
}

function removeMessages(path: string, bases: ReadonlySet<string>, begun: () => void): void {
  // If another client renames a file between the listing and the removal, the directories are listed again.
  for (let missed = true; missed; ) {
    missed = false;
    for (const place of places) {
      const names = messageNames(path, place).filter((name) => bases.has(baseOf(name)));
      runAsOwner(path, () => {
        for (const name of names) {
          if (unlinkIfPresent(join(path, place, name))) begun();
          else missed = true;
        }
      });
    }
  }
  for (const place of places) syncDirectory(join(path, place));
}

function unlinkIfPresent(file: string): boolean {
  try {
    unlinkSync(file);
    return true;
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return false;
    throw error;
  }
}

function describeMaildirFailure(path: string, failure: unknown, outcome: string): unknown {
  const error = failure instanceof HalfDone ? failure.cause : failure;
  return isSystemError(error)
    ? new MailError(`${path}: ${strerror(error)}; ${outcome}`, Exit.IoErr, { cause: error })
    : error;
}
