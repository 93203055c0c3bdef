/**
 * Creates and removes `NAME.lock`, the lock file that Debian Policy requires beside a mailbox while a program writes to
 * it.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { hostname, uptime } from "node:os";
import { dirname, join } from "node:path";
import { addPathToError, isSystemError } from "../../system-error.ts";
import { lockByHelper } from "./dotlock-helper.ts";

/**
 * Age in milliseconds at which a lock that names no process is considered stale. Programs that use such locks refresh
 * them or finish sooner.
 */
const staleAge = 5 * 60 * 1000;
/**
 * The maximum age, in milliseconds, at which a lock is trusted if it names a process but no host. The process may run
 * on another machine or in another container.
 */
const foreignAge = 30 * 1000;
/** Errors from a file system that does not support hard links. */
const withoutLinks = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

export interface Dotlock {
  release(): void;
}

/**
 * The result of an attempt. "impossible" means that the user's processes may not create the file; the fcntl() lock must
 * then suffice.
 */
export type DotlockOutcome = Dotlock | "refused" | "impossible";

/**
 * Returns the name of a mailbox's lock file. The lock file is beside the real file, where programs that use another
 * name for the mailbox also look for it.
 */
export function dotlockName(path: string): string {
  return `${realPathOf(path)}.lock`;
}

function realPathOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return path;
  }
}

interface Holder {
  readonly pid: number | undefined;
  readonly host: string | undefined;
}

/**
 * Returns the process and host named in a lock file. The file contains `123` if liblockfile wrote it, `123:host` if
 * Dovecot or `mail` did, and 0 if procmail did; a file that mutt wrote is empty.
 */
function holderOf(path: string): Holder {
  try {
    const [, pid, host] =
      /^\s*(\d{1,10})(?::(\S+))?/.exec(readFileSync(dotlockName(path), "latin1").slice(0, 300)) ?? [];
    return { pid: Number(pid) > 0 ? Number(pid) : undefined, host };
  } catch {
    return { pid: undefined, host: undefined };
  }
}

/** Returns the process on this machine that is named in a lock file, if any. */
export function dotlockHolder(path: string): number | undefined {
  const { pid, host } = holderOf(path);
  return host === undefined || host === hostname() ? pid : undefined;
}

function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error) && error.code === "EPERM";
  }
}

/**
 * Returns a lock file's identity. The inode number alone is not enough: the next lock file may get the inode number that
 * has just become free.
 */
function identifyLockFile({ ino, mtimeMs }: { ino: number; mtimeMs: number }): string {
  return `${ino} ${mtimeMs}`;
}

/** Returns the identity of a lock file that is no longer held by any process; undefined for any other lock file. */
function staleLock(path: string): string | undefined {
  try {
    const found = statSync(dotlockName(path));
    const age = Date.now() - found.mtimeMs;
    const { pid, host } = holderOf(path);
    const ours = host === hostname();
    // After a reboot, another process may have the same ID.
    const beforeBoot = age > uptime() * 1000 + staleAge;
    const here = pid !== undefined && (host === undefined || ours);
    const stale = here ? (!isProcessAlive(pid) && (ours || age > foreignAge)) || beforeBoot : age > staleAge;
    return stale ? identifyLockFile(found) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns whether a process holds a mailbox's lock file. */
export function isDotlocked(path: string): boolean {
  return existsSync(dotlockName(path)) && staleLock(path) === undefined;
}

function removeIf(name: string, known: string): void {
  try {
    if (identifyLockFile(statSync(name)) === known) unlinkSync(name);
  } catch (error) {
    if (!isSystemError(error) || error.code !== "ENOENT") throw error;
  }
}

/** Attempts to create a mailbox's lock file. @throws MailError that names the lock file if the disk is full or fails */
export function tryDotlock(path: string): DotlockOutcome {
  const name = dotlockName(path);
  for (let tries = 0; tries < 2; tries++) {
    try {
      return createDotlock(name);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (["EACCES", "EPERM"].includes(error.code)) return lockByHelper(realPathOf(path)) ?? "impossible";
      if (["EROFS", "ENAMETOOLONG", "ENOENT"].includes(error.code)) return "impossible";
      if (error.code !== "EEXIST") throw addPathToError(name, error);
      const stale = staleLock(path);
      if (stale === undefined) return "refused";
      removeIf(name, stale);
    }
  }
  return "refused";
}

function createDotlock(name: string): Dotlock {
  // The file is written under another name first. Otherwise, if `mail` were killed before it had written its process
  // ID, a lock that names no process would block every program.
  const draft = join(dirname(name), `.lk${process.pid}.${randomBytes(4).toString("hex")}`);
  const known = writeOwner(draft);
  try {
    linkSync(draft, name);
  } catch (error) {
    if (!isSystemError(error) || !withoutLinks.has(error.code)) throw error;
    return { release: removerOf(name, writeOwner(name)) };
  } finally {
    unlinkSync(draft);
  }
  return { release: removerOf(name, known) };
}

/** Creates a file that names this process. @returns its identity */
function writeOwner(name: string): string {
  const descriptor = openSync(name, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644);
  try {
    writeSync(descriptor, `${process.pid}:${hostname()}\n`, 0);
  } catch {
    // If the disk is full, an empty lock file is enough to lock the mailbox.
  }
  const known = identifyLockFile(fstatSync(descriptor));
  closeSync(descriptor);
  return known;
}

function removerOf(name: string, known: string): () => void {
  // If another program considered the lock stale and replaced it, the new lock is not removed.
  return () => removeIf(name, known);
}
