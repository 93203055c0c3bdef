/** A file that is written by its name: opened, locked, and sure to be still the one that has the name. */
import { closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import { isSystemError } from "../system-error.ts";
import { dotlockHolder } from "./lock/dotlock.ts";
import { tryBoth, tryCreate } from "./lock/lock-file.ts";
import { type Release, waitForLock } from "./lock/wait.ts";

export interface LockedFile {
  readonly descriptor: number;
  /** It was not there before. */
  readonly created: boolean;
  /** Unlocks and closes. */
  release(): Promise<void>;
}

/** Whether a name still is that of the open file. */
export function hasName(descriptor: number, path: string): boolean {
  const { dev, ino } = fstatSync(descriptor);
  const named = statSync(path, { throwIfNoEntry: false });
  return named?.ino === ino && named.dev === dev;
}

/**
 * While one waits for a lock, the file may be made, replaced or removed by who holds it; then the new one is taken. One that
 * is not there is made once it is locked.
 *
 * What is no regular file, such as a terminal, is not locked.
 *
 * @param lockwait seconds
 * @param signal ends the waiting, with its reason
 * @throws MailboxBusy, or the system's error
 */
export function openLocked(path: string, lockwait: number, signal?: AbortSignal): Promise<LockedFile> {
  return waitForLock(
    path,
    lockwait,
    () => tryOpenLocked(path),
    () => dotlockHolder(path),
    signal,
  );
}

async function tryOpenLocked(path: string): Promise<LockedFile | undefined> {
  const descriptor = openIfThere(path);
  if (descriptor === undefined) {
    const made = await tryCreate(path);
    return made === undefined ? undefined : lockedFile(made.descriptor, true, made.release);
  }
  try {
    if (!fstatSync(descriptor).isFile()) return lockedFile(descriptor, false, async () => {});
    const unlock = await tryBoth(path, descriptor);
    if (unlock !== undefined && hasName(descriptor, path)) return lockedFile(descriptor, false, unlock);
    await unlock?.();
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  closeSync(descriptor);
  return undefined;
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDWR);
  } catch (error) {
    if (!isSystemError(error) || error.code !== "ENOENT") throw error;
    return undefined;
  }
}

function lockedFile(descriptor: number, created: boolean, unlock: Release): LockedFile {
  const release = async () => {
    await unlock();
    closeSync(descriptor);
  };
  return { descriptor, created, release };
}
