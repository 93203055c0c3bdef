/** The end of a session with a Maildir: names tell the state, files go, and what moves is written elsewhere before. */

import { closeSync, existsSync, fstatSync, openSync } from "node:fs";
import { resolve } from "node:path";
import { Exit, MailError } from "../../errors.ts";
import { statIfPresent } from "../../file-stats.ts";
import { isSystemError, strerror } from "../../system-error.ts";
import { finishInterruptedQuit, separator } from "../append.ts";
import { mayHaveJournal } from "../journal-place.ts";
import { openLocked } from "../locked-file.ts";
import type { MailboxOptions } from "../mailbox.ts";
import { type CommitPlan, Flag, type Mailbox } from "../mailbox.ts";
import { storedForm } from "../stored-form.ts";
import { applyJournal } from "./apply-journal.ts";
import { meansMaildir } from "./directory.ts";
import { baseOf, lettersOf } from "./file-name.ts";
import { changeFlags, changeOf, type StateChange } from "./flags.ts";
import { frame } from "./frames.ts";
import { lockMaildir } from "./lock.ts";
import { maildirForm, withLetters } from "./maildir-form.ts";
import { MaildirJournal, type MaildirWork } from "./maildir-journal.ts";
import type { Entry, MessageTable } from "./message-table.ts";
import { filing } from "./safe-delivery.ts";
import { applyChanges } from "./state-changes.ts";

/** Plays the journal that a crash has left. */
export async function finishMaildirCommit(path: string, { stateDirectory, lockwait }: MailboxOptions): Promise<void> {
  const left = MaildirJournal.left(stateDirectory, path);
  if (left === undefined) return;
  left.close();
  const release = await lockMaildir(path, lockwait);
  try {
    // Looked for again: another session may have finished it while we waited.
    const journal = MaildirJournal.left(stateDirectory, path);
    if (journal !== undefined) await applyJournal(journal, lockwait, true);
  } finally {
    await release();
  }
}

export interface Leaving {
  readonly mailbox: Mailbox;
  readonly table: MessageTable;
  /** Messages that have numbers for the session; later ones are not touched. */
  readonly known: number;
  readonly plan: CommitPlan;
  readonly replaced: ReadonlyMap<number, Buffer>;
}

/**
 * Under the lock, with the table up to date.
 *
 * @returns how many of the known messages stay
 * @throws MailError; nothing was changed then, or the text says what was not
 */
export async function commitMaildir(leaving: Leaving, { stateDirectory, lockwait }: MailboxOptions): Promise<number> {
  const { mailbox, table, known, plan, replaced } = leaving;
  const kept: number[] = [];
  const moved: number[] = [];
  const going: number[] = [];
  for (let message = 1; message <= known; message++) {
    const fate = plan.fate(message);
    if (table.entry(message).gone) continue;
    if (fate === "keep") kept.push(message);
    if (fate === "mbox") moved.push(message);
    if (fate !== "keep" || replaced.has(message)) going.push(message);
  }
  const edited = kept.filter((message) => replaced.has(message));
  const changes = changesOf(leaving, kept);
  if (going.length === 0) storeState(mailbox.path, changes);
  else {
    if (moved.length > 0 && plan.mbox !== undefined) await finishTarget(plan.mbox.path, stateDirectory, lockwait);
    const target = moved.length === 0 || plan.mbox === undefined ? null : targetOf(plan.mbox);
    const journal = await MaildirJournal.write(
      stateDirectory,
      { path: mailbox.path, moved: target },
      {
        bases: going.map((message) => baseOf(table.entry(message).name)),
        changes,
        moved: target === null ? [] : forTarget(leaving, moved, target),
        edited: framesOf(leaving, edited),
      },
    );
    await applyJournal(journal, lockwait);
  }
  return kept.length;
}

/** An mbox whose own quit was interrupted has to be whole before anything is added to it. */
async function finishTarget(path: string, stateDirectory: string, lockwait: number): Promise<void> {
  const absolute = resolve(path);
  if (meansMaildir(path) || !existsSync(absolute) || !mayHaveJournal(absolute, ".journal", stateDirectory)) return;
  const mbox = await openLocked(absolute, lockwait);
  try {
    await finishInterruptedQuit(absolute, mbox.descriptor, { stateDirectory, lockwait });
  } finally {
    await mbox.release();
  }
}

function targetOf({ path, at }: NonNullable<CommitPlan["mbox"]>): NonNullable<MaildirWork["moved"]> {
  if (meansMaildir(path)) return { path, at: "maildir", oldSize: -1 };
  return { path, at, oldSize: statIfPresent(path)?.size ?? -1 };
}

function forTarget(
  leaving: Leaving,
  messages: readonly number[],
  target: NonNullable<MaildirWork["moved"]>,
): Iterable<Uint8Array> {
  return target.at === "maildir" ? framesOf(leaving, messages) : mboxForms(leaving, messages, target);
}

function* framesOf({ mailbox, table }: Leaving, messages: readonly number[]): Iterable<Uint8Array> {
  for (const message of messages) {
    const content = () => maildirForm(storedForm(mailbox, message), { fromMaildir: true });
    const where = filing(lettersNow(table.entry(message)), "cur", content().date);
    yield* frame(where, () => content().pieces);
  }
}

function* mboxForms(
  { mailbox, table }: Leaving,
  messages: readonly number[],
  { path, at, oldSize }: NonNullable<MaildirWork["moved"]>,
): Iterable<Uint8Array> {
  if (at === "end" && oldSize > 0) yield separatorIn(path);
  for (const message of messages) {
    const entry = table.entry(message);
    const status = (entry.flags & Flag.Read) !== 0 ? "RO" : "O";
    yield* withLetters(storedForm(mailbox, message, { status, isCopy: true }), lettersOf(entry.name));
  }
}

function separatorIn(path: string): Buffer {
  const descriptor = openSync(path, "r");
  try {
    return separator(descriptor, fstatSync(descriptor).size);
  } finally {
    closeSync(descriptor);
  }
}

/** Names the files anew: in `cur`, since they have been seen in a list, with the letters of their state. */
function storeState(path: string, changes: ReadonlyMap<string, StateChange>): void {
  try {
    applyChanges(path, changes);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const text = `${path}: ${strerror(error)}; which messages were read is not all stored`;
    throw new MailError(text, Exit.IoErr, error);
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

/** The letters as the file has them, with what the session changed. */
function lettersNow(entry: Entry): string {
  const change = changeOf(entry);
  const letters = lettersOf(entry.name);
  return change === undefined ? letters : changeFlags(letters, change);
}
