/**
 * Locks a mailbox for writing: the fcntl() lock, then the dotlock.
 *
 * Deliverers take the two in either order. So when the second is refused the first is given back before waiting, or two
 * programs would wait for each other for ever.
 */
import { closeSync, openSync, statSync } from "node:fs";
import { Exit, MailError } from "../../errors.ts";
import { isSystemError } from "../../system-error.ts";
import { type DotlockOutcome, dotlockHolder, tryDotlock } from "./dotlock.ts";
import { type Lock, releaseFcntlLock, tryFcntlLock } from "./fcntl-lock.ts";
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

/** @returns undefined when another program has one of the two */
export async function tryBoth(path: string, descriptor: number): Promise<Release | undefined> {
  const record = await tryFcntlLock(descriptor);
  if (record === "refused") return undefined;
  const giveBack = async () => {
    if (record === "taken") await releaseFcntlLock(descriptor);
  };
  let dotlock: DotlockOutcome;
  try {
    dotlock = tryDotlock(path);
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
    taken.release();
    await giveBack();
  };
}

/**
 * Makes a file that is not there, under both locks from its first moment: while another program has the lock for it, none is
 * made that would be left behind empty.
 *
 * @returns undefined when another program has the lock, or makes the file at this moment
 * @throws the system's error; MailError as for `lockFile`
 */
export async function tryCreate(path: string): Promise<{ descriptor: number; release: Release } | undefined> {
  const dotlock = tryDotlock(path);
  if (dotlock === "refused") return undefined;
  let made: { descriptor: number; record: Lock } | undefined;
  try {
    made = await createWithLock(path);
  } finally {
    if (made === undefined && dotlock !== "impossible") dotlock.release();
  }
  if (made === undefined) return undefined;
  const { descriptor, record } = made;
  const release = async () => {
    if (dotlock !== "impossible") dotlock.release();
    if (record === "taken") await releaseFcntlLock(descriptor);
  };
  return { descriptor, release };
}

async function createWithLock(path: string): Promise<{ descriptor: number; record: Lock } | undefined> {
  let descriptor: number;
  try {
    descriptor = openSync(path, "wx+", 0o600);
  } catch (error) {
    if (!isSystemError(error) || error.code !== "EEXIST") throw error;
    // Made by another program just now; or a link that leads nowhere, and then this throws.
    statSync(path);
    return undefined;
  }
  const record = await tryFcntlLock(descriptor);
  if (record !== "refused") return { descriptor, record };
  // Another program has found it and is going to write it.
  closeSync(descriptor);
  return undefined;
}
