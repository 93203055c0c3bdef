/**
 * Commits the changes of a session to a Maildir: moved messages are written elsewhere, the files of deleted messages
 * are removed, and files are renamed to change their flags.
 */

import { closeSync } from "node:fs";
import { Exit, MailError } from "../../errors.ts";
import { isSystemError, strerror } from "../../system-error.ts";
import { findJournal, mayHaveJournal } from "../journal-place.ts";
import { type LockedTarget, withLockedTarget } from "../locked-target.ts";
import type { MailboxOptions } from "../mailbox.ts";
import { type CommitPlan, Flag, type Mailbox, type StoredMessages } from "../mailbox.ts";
import { CannotFinish, MailboxChanged, MessagesGone } from "../mailbox-errors.ts";
import { meansMaildir } from "../maildir-path.ts";
import { markBits } from "../marks.ts";
import { formatForStorage } from "../stored-form.ts";
import { frameMessage } from "../to-maildir.ts";
import { applyJournal, replayMaildirJournal } from "./apply-journal.ts";
import { baseOf, lettersOf } from "./file-name.ts";
import { changeFlags, changeOf, type StateChange } from "./flags.ts";
import { lockMaildir } from "./lock.ts";
import { withLetters } from "./maildir-form.ts";
import { MaildirJournal, type MaildirWork, type Parts } from "./maildir-journal.ts";
import type { Entry, MessageTable } from "./message-table.ts";
import { applyChanges } from "./state-changes.ts";

/** Finishes the commit that a crash has interrupted. */
export async function finishMaildirCommit(path: string, options: MailboxOptions): Promise<void> {
  if (!hasJournal(path, options.stateDirectory)) return;
  const release = await lockMaildir(path, options.lockwait);
  try {
    await finishLockedMaildir(path, options);
  } finally {
    await release();
  }
}

/**
 * Finishes the interrupted commit of a locked Maildir. The function looks for the journal again, because the session
 * that wrote the journal may have finished the commit in the meantime.
 */
export async function finishLockedMaildir(path: string, options: MailboxOptions): Promise<void> {
  if (!mayHaveJournal(path, ".maildir", options.stateDirectory)) return;
  const journal = MaildirJournal.left(options.stateDirectory, path);
  if (journal !== undefined) await replayMaildirJournal(journal, options);
}

function hasJournal(path: string, stateDirectory: string): boolean {
  try {
    const found = findJournal(path, ".maildir", stateDirectory);
    if (found !== undefined) closeSync(found.descriptor);
    return found !== undefined;
  } catch (error) {
    if (error instanceof CannotFinish) return true;
    throw error;
  }
}

export interface Leaving {
  readonly mailbox: Mailbox & StoredMessages;
  readonly table: MessageTable;
  /** Number of messages to which the session has assigned a number. Later messages are not changed. */
  readonly known: number;
  readonly plan: CommitPlan;
  readonly replaced: ReadonlyMap<number, Buffer>;
}

/** The outcome of a commit. */
export interface Committed {
  /** Number of this session's messages that remained in the mailbox. */
  readonly held: number;
  readonly moved: number;
  /** Number of messages that could not be moved or marked, because another program has removed them. */
  readonly missed: number;
}

/**
 * Commits a session. The Maildir is locked, and the table is up to date.
 *
 * @throws MailboxChanged if an edited message is gone; in that case, nothing was changed
 * @throws MailError; either nothing was changed, or the error message states which change failed
 */
