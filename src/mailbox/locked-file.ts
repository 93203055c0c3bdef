/** A file that is written by its name: opened, locked, and sure to be still the one that has the name. */
import { closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import { isSystemError } from "../system-error.ts";
import { lockFile } from "./lock/lock-file.ts";

export interface LockedFile {
  readonly descriptor: number;
  /** It was not there before. */
  readonly created: boolean;
  /** Unlocks and closes. */
  release(): Promise<void>;
}

function openOrCreate(path: string): { descriptor: number; created: boolean } {
  for (;;) {
    try {
      return { descriptor: openSync(path, constants.O_RDWR), created: false };
    } catch (error) {
      if (!isSystemError(error) || error.code !== "ENOENT") throw error;
    }
    try {
      return { descriptor: openSync(path, "wx+", 0o600), created: true };
    } catch (error) {
      if (!isSystemError(error) || error.code !== "EEXIST") throw error;
      // Made by another program just now; or a link that leads nowhere, and then this throws.
      statSync(path);
    }
  }
}

/** Whether a name still is that of the open file. */
export function hasName(descriptor: number, path: string): boolean {
  const { dev, ino } = fstatSync(descriptor);
  const named = statSync(path, { throwIfNoEntry: false });
  return named?.ino === ino && named.dev === dev;
}

/**
 * While one waits for a lock, the file may be replaced or removed by who holds it; then the new one is taken.
 *
 * What is no regular file, such as a terminal, is not locked.
 *
 * @param lockwait seconds
 * @throws MailboxBusy, or the system's error
 */
export async function openLocked(path: string, lockwait: number): Promise<LockedFile> {
  const until = Date.now() + lockwait * 1000;
  for (;;) {
    const { descriptor, created } = openOrCreate(path);
    try {
      if (!fstatSync(descriptor).isFile()) {
        return { descriptor, created: false, release: async () => closeSync(descriptor) };
      }
      const unlock = await lockFile(path, descriptor, Math.max(0, (until - Date.now()) / 1000));
      if (hasName(descriptor, path)) {
        const release = async () => {
          await unlock();
          closeSync(descriptor);
        };
        return { descriptor, created, release };
      }
      await unlock();
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    closeSync(descriptor);
  }
}
