/**
 * Locks a Maildir against other sessions of `mail`. Delivery agents and other clients need no lock. But if two sessions
 * moved messages at the same time, both would find the same message, which would be filed twice.
 *
 * A session acquires a flock() lock if it can load koffi. Every session also creates a lock file, because a session
 * without koffi can detect only lock files.
 */
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { MailError } from "../../errors.ts";
import { isSystemError } from "../../system-error.ts";
import { type DotlockOutcome, tryDotlock } from "../lock/dotlock.ts";
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
  // If the lock file is refused, the flock() lock is kept for the next attempt, because it belongs to the descriptor.
  const dotlock = tryLockFile(path, lock === "taken");
  if (dotlock === "refused") return undefined;
  return async () => {
    if (typeof dotlock === "object") dotlock.release();
    closeSync(descriptor);
  };
}

/**
 * Attempts to create a lock file, under a name that no Maildir client uses.
 *
 * @param isOptional whether errors are ignored
 */
function tryLockFile(path: string, isOptional: boolean): DotlockOutcome {
  try {
    return tryDotlock(join(path, "mail"));
  } catch (error) {
    // Users must be able to delete messages even when the disk is full.
    if (isOptional && (isSystemError(error) || error instanceof MailError)) return "impossible";
    throw error;
  }
}
