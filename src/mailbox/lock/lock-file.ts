/**
 * Locks a mailbox for writing: first the fcntl() lock, then the dotlock.
 *
 * Delivery agents acquire the two locks in either order. If the second lock is refused, `mail` releases the first
 * before it waits. Otherwise, two programs could wait for each other forever.
 */
import { closeSync, openSync, statSync } from "node:fs";
import { Exit, MailError } from "../../errors.ts";
import { isSystemError } from "../../system-error.ts";
import { MailboxBusy } from "../mailbox-errors.ts";
import { type Rights, withRights } from "../rights.ts";
import { type DotlockOutcome, dotlockHolder, isDotlocked, tryDotlock } from "./dotlock.ts";
import { type Lock, releaseFcntlLock, tryFcntlLock, tryReadLock } from "./fcntl-lock.ts";
import { type Release, waitForLock } from "./wait.ts";

/**
 * Locks an open mailbox for writing.
 *
 * @param descriptor open for writing; must stay open until the lock is released
 * @param lockwait how long to wait, in seconds
 * @param signal aborts the wait; the error is the signal's reason
 * @throws MailboxBusy; MailError if the file cannot be locked, or the disk that would contain the lock file is full
 */
export async function lockFile(
  path: string,
  descriptor: number,
  lockwait: number,
  signal?: AbortSignal,
): Promise<Release> {
  return waitForLock(
    path,
    lockwait,
    () => tryBoth(path, descriptor),
    () => dotlockHolder(path),
    signal,
  );
}

/**
 * Locks a mailbox for reading, with the shared fcntl() lock only. If the system has no such locks, this function waits
 * until no program holds the lock file, and the mailbox is then read without a lock.
 *
 * @param descriptor open for reading
 * @param lockwait how long to wait, in seconds
 * @param signal aborts the wait; the error is the signal's reason
 * @returns undefined if another program still holds the lock for writing
 */
export async function lockForReading(
  path: string,
  descriptor: number,
  lockwait: number,
  signal?: AbortSignal,
): Promise<Release | undefined> {
  const attempt = async (): Promise<Release | undefined> => {
    const lock = await tryReadLock(descriptor);
    if (lock === "refused" || (lock === "impossible" && isDotlocked(path))) return undefined;
    return async () => {
      if (lock === "taken") await releaseFcntlLock(descriptor);
    };
  };
  try {
    return await waitForLock(path, lockwait, attempt, () => dotlockHolder(path), signal);
  } catch (error) {
    if (error instanceof MailboxBusy) return undefined;
    throw error;
  }
}

/**
 * Attempts to acquire both locks.
 *
 * @param rights the user whose rights root uses for the lock file
 * @returns undefined if another program holds either lock
 */
export async function tryBoth(path: string, descriptor: number, rights?: Rights): Promise<Release | undefined> {
  const record = await tryFcntlLock(descriptor);
  if (record === "refused") return undefined;
  const giveBack = async () => {
    if (record === "taken") await releaseFcntlLock(descriptor);
  };
  let dotlock: DotlockOutcome;
  try {
    dotlock = withRights(rights, () => tryDotlock(path));
  } catch (error) {
    await giveBack();
    throw error;
  }
  if (dotlock === "refused") {
    await giveBack();
    return undefined;
  }
  if (dotlock === "impossible") {
    if (record === "taken") return giveBack;
    const text = `${path}: cannot be locked: fcntl() locks are not available, and its directory is not writable; nothing was changed`;
    throw new MailError(text, Exit.NoPerm);
  }
  const taken = dotlock;
  return async () => {
    withRights(rights, () => taken.release());
    await giveBack();
  };
}

/**
 * Creates a missing file with both locks held from the beginning. If another program holds the lock for the path, no
 * empty file is left behind.
 *
 * @param how `create` is the function that creates the file; `rights` are the rights with which root creates the lock
 *   file for another user
 * @returns undefined if another program holds the lock or is creating the file
 * @throws a system error, or a MailError as in `lockFile`
 */
export async function tryCreate(
  path: string,
  how: { readonly create?: () => number; readonly rights?: Rights | undefined } = {},
): Promise<{ descriptor: number; release: Release } | undefined> {
  const dotlock = withRights(how.rights, () => tryDotlock(path));
  const releaseDotlock = () => {
    if (dotlock !== "impossible" && dotlock !== "refused") withRights(how.rights, () => dotlock.release());
  };
  if (dotlock === "refused") return undefined;
  let made: { descriptor: number; record: Lock } | undefined;
  try {
    made = await createWithLock(path, how.create);
  } finally {
    if (made === undefined) releaseDotlock();
  }
  if (made === undefined) return undefined;
  const { descriptor, record } = made;
  const release = async () => {
    releaseDotlock();
    if (record === "taken") await releaseFcntlLock(descriptor);
  };
  return { descriptor, release };
}

async function createWithLock(
  path: string,
  create: (() => number) | undefined,
): Promise<{ descriptor: number; record: Lock } | undefined> {
  let descriptor: number;
  try {
    descriptor = create?.() ?? openSync(path, "wx+", 0o600);
  } catch (error) {
    if (!isSystemError(error) || error.code !== "EEXIST") throw error;
    // Either another program has just created the file, or the path is a dangling symbolic link, for which statSync
    // throws.
    if (create === undefined) statSync(path);
    return undefined;
  }
  const record = await tryFcntlLock(descriptor);
  if (record !== "refused") return { descriptor, record };
  // Another program has opened the new file and is about to write to it.
  closeSync(descriptor);
  return undefined;
}
