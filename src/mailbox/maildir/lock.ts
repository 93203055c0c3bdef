/**
 * Deliverers and other clients of a Maildir need no lock. Two sessions of ours do, when they move messages elsewhere: or
 * both would find the same message and file it twice.
 */
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { tryDotlock } from "../lock/dotlock.ts";
import { tryFlock } from "../lock/fcntl-lock.ts";
import { type Release, waitForLock } from "../lock/wait.ts";

/** @param lockwait seconds. @throws MailboxBusy */
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
  // No flock() here: a lock file then, under a name that no client of Maildirs uses.
  const dotlock = tryDotlock(join(path, "mail"));
  if (dotlock === "refused") return undefined;
  return async () => {
    if (typeof dotlock === "object") dotlock.release();
    closeSync(descriptor);
  };
}
