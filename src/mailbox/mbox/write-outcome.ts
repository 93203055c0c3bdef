/** Writes a commit's result: first the journal, then mbox and the mailbox. */
import { fstatSync } from "node:fs";
import { withLockedTarget } from "../locked-target.ts";
import type { CommitPlan, MailboxOptions } from "../mailbox.ts";
import { meansMaildir } from "../maildir-path.ts";
import { carryOutJournal } from "./apply.ts";
import { usualBlockSize } from "./block-writer.ts";
import type { Plan } from "./journal.ts";
import { writeJournal } from "./journal-writer.ts";
import type { MboxFile } from "./mbox-file.ts";
import type { MessageIndex } from "./message-index.ts";
import { framesForMaildir, messagesForMbox, NewTail, type Outcome, offsetOfFirstChange } from "./rewrite.ts";

export interface Commit {
  readonly path: string;
  /** The mailbox, locked. */
  readonly file: MboxFile;
  readonly outcome: Outcome;
  readonly plan: CommitPlan;
  readonly options: MailboxOptions;
}

/** Writes a commit's result. @returns the new start of each message @throws MailboxBusy, MailError */
export async function writeOutcome(commit: Commit): Promise<MessageIndex> {
  const { file, outcome, plan, options } = commit;
  const to = outcome.moved.length === 0 ? undefined : plan.mbox;
  if (to === undefined || meansMaildir(to.path)) {
    const frames = () => (to === undefined ? [] : framesForMaildir(file, outcome.moved));
    const work = to === undefined ? null : ({ path: to.path, at: "maildir", oldSize: -1 } as const);
    return writeJournalled(commit, work, frames, undefined);
  }
  return withLockedTarget(to, { ...options, holding: [file.descriptor] }, ({ descriptor, oldSize, between }) => {
    const messages = () => messagesForMbox(file, outcome.moved, between, to.keepField);
    return writeJournalled(commit, { path: to.path, at: to.at, oldSize }, messages, descriptor);
  });
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
    { tail: () => tail.parts(), forMbox, direct: tail.isMadeAgain },
    { onWritten: (bytes) => onProgress?.(Math.min(bytes, half), 2 * half), signal: plan.signal },
  );
  const { index } = tail;
  // The mailbox is read from the page cache, but the journal would be read from the disk.
  const again = {
    tail: tail.isMadeAgain && tail.mostAhead <= usualBlockSize ? () => tail.parts() : undefined,
    forMbox: tail.isMadeAgain ? forMbox : undefined,
  };
  await carryOutJournal(journal, descriptor, mboxDescriptor, again, (bytes) => onProgress?.(half + bytes, 2 * half));
  file.forget();
  return index;
}
