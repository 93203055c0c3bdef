/**
 * Opens the files and directories that contain `mail`'s own state: journals, drafts, the queue, history, caches.
 *
 * Another user may have planted any of these files, because the state directory can belong to another user (`su -m`,
 * `sudo -E`) or be writable by others. A file or directory is therefore used only if
 *
 * 1. it and its directory belong to the effective user or to root,
 * 2. no other user can write to it or to its directory,
 * 3. it is a regular file with one link, opened without following a symbolic link.
 *
 * A file that fails one of these checks is left unchanged and reported once.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { Exit, MailError } from "./errors.ts";
import { notify } from "./notices.ts";
import { isSystemError } from "./system-error.ts";

/** The reasons why a file or directory is not trusted. */
export type Distrust =
  | "other-owner"
  | "writable-by-others"
  | "not-a-file"
  | "not-a-directory"
  | "symbolic-link"
  | "links";

const words: Readonly<Record<Distrust, string>> = {
  "other-owner": "belongs to another user",
  "writable-by-others": "other users can write to it",
  "not-a-file": "is not a regular file",
  "not-a-directory": "is not a directory",
  "symbolic-link": "is a symbolic link",
  links: "has more than one link",
};

/** Reports a state file or directory that another user could have written. */
export class NotTrusted extends MailError {
  readonly path: string;
  declare readonly reason: Distrust;

  constructor(path: string, reason: Distrust) {
    super(`${path}: ${words[reason]}; not used`, Exit.NoPerm, { reason });
    this.path = path;
  }
}

const reported = new Set<string>();

/** Prints one line per untrusted file, even if it is encountered repeatedly. */
export function reportDistrust({ path, message }: NotTrusted): void {
  if (reported.has(path)) return;
  reported.add(path);
  notify(message);
}

const othersCanWrite = 0o022;
const sticky = 0o1000;

function isOwnedByUs({ uid }: Stats): boolean {
  return uid === process.geteuid?.() || uid === 0;
}

/**
 * Returns the reason why a directory is not trusted; undefined if it is trusted.
 *
 * @throws the system's error if the directory cannot be read
 */
export function distrustDirectory(path: string): Distrust | undefined {
  const stats = statSync(path);
  if (!stats.isDirectory()) return "not-a-directory";
  if (!isOwnedByUs(stats)) return "other-owner";
  return (stats.mode & othersCanWrite) === 0 ? undefined : "writable-by-others";
}

/**
 * Returns the reason why a directory is not trusted; undefined if it is trusted. The directory need not exist.
 *
 * A missing directory is trusted if its nearest existing ancestor is trusted. Other users may have write permission on
 * the ancestor if it is sticky, like /tmp. The sticky bit prevents those users from replacing the directories that
 * `mail` creates there.
 */
export function distrustPlace(path: string): Distrust | undefined {
  if (isFilePresent(path)) return distrustDirectory(path);
  let parent = dirname(path);
  while (!isFilePresent(parent) && parent !== dirname(parent)) parent = dirname(parent);
  const stats = statSync(parent);
  if (!stats.isDirectory()) return "not-a-directory";
  if (!isOwnedByUs(stats)) return "other-owner";
  return (stats.mode & othersCanWrite) === 0 || (stats.mode & sticky) !== 0 ? undefined : "writable-by-others";
}

/**
 * Returns whether a path exists. A dangling symbolic link exists in this sense, but a path below a regular file does
 * not.
 */
function isFilePresent(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (isSystemError(error) && (error.code === "ENOENT" || error.code === "ENOTDIR")) return false;
    throw error;
  }
}

/**
 * Creates a directory for state with mode 0700, including its parents, if it is missing.
 *
 * @throws NotTrusted, or the system's error
 */
export function makePrivateDirectory(path: string): void {
  const before = distrustPlace(path);
  if (before !== undefined) throw new NotTrusted(path, before);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const reason = distrustDirectory(path);
  if (reason !== undefined) throw new NotTrusted(path, reason);
}