export async function commitMaildir(leaving: Leaving, options: MailboxOptions): Promise<Committed> {
  const { mailbox, table, known, plan, replaced } = leaving;
  const kept: number[] = [];
  const moved: number[] = [];
  const going: number[] = [];
  let left = 0;
  let missed = 0;
  const gone = (plan.required ?? []).filter((message) => table.entry(message).gone);
  if (gone.length > 0) throw new MessagesGone(mailbox.path, gone);
  for (let message = 1; message <= known; message++) {
    const fate = plan.fate(message);
    if (table.entry(message).gone) {
      if (fate !== "drop" && replaced.has(message)) throw new MailboxChanged(mailbox.path);
      if (fate === "mbox" || (fate === "keep" && (mailbox.flags(message) & markBits) !== 0)) missed++;
      continue;
    }
    if (fate === "as-is") {
      left++;
      continue;
    }
    if (fate === "keep") kept.push(message);
    if (fate === "mbox") moved.push(message);
    if (fate !== "keep" || replaced.has(message)) going.push(message);
  }
  const edited = kept.filter((message) => replaced.has(message));
  const changes = changesOf(leaving, kept);
  if (going.length === 0) storeState(mailbox.path, changes);
  else {
    const leave = async (target: MaildirWork["moved"], mbox?: LockedTarget) => {
      const parts: Parts = {
        bases: going.map((message) => baseOf(table.entry(message).name)),
        changes,
        moved: () => (target === null ? [] : formatForTarget(leaving, moved, mbox)),
        edited: () => framesOf(leaving, edited),
      };
      const journal = await MaildirJournal.write(options.stateDirectory, { path: mailbox.path, moved: target }, parts);
      await applyJournal(journal, mbox?.descriptor);
    };
    const to = moved.length === 0 ? undefined : plan.mbox;
    if (to === undefined) await leave(null);
    else if (meansMaildir(to.path)) await leave({ path: to.path, at: "maildir", oldSize: -1 });
    else
      await withLockedTarget(to, { ...options, holding: [] }, (mbox) =>
        leave({ path: to.path, at: to.at, oldSize: mbox.oldSize }, mbox),
      );
  }
  return { held: kept.length + left, moved: moved.length, missed };
}

/**
 * Yields messages in the form that the destination requires.
 *
 * @param mbox undefined if the messages are moved to a Maildir
 */
function formatForTarget(
  leaving: Leaving,
  messages: readonly number[],
  mbox: LockedTarget | undefined,
): Iterable<Uint8Array> {
  return mbox === undefined ? framesOf(leaving, messages) : mboxForms(leaving, messages, mbox.between);
}

function* framesOf({ mailbox, table }: Leaving, messages: readonly number[]): Iterable<Uint8Array> {
  for (const message of messages) {
    const flags = computeFlagLetters(table.entry(message));
    yield* frameMessage(
      () => formatForStorage(mailbox, message),
      () => flags,
      { fromMaildir: true },
    );
  }
}

function* mboxForms({ mailbox, table }: Leaving, messages: readonly number[], between: Buffer): Iterable<Uint8Array> {
  if (between.length > 0) yield between;
  for (const message of messages) {
    const entry = table.entry(message);
    const status = (entry.flags & Flag.Read) !== 0 ? "RO" : "O";
    yield* withLetters(formatForStorage(mailbox, message, { status, isCopy: true }), computeFlagLetters(entry));
  }
}

/**
 * Moves files to `cur`, under names whose flags express the state of the messages. A list has shown the messages, so
 * they are no longer new.
 */
function storeState(path: string, changes: ReadonlyMap<string, StateChange>): void {
  try {
    applyChanges(path, changes);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const text = `${path}: ${strerror(error)}; the flags of some messages were not stored`;
    throw new MailError(text, Exit.IoErr, { cause: error });
  }
}

function changesOf({ table, replaced }: Leaving, kept: readonly number[]): Map<string, StateChange> {
  const changes = new Map<string, StateChange>();
  for (const message of kept) {
    const entry = table.entry(message);
    const change = replaced.has(message) ? undefined : changeOf(entry);
    if (change !== undefined) changes.set(baseOf(entry.name), change);
  }
  return changes;
}

/** Returns the flags in the file's name, with the session's changes. */
function computeFlagLetters(entry: Entry): string {
  const change = changeOf(entry);
  const letters = lettersOf(entry.name);
  return change === undefined ? letters : changeFlags(letters, change);
}
