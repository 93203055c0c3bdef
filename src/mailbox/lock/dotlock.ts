/** The lock file `NAME.lock` that stands beside a mailbox while a program writes it, as Debian's policy has it. */
import { closeSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from "node:fs";
import { isSystemError } from "../../system-error.ts";

/** A lock without a living owner that is older than this (milliseconds) was left by a crash. */
const staleAge = 5 * 60 * 1000;

export type Dotlock = "taken" | "refused" | "impossible";

export function dotlockName(path: string): string {
  return `${path}.lock`;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error) && error.code === "EPERM";
  }
}

/** The process named in a lock file, if there is one. */
export function dotlockHolder(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(dotlockName(path), "latin1"), 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isStale(path: string): boolean {
  try {
    const { mtimeMs } = statSync(dotlockName(path));
    const holder = dotlockHolder(path);
    if (holder !== undefined) return !alive(holder);
    return Date.now() - mtimeMs > staleAge;
  } catch {
    return false;
  }
}

/** @returns "impossible" where the directory can't be written: then the fcntl() lock alone has to do */
export function tryDotlock(path: string): Dotlock {
  const name = dotlockName(path);
  for (let tries = 0; tries < 2; tries++) {
    try {
      const descriptor = openSync(name, "wx", 0o600);
      try {
        writeSync(descriptor, `${process.pid}\n`);
      } catch {
        // A full disk: an empty lock file still locks.
      }
      closeSync(descriptor);
      return "taken";
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (error.code !== "EEXIST") return "impossible";
      if (!isStale(path)) return "refused";
      unlinkSync(name);
    }
  }
  return "refused";
}

export function releaseDotlock(path: string): void {
  try {
    unlinkSync(dotlockName(path));
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}
