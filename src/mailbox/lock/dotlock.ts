/** The lock file `NAME.lock` that stands beside a mailbox while a program writes it, as Debian's policy has it. */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
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

/** A lock that names no process is stale at this age (milliseconds): the programs that set one refresh it, or are quick. */
const staleAge = 5 * 60 * 1000;
/** The process that an unqualified lock names may live on another machine or in another container: so long it is trusted. */
const foreignAge = 30 * 1000;
/** What a file system answers that has no hard links. */
const withoutLinks = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

export interface Dotlock {
  release(): void;
}

/** "impossible" where nobody like us can make the file: then the fcntl() lock alone has to do. */
export type DotlockOutcome = Dotlock | "refused" | "impossible";

/** Returns the name of a mailbox's lock file: beside the file itself, where programs that use another name for it look. */
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

/** `123` as liblockfile writes it, or `123:host` as Dovecot and this program do; procmail writes 0, mutt nothing. */
function holderOf(path: string): Holder {
  try {
    const [, pid, host] =
      /^\s*(\d{1,10})(?::(\S+))?/.exec(readFileSync(dotlockName(path), "latin1").slice(0, 300)) ?? [];
    return { pid: Number(pid) > 0 ? Number(pid) : undefined, host };
  } catch {
    return { pid: undefined, host: undefined };
  }
}

/** Returns the process of this machine named in a lock file, if there is one. */
export function dotlockHolder(path: string): number | undefined {
  const { pid, host } = holderOf(path);
  return host === undefined || host === hostname() ? pid : undefined;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error) && error.code === "EPERM";
  }
}

/** A number alone would not do: the next lock file may well get the inode that has just become free. */
function identity({ ino, mtimeMs }: { ino: number; mtimeMs: number }): string {
  return `${ino} ${mtimeMs}`;
}

/** @returns the identity of a lock file that nobody holds any more */
function staleLock(path: string): string | undefined {
  try {
    const found = statSync(dotlockName(path));
    const age = Date.now() - found.mtimeMs;
    const { pid, host } = holderOf(path);
    const ours = host === hostname();
    // A machine that was started since has given the number to another process.
    const beforeBoot = age > uptime() * 1000 + staleAge;
    const here = pid !== undefined && (host === undefined || ours);
    const stale = here ? (!alive(pid) && (ours || age > foreignAge)) || beforeBoot : age > staleAge;
    return stale ? identity(found) : undefined;
  } catch {
    return undefined;
  }
}

function removeIf(name: string, known: string): void {
  try {
    if (identity(statSync(name)) === known) unlinkSync(name);
  } catch (error) {
    if (!isSystemError(error) || error.code !== "ENOENT") throw error;
  }
}

/** @throws MailError that names the lock file when the disk is full or fails */
export function tryDotlock(path: string): DotlockOutcome {
  const name = dotlockName(path);
  for (let tries = 0; tries < 2; tries++) {
    try {
      return create(name);
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

function create(name: string): Dotlock {
  // Under another name first: killed in between, a lock that names nobody would stand in everybody's way.
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

/** @returns the identity of the new file */
function writeOwner(name: string): string {
  const descriptor = openSync(name, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644);
  try {
    writeSync(descriptor, `${process.pid}:${hostname()}\n`, 0);
  } catch {
    // A full disk: an empty lock file still locks.
  }
  const known = identity(fstatSync(descriptor));
  closeSync(descriptor);
  return known;
}

function removerOf(name: string, known: string): () => void {
  // Who took it for stale has it now: what stands there then is not ours to remove.
  return () => removeIf(name, known);
}
