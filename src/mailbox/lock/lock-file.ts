/**
 * Locks a mailbox for writing: the fcntl() lock, then the dotlock.
 *
 * Deliverers take the two in either order. So when the second is refused the first is given back before waiting, or two
 * programs would wait for each other for ever.
 */
import { Exit, MailError } from "../../errors.ts";
import { type DotlockOutcome, dotlockHolder, tryDotlock } from "./dotlock.ts";
import { releaseFcntlLock, tryFcntlLock } from "./fcntl-lock.ts";
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

async function tryBoth(path: string, descriptor: number): Promise<Release | undefined> {
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
