/** Locks the mbox to which a commit moves messages. */
import { fstatSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { addPathToError } from "../system-error.ts";
import { finishInterruptedQuit, makeSeparator } from "./append.ts";
import { type LockedFile, openLocked } from "./locked-file.ts";
import type { CommitPlan, MailboxOptions } from "./mailbox.ts";

export interface LockedTarget {
  readonly descriptor: number;
  /** Length in bytes; -1 if the file was missing. */
  readonly oldSize: number;
  /** Bytes to insert between the last message and the appended messages; empty if messages are prepended. */
  readonly between: Buffer;
}

export type TargetOptions = Pick<MailboxOptions, "lockwait" | "stateDirectory"> & {
  /** Descriptors of mailboxes that the caller has locked. */
  readonly holding: readonly number[];
};

/**
 * Locks the mbox, finishes any interrupted quit of a session in which the mbox was the open mailbox, and runs a task.
 * The size is read after mbox has been locked, because another program may append to mbox before that. A new file is
 * removed if the task fails and leaves it empty.
 *
 * @throws MailboxBusy, CannotFinish, FinishFirst, MailError, or the task's error
 */
export async function withLockedTarget<T>(
  { path, at }: NonNullable<CommitPlan["mbox"]>,
  { holding, ...options }: TargetOptions,
  task: (target: LockedTarget) => Promise<T>,
): Promise<T> {
  let mbox: LockedFile;
  try {
    mbox = await openLocked(path, options.lockwait);
  } catch (error) {
    throw addPathToError(path, error);
  }
  const { descriptor, created } = mbox;
  try {
    // An interrupted quit must be finished before mbox is replaced with a new file.
    if (!created) await finishInterruptedQuit(resolve(path), descriptor, options, holding);
    const { size } = fstatSync(descriptor);
    const between = at === "end" ? makeSeparator(descriptor, size) : Buffer.alloc(0);
    return await task({ descriptor, oldSize: created ? -1 : size, between });
  } catch (error) {
    if (created && fstatSync(descriptor).size === 0) rmSync(path, { force: true });
    throw error;
  } finally {
    await mbox.release();
  }
}
