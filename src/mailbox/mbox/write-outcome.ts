/** Writes what a commit has decided: the journal first, then mbox and the mailbox. */
import { fstatSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { addPathToError } from "../../system-error.ts";
import { separator } from "../append.ts";
import { type LockedFile, openLocked } from "../locked-file.ts";
import type { CommitPlan, MailboxOptions } from "../mailbox.ts";
import { meansMaildir } from "../maildir/directory.ts";
import { carryOutJournal } from "./apply.ts";
import { usualBlockSize } from "./block-writer.ts";
import type { Plan } from "./journal.ts";
import { writeJournal } from "./journal-writer.ts";
import type { MboxFile } from "./mbox-file.ts";
import type { MessageIndex } from "./message-index.ts";
import { finishLocked } from "./replay.ts";
import { framesForMaildir, messagesForMbox, NewTail, type Outcome, offsetOfFirstChange } from "./rewrite.ts";

export interface Commit {
  readonly path: string;
  /** Locked. */
  readonly file: MboxFile;
  readonly outcome: Outcome;
  readonly plan: CommitPlan;
  readonly options: MailboxOptions;
}

/** Returns where each message starts now @throws MailboxBusy, MailError */
export async function writeOutcome(commit: Commit): Promise<MessageIndex> {
  const { file, outcome, plan, options } = commit;
  const to = outcome.moved.length === 0 ? undefined : plan.mbox;
  if (to === undefined || meansMaildir(to.path)) {
    const frames = () => (to === undefined ? [] : framesForMaildir(file, outcome.moved));
    const work = to === undefined ? null : ({ path: to.path, at: "maildir", oldSize: -1 } as const);
    return writeJournalled(commit, work, frames, undefined);
  }
  let mbox: LockedFile;
  try {
    mbox = await openLocked(to.path, options.lockwait);
  } catch (error) {
    throw addPathToError(to.path, error);
  }
  try {
    // What a crash has left undone there comes first: a new file in the place of mbox would make it impossible.
    if (!mbox.created) await finishLocked(resolve(to.path), options.stateDirectory, mbox.descriptor, options.lockwait);
    const { size } = fstatSync(mbox.descriptor);
    const between = to.at === "end" ? separator(mbox.descriptor, size) : Buffer.alloc(0);
    const work = { path: to.path, at: to.at, oldSize: mbox.created ? -1 : size };
    const messages = () => messagesForMbox(file, outcome.moved, between, to.keepField);
    return await writeJournalled(commit, work, messages, mbox.descriptor);
  } catch (error) {
    if (mbox.created && fstatSync(mbox.descriptor).size === 0) rmSync(to.path, { force: true });
    throw error;
  } finally {
    await mbox.release();
  }
}

async function writeJournalled(
  { path, file, outcome, plan, options: { onProgress, stateDirectory } }: Commit,
  mbox: Plan["mbox"],
  forMbox: () => Iterable<Uint8Array>,
  mboxDescriptor: number | undefined,
): Promise<MessageIndex> {
  const { descriptor, covered } = file;
  const { dev, ino } = fstatSync(descriptor);
  const offset = offsetOfFirstChange(file, outcome.firstChanged);
  const tail = new NewTail(file, outcome, offset, mbox?.at !== "maildir");
  const half = covered - offset;
  const journal = await writeJournal(
    stateDirectory,
    { path, dev, ino, oldSize: covered, offset, mbox },
    descriptor,
    { tail: tail.parts(), forMbox: forMbox(), direct: tail.isMadeAgain },
    { onWritten: (bytes) => onProgress?.(Math.min(bytes, half), 2 * half), signal: plan.signal },
  );
  const { index } = tail;
  // What is in the page cache is read again from there; the journal is on the disk alone.
  const again = {
    tail: tail.isMadeAgain && tail.mostAhead <= usualBlockSize ? () => tail.parts() : undefined,
    forMbox: tail.isMadeAgain ? forMbox : undefined,
  };
  await carryOutJournal(journal, descriptor, mboxDescriptor, again, (bytes) => onProgress?.(half + bytes, 2 * half));
  file.forget();
  return index;
}
