/**
 * Locks a mailbox for writing: the fcntl() lock, then the dotlock.
 *
 * Deliverers take the two in either order. So when the second is refused the first is given back before waiting, or two
 * programs would wait for each other for ever.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Exit, MailError } from "../../errors.ts";
import { MailboxBusy } from "../errors.ts";
import { notice } from "../notices.ts";
import { type DotlockOutcome, dotlockHolder, tryDotlock } from "./dotlock.ts";
import { releaseFcntlLock, tryFcntlLock } from "./fcntl-lock.ts";

/** Milliseconds between tries, with a random part so that two waiting programs don't keep step. */
const pause = () => 50 + Math.random() * 150;
/** Milliseconds of waiting after which the user is told. */
const patience = 1000;

export type Release = () => Promise<void>;

/**
 * @param descriptor open for writing; not to be closed before the lock is released
 * @param lockwait seconds
 * @throws MailboxBusy; MailError where there is no way to lock, or the lock file's disk is full
 */
export async function lockFile(path: string, descriptor: number, lockwait: number): Promise<Release> {
  const begun = Date.now();
  const deadline = begun + lockwait * 1000;
  let told = false;
  for (;;) {
    const release = await tryBoth(path, descriptor);
    if (release !== undefined) return release;
    const now = Date.now();
    if (now >= deadline) throw new MailboxBusy(path, dotlockHolder(path));
    if (!told && now - begun >= patience) {
      told = true;
      notice(`${path}: locked by ${nameOf(dotlockHolder(path))}; waiting, at most ${lockwait} seconds`);
    }
    await sleep(Math.min(pause(), Math.max(1, deadline - now)));
  }
}

function nameOf(holder: number | undefined): string {
  return holder === undefined ? "another program" : `process ${holder}`;
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
