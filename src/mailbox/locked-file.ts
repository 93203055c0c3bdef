/** Opens and locks a file, and verifies that the path still leads to it. */

import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { lstatIfPresent, statIfPresent } from "../file-stats.ts";
import { isSystemError } from "../system-error.ts";
import { dotlockHolder } from "./lock/dotlock.ts";
import { tryBoth, tryCreate } from "./lock/lock-file.ts";
import { type Release, waitForLock } from "./lock/wait.ts";
import { createSpool, openSpool, requireSpool, type SpoolAccess } from "./spool.ts";
import { createUnnamed, type UnnamedFile } from "./unnamed-file.ts";

export interface LockedFile {
  readonly descriptor: number;
  /** Whether the file was missing. */
  readonly created: boolean;
  /** Unlocks and closes the file. */
  release(): Promise<void>;
}

/** A new file that is locked, but has no name yet. */
export interface LockedUnnamedFile extends UnnamedFile {
  /** Unlocks the file, which stays open. */
  unlock(): Promise<void>;
}

/**
 * Creates a missing file and acquires both of its locks. The file has no name yet.
 *
 * @returns undefined if the file exists, if another program holds the lock, or if unnamed files are not available
 */
export async function tryCreateUnnamed(path: string): Promise<LockedUnnamedFile | undefined> {
  const file = await createUnnamed(path);
  if (file === undefined) return undefined;
  try {
    const unlock = await tryBoth(path, file.descriptor);
    // Another program may have created the file before the lock was acquired.
    if (unlock !== undefined && lstatIfPresent(path) === undefined) return { ...file, unlock };
    await unlock?.();
  } catch (error) {
    closeSync(file.descriptor);
    throw error;
  }
  closeSync(file.descriptor);
  return undefined;
}

/** Returns whether a path still leads to an open file. */
export function hasName(descriptor: number, path: string): boolean {
  const { dev, ino } = fstatSync(descriptor);
  const named = statIfPresent(path);
  return named?.ino === ino && named.dev === dev;
}

/**
 * Opens and locks a file for writing. If another program creates, replaces or removes the file during the wait, the new
 * file is opened. A missing file is created after its lock has been acquired.
 *
 * A file that is not a regular file, such as a terminal, is not locked.
 *
 * @param lockwait how long to wait, in seconds
 * @param signal aborts the wait; the error is the signal's reason
 * @param access the rights with which the spool is opened and created, if it belongs to another user
 * @throws MailboxBusy, SpoolRefused, or a system error
 */
export function openLocked(
  path: string,
  lockwait: number,
  signal?: AbortSignal,
  access?: SpoolAccess,
): Promise<LockedFile> {
  return waitForLock(
    path,
    lockwait,
    () => tryOpenLocked(path, access),
    () => dotlockHolder(path),
    signal,
  );
}

async function tryOpenLocked(path: string, access: SpoolAccess | undefined): Promise<LockedFile | undefined> {
  const descriptor = access === undefined ? openIfThere(path) : openSpool(path, access)?.descriptor;
  if (descriptor === undefined) {
    const made = await (access === undefined
      ? tryCreate(path)
      : tryCreate(path, { create: () => createSpool(path, access), rights: access.create }));
    return made === undefined ? undefined : makeLockedFile(made.descriptor, true, made.release);
  }
  try {
    if (access !== undefined) requireSpool(path, descriptor, access);
    if (!fstatSync(descriptor).isFile()) return makeLockedFile(descriptor, false, async () => {});
    const unlock = await tryBoth(path, descriptor, access?.create);
    if (unlock !== undefined && hasName(descriptor, path)) return makeLockedFile(descriptor, false, unlock);
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

function makeLockedFile(descriptor: number, created: boolean, unlock: Release): LockedFile {
  const release = async () => {
    await unlock();
    closeSync(descriptor);
  };
  return { descriptor, created, release };
}