/**
 * Opens a state file.
 *
 * @param flags such as O_RDONLY or O_RDWR; with O_CREAT, a new file gets mode 0600
 * @returns a descriptor
 * @throws NotTrusted, or the system's error, such as ENOENT
 */
export function openPrivateFile(path: string, flags: number): number {
  const directory = dirname(path);
  const distrust = distrustDirectory(directory);
  if (distrust !== undefined) throw new NotTrusted(directory, distrust);
  let descriptor: number;
  try {
    descriptor = openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  } catch (error) {
    if (isSystemError(error) && error.code === "ELOOP") throw new NotTrusted(path, "symbolic-link");
    throw error;
  }
  const reason = distrustFile(fstatSync(descriptor));
  if (reason === undefined) return descriptor;
  closeSync(descriptor);
  throw new NotTrusted(path, reason);
}

/** Returns the reason why an open file is not trusted; undefined if it is trusted. */
export function distrustFile(stats: Stats): Distrust | undefined {
  if (!stats.isFile()) return "not-a-file";
  if (!isOwnedByUs(stats)) return "other-owner";
  if ((stats.mode & othersCanWrite) !== 0) return "writable-by-others";
  return stats.nlink > 1 ? "links" : undefined;
}

/**
 * Creates a state file for reading and writing. An existing file, such as an abandoned draft, is removed.
 *
 * @returns a descriptor
 * @throws NotTrusted for the directory, or the system's error
 */
export function createPrivateFile(path: string): number {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
  try {
    return openPrivateFile(path, flags);
  } catch (error) {
    if (!isSystemError(error) || error.code !== "EEXIST") throw error;
  }
  unlinkSync(path);
  return openPrivateFile(path, flags);
}

/**
 * Replaces a state file as a whole. If this fails, the old file remains.
 *
 * @param pieces the contents
 * @param options.isSynced whether the contents must reach the disk before the old file is replaced
 * @throws NotTrusted for the directory, or the system's error
 */
export function replacePrivateFile(
  path: string,
  pieces: readonly Uint8Array[],
  { isSynced = false }: { isSynced?: boolean } = {},
): void {
  const draft = `${path}.${process.pid}`;
  const descriptor = createPrivateFile(draft);
  try {
    try {
      for (const piece of pieces) writeFileSync(descriptor, piece);
      if (isSynced) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/**
 * Replaces a file in the cache directory, which is created if it is missing. If this fails, the old file remains. The
 * failure is ignored, because such a file only saves time, but an untrusted directory is reported.
 *
 * @param makePieces returns the contents in pieces; its errors are ignored as well
 */
export function replaceCacheFile(path: string, makePieces: () => readonly Uint8Array[]): void {
  try {
    const pieces = makePieces();
    makePrivateDirectory(dirname(path));
    replacePrivateFile(path, pieces);
  } catch (error) {
    if (error instanceof NotTrusted) reportDistrust(error);
  }
}

/** Reads a state file. @throws NotTrusted, or the system's error */
export function readPrivateFile(path: string): Buffer {
  const descriptor = openPrivateFile(path, constants.O_RDONLY);
  try {
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Reads a state file if it exists and is trusted. An untrusted file is reported.
 *
 * @returns undefined if it is missing, unreadable or not trusted
 */
export function readTrusted(path: string): Buffer | undefined {
  return ifTrusted(() => readPrivateFile(path));
}

/**
 * Returns the result of an action on state files; undefined if a file is missing, unusable or not trusted. An untrusted
 * file is reported.
 */
export function ifTrusted<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof NotTrusted) reportDistrust(error);
    else if (!isSystemError(error)) throw error;
    return undefined;
  }
}

/**
 * Returns the objects in the text of a file that contains one JSON object per line. Damaged lines and values that are
 * not objects are skipped.
 */
export function readJsonLines(text: string): object[] {
  return text.split("\n").flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === "object" && value !== null ? [value] : [];
    } catch {
      return [];
    }
  });
}
