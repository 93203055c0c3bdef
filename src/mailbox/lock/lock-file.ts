/**
 * Locks a mailbox for writing: the fcntl() lock, then the dotlock.
 *
 * Deliverers take the two in either order. So when the second is refused the first is given back before waiting, or two
 * programs would wait for each other for ever.
 */
import { closeSync, openSync, statSync } from "node:fs";
import { Exit, MailError } from "../../errors.ts";
import { isSystemError } from "../../system-error.ts";
import { MailboxBusy } from "../mailbox-errors.ts";
import { type Rights, withRights } from "../rights.ts";
import { type DotlockOutcome, dotlockHolder, tryDotlock } from "./dotlock.ts";
import { type Lock, releaseFcntlLock, tryFcntlLock, tryReadLock } from "./fcntl-lock.ts";
import { type Release, waitForLock } from "./wait.ts";

/**
 * @param descriptor open for writing; not to be closed before the lock is released
 * @param lockwait seconds
 * @param signal ends the waiting, with its reason
 * @throws MailboxBusy; MailError where there is no way to lock, or the lock file's disk is full
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
 * Locks a mailbox for reading, by the shared fcntl() lock alone. Where there are no such locks, it is read without one.
 *
 * @param descriptor open for reading
 * @param lockwait seconds
 * @param signal ends the waiting, with its reason
 * @returns undefined if another program still has the lock for writing
 */
export async function lockForReading(
  path: string,
  descriptor: number,
  lockwait: number,
  signal?: AbortSignal,
): Promise<Release | undefined> {
  const attempt = async (): Promise<Release | undefined> => {
    const lock = await tryReadLock(descriptor);
    if (lock === "refused") return undefined;
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
 * @param rights of root's file operations on the lock file
 * @returns undefined when another program has one of the two
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
    const text = `${path}: cannot be locked: no fcntl() locks here, and its directory can't be written; nothing was changed`;
    throw new MailError(text, Exit.NoPerm);
  }
  const taken = dotlock;
  return async () => {
    withRights(rights, () => taken.release());
    await giveBack();
  };
}

/**
 * Makes a file that is not there, under both locks from its first moment: while another program has the lock for it, none is
 * made that would be left behind empty.
 *
 * @param how creates the file if root does it for another user, with the rights for the lock file
 * @returns undefined when another program has the lock, or makes the file at this moment
 * @throws the system's error; MailError as for `lockFile`
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
    // Made by another program just now; or a link that leads nowhere, and then this throws.
    if (create === undefined) statSync(path);
    return undefined;
  }
  const record = await tryFcntlLock(descriptor);
  if (record !== "refused") return { descriptor, record };
  // Another program has found it and is going to write it.
  closeSync(descriptor);
  return undefined;
}
