/**
 * Locks a Maildir against other sessions of `mail`. Delivery agents and other clients need no lock. But if two sessions
 * moved messages at the same time, both would find the same message and file it twice.
 */
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { tryDotlock } from "../lock/dotlock.ts";
import { tryFlock } from "../lock/fcntl-lock.ts";
import { type Release, waitForLock } from "../lock/wait.ts";

/** Locks a Maildir. @param lockwait how long to wait, in seconds @throws MailboxBusy */
export async function lockMaildir(path: string, lockwait: number): Promise<Release> {
  const descriptor = openSync(path, "r");
  try {
    return await waitForLock(path, lockwait, () => tryLocks(path, descriptor));
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

async function tryLocks(path: string, descriptor: number): Promise<Release | undefined> {
  const lock = await tryFlock(descriptor);
  if (lock === "refused") return undefined;
  if (lock === "taken") return async () => closeSync(descriptor);
  // If flock() is not available, a lock file is used, under a name that no Maildir client uses.
  const dotlock = tryDotlock(join(path, "mail"));
  if (dotlock === "refused") return undefined;
  return async () => {
    if (typeof dotlock === "object") dotlock.release();
    closeSync(descriptor);
  };
}
