/**
 * Does what a journal says, for the first time or after a crash: what moves is written and synced elsewhere, edited messages
 * are filed anew, and only then are files removed and renamed. Until the first is removed everything can be taken back, and is.
 */
import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { Exit, MailError } from "../../errors.ts";
import { addPathToError, isSystemError, strerror } from "../../system-error.ts";
import { syncDirectory } from "../file-ranges.ts";
import { type LockedFile, openLocked } from "../locked-file.ts";
import { asOwner, type Rights, withRights } from "../rights.ts";
import { accessSpool } from "../spool.ts";
import { addToMbox, HalfDone, type Undo } from "../to-mbox.ts";
import { messageNames, type Place } from "./directory.ts";
import { baseOf } from "./file-name.ts";
import { fileFrames } from "./frames.ts";
import type { MaildirJournal } from "./maildir-journal.ts";
import { applyChanges } from "./state-changes.ts";

const places: readonly Place[] = ["new", "cur"];

/** @throws MailError; nothing was changed then, or the journal stays for the next open, and the text says which */
export async function applyJournal(journal: MaildirJournal, lockwait: number, replaying = false): Promise<void> {
  const { path, moved } = journal.work;
  const rights = replaying ? journal.place.rights : undefined;
  const undo: Undo[] = [];
  let begun = replaying;
  let mbox: LockedFile | undefined;
  try {
    if (moved !== null && moved.at !== "maildir") mbox = await openTargetMbox(moved.path, lockwait, rights);
    await writeElsewhere(journal, mbox, replaying, undo);
    const { going, changes } = journal.names();
    removeMessages(path, going, () => {
      begun = true;
    });
    applyChanges(path, changes);
  } catch (error) {
    if (begun || error instanceof HalfDone) {
      journal.close();
      throw describeMaildirFailure(path, error, "the changes are kept and will be finished when it is opened next");
    }
    for (const step of undo.reverse()) step();
    journal.drop();
    throw describeMaildirFailure(path, error, "nothing was changed");
  } finally {
    await mbox?.release();
  }
  journal.drop();
}

/** @param rights of the Maildir's owner, if the owner's journal names the file: it must not lead root to another one */
async function openTargetMbox(path: string, lockwait: number, rights: Rights | undefined): Promise<LockedFile> {
  try {
    return await openLocked(path, lockwait, undefined, rights && accessSpool(path, rights));
  } catch (error) {
    throw addPathToError(path, error);
  }
}

async function writeElsewhere(
  journal: MaildirJournal,
  mbox: LockedFile | undefined,
  replaying: boolean,
  undo: Undo[],
): Promise<void> {
  const { path, moved, movedLength, edited } = journal.work;
  const rights = replaying ? journal.place.rights : undefined;
  if (moved?.at === "maildir") undo.push(await fileFrames(moved.path, journal.moved(), rights));
  else if (moved !== null && mbox !== undefined) {
    const work = { ...moved, length: movedLength };
    const { descriptor } = mbox;
    undo.push(withRights(rights, () => addToMbox(work, descriptor, () => journal.moved(), replaying)));
  }
  if (edited > 0) undo.push(await fileFrames(path, journal.edited()));
}

function removeMessages(path: string, bases: ReadonlySet<string>, begun: () => void): void {
  // Another client may rename a file between the listing and the removal: then it is looked for again.
  for (let missed = true; missed; ) {
    missed = false;
    for (const place of places) {
      const names = messageNames(path, place).filter((name) => bases.has(baseOf(name)));
      asOwner(path, () => {
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
  return isSystemError(error) ? new MailError(`${path}: ${strerror(error)}; ${outcome}`, Exit.IoErr, error) : error;
}
