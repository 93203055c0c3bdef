/**
 * Decides where a mailbox's journal is stored. The next session must find the journal even if it opens the mailbox
 * under another name, runs as another user, or has another HOME.
 *
 * As in SQLite, the journal is in the same directory as the mailbox (after resolving symbolic links) if the session may
 * create files in this directory. Otherwise, the journal is in the state directory below the owner's home directory
 * (from passwd) or, if that is not possible either, in the session's own state directory. Version 0.1.0 used only the
 * session's directory, and named the journal after the path by which the mailbox was opened. The state directories are
 * therefore searched for every journal whose first line names the mailbox.
 *
 * Root creates and replays the journal with the owner's rights: a journal can name only files that the owner could have
 * written. The exception is a quit in which root moves messages to a file that the owner cannot write to. The journal
 * of such a quit stays in root's own state directory. Until root has finished the quit, a notice prevents the owner's
 * sessions from writing. The notice contains the journal's path, because root may use another state directory next
 * time.
 *
 * A journal is trusted if it has only one link, belongs to the mailbox's owner, to root or to this user, and is not
 * writable by any other user. Any other journal is reported and left unchanged. If other users can write to the
 * mailbox, another user's journal may be genuine. In that case, the mailbox is read-only until that user has finished
 * the quit.
 */

import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  realpathSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { listNames, lstatIfPossible, statIfPossible } from "../file-stats.ts";
import { homeOfUser, nameOfUser } from "../passwd.ts";
import { type Distrust, distrustDirectory, makePrivateDirectory, NotTrusted, reportDistrust } from "../private-file.ts";
import { isSystemError } from "../system-error.ts";
import { readRange, syncDirectory } from "./file-ranges.ts";
import { CannotFinish } from "./mailbox-errors.ts";
import { type Rights, withRights } from "./rights.ts";
import { stateFilePath } from "./state-path.ts";

/** The suffix of a journal in a state directory. */
export type JournalSuffix = ".journal" | ".maildir";

/** The maximum length of a journal's first line, in bytes. */
export const longestFirstLine = 64 << 10;

/** The suffix that is appended to a journal's name to form the name of the notice for the owner. */
const noticeSuffix = ".unfinished";

export interface JournalPlace {
  readonly path: string;
  /** The user whose rights root uses to create, replay and remove the journal; undefined for root's own rights. */
  readonly rights: Rights | undefined;
  /** Whether the journal is in a private directory, which is created with mode 0700 and checked. */
  readonly isPrivate: boolean;
  /** The possible places for a notice to the mailbox's owner, the preferred one first. */
  readonly notices: readonly JournalPlace[];
}

export interface FoundJournal {
  readonly place: JournalPlace;
  readonly descriptor: number;
}

interface Places {
  readonly owner: Rights;
  readonly beside: JournalPlace;
  readonly inHome: JournalPlace | undefined;
  readonly own: JournalPlace;
  readonly notices: readonly JournalPlace[];
  /** The mailbox's real path. */
  readonly real: string;
  readonly isWritableByOthers: boolean;
}

/** Returns the path of a journal beside the mailbox's real path, or inside it for a Maildir. */
function pathBeside(real: string, suffix: JournalSuffix): string {
  return suffix === ".maildir" ? join(real, ".mail-journal") : join(dirname(real), `.${basename(real)}.mail-journal`);
}

/**
 * Returns all places in which a mailbox's journal may be stored.
 *
 * @param mailbox the absolute path of an existing mbox or Maildir
 */
function placesOf(mailbox: string, suffix: JournalSuffix, stateDirectory: string): Places {
  const real = realpathSync(mailbox);
  const { uid, gid, mode } = statSync(real);
  const rights = { uid, gid };
  const home = homeOfUser(uid);
  const place = (path: string, isPrivate: boolean, asOwner = true): JournalPlace => ({
    path,
    rights: asOwner && process.geteuid?.() === 0 && uid !== 0 ? rights : undefined,
    isPrivate,
    notices: [],
  });
  const besidePath = pathBeside(real, suffix);
  const beside = place(besidePath, false);
  const inHome =
    home === undefined ? undefined : place(stateFilePath(join(home, ".local/state/mail"), real, suffix), true);
  const shared = inHome === undefined ? [beside] : [beside, inHome];
  // If the owner has no home directory and the mailbox's directory belongs to root, only root can create the notice.
  const byRoot = statSync(dirname(besidePath)).uid === 0 ? [{ ...beside, rights: undefined }] : [];
  const notices = [...shared, ...byRoot].map((at) => ({ ...at, path: `${at.path}${noticeSuffix}` }));
  const isRoots = beside.rights !== undefined;
  const own = place(stateFilePath(stateDirectory, real, suffix), true, false);
  return {
    owner: rights,
    beside,
    inHome,
    own: isRoots ? { ...own, notices } : own,
    notices,
    real,
    isWritableByOthers: (mode & 0o022) !== 0,
  };
}

/**
 * Returns the places in which a new journal may be created, the preferred one first.
 *
 * @param target a file that the commit writes to in addition to the mailbox; undefined if there is none
 */
export function placesForJournal(
  mailbox: string,
  suffix: JournalSuffix,
  stateDirectory: string,
  target: string | undefined,
): readonly JournalPlace[] {
  const { owner, beside, inHome, own } = placesOf(mailbox, suffix, stateDirectory);
  const shared = inHome === undefined ? [beside] : [beside, inHome];
  const isOwners = beside.rights === undefined || target === undefined || isOwnedBy(owner, target);
  return isOwners ? [...shared, own] : [own];
}

/** Returns whether a user owns a file, or its directory if the file is missing. */
function isOwnedBy({ uid }: Rights, path: string): boolean {
  return (statIfPossible(path) ?? statIfPossible(dirname(path)))?.uid === uid;
}

/** The errors after which the next place is tried. */
const notHere = [
  "EACCES",
  "EPERM",
  "EROFS",
  "ENOENT",
  "ENOTDIR",
  "EEXIST",
  "ELOOP",
  "ENAMETOOLONG",
  "ENOSPC",
  "EDQUOT",
];

/**
 * Creates a journal's draft, `PATH.new`, in the first of the given places that allows a file to be created. A notice
 * for the owner is created first.
 *
 * @param replaces whether an older journal already has this name
 * @throws the error for the last place that was tried: a system error, or NotTrusted
 */
export function createDraft(
  places: readonly JournalPlace[],
  replaces: boolean,
): { place: JournalPlace; descriptor: number } {
  let failure: unknown;
  for (const place of places) {
    try {
      const descriptor = withRights(place.rights, () => {
        // An existing file with this name was not trusted.
        if (!replaces && isJournalPresent(place.path)) throw new NotTrusted(place.path, "other-owner");
        return createFile(place, `${place.path}.new`);
      });
      postNotice(place);
      return { place, descriptor };
    } catch (error) {
      if (!(error instanceof NotTrusted) && !(isSystemError(error) && notHere.includes(error.code))) throw error;
      failure = error;
    }
  }
  throw failure;
}

function createFile({ isPrivate }: JournalPlace, path: string): number {
  const directory = dirname(path);
  if (isPrivate) makePrivateDirectory(directory);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    return openSync(path, flags, 0o600);
  } catch (error) {
    if (!isSystemError(error) || error.code !== "EEXIST") throw error;
  }
  unlinkSync(path);
  return openSync(path, flags, 0o600);
}

function postNotice({ path, notices }: JournalPlace): void {
  for (const place of notices) {
    try {
      withRights(place.rights, () => {
        const descriptor = createFile(place, place.path);
        writeSync(
          descriptor,
          `${path}\nroot has begun to change this mailbox; run mail -f MAILBOX as root to finish\n`,
        );
        closeSync(descriptor);
        syncDirectory(dirname(place.path));
      });
      return;
    } catch (error) {
      if (!(error instanceof NotTrusted) && !isSystemError(error)) throw error;
    }
  }
}

/** Removes a journal, and the notice about it. @throws a system error */
export function removeJournal(place: JournalPlace): void {
  withRights(place.rights, () => unlinkSync(place.path));
  syncDirectory(dirname(place.path));
  for (const notice of place.notices) removeNotice(notice);
}

function removeNotice({ path, rights }: JournalPlace): void {
  try {
    withRights(rights, () => unlinkSync(path));
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/**
 * Opens the journal that an interrupted quit has left behind for a mailbox.
 *
 * @returns undefined if there is no trusted journal
 * @throws CannotFinish if only another user can finish the quit
 */
export function findJournal(mailbox: string, suffix: JournalSuffix, stateDirectory: string): FoundJournal | undefined {
  if (!mayHaveJournal(mailbox, suffix, stateDirectory)) return undefined;
  const places = placesOf(mailbox, suffix, stateDirectory);
  const { owner, beside, inHome, own, notices, real } = places;
  for (const place of inHome === undefined ? [beside, own] : [beside, inHome, own]) {
    const descriptor = openJournal(place, mailbox, places);
    if (descriptor !== undefined) return { place, descriptor };
  }
  const left = notices.filter((notice) => isNotice(notice, owner));
  if (left.length > 0 && process.geteuid?.() !== 0) throw new CannotFinish(mailbox, "root");
  const directories = inHome === undefined ? [own] : [own, inHome];
  const named = directories.flatMap((place) =>
    listNames(dirname(place.path))
      .filter((name) => name.endsWith(suffix))
      .map((name) => ({ ...place, path: join(dirname(place.path), name) })),
  );
  for (const place of [...named, ...left.flatMap(({ path }) => journalNamedBy(path, own))]) {
    if (!isAbout(place.path, real)) continue;
    const descriptor = openJournal(place, mailbox, places);
    if (descriptor !== undefined) return { place, descriptor };
  }
  for (const notice of left) removeNotice(notice);
  return undefined;
}

/**
 * Returns the place of a journal, as recorded in a notice. Another user may have planted the notice, so the journal is
 * checked like any other.
 */
function journalNamedBy(noticePath: string, own: JournalPlace): JournalPlace[] {
  const [path = ""] = startOf(noticePath).split("\n");
  return isAbsolute(path) ? [{ ...own, path }] : [];
}

/** Returns whether a journal's first line contains any of the mailbox's names. */
function isAbout(journalPath: string, real: string): boolean {
  try {
    const { path } = JSON.parse(startOf(journalPath).split("\n")[0] ?? "") as { path?: unknown };
    return typeof path === "string" && realpathSync(path) === real;
  } catch (error) {
    if (isSystemError(error) || error instanceof SyntaxError) return false;
    throw error;
  }
}

/**
 * Returns the beginning of a file, including its first line; empty if the file cannot be read or is not a regular file.
 */
function startOf(path: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isSystemError(error)) return "";
    throw error;
  }
  try {
    return fstatSync(descriptor).isFile() ? readRange(descriptor, 0, longestFirstLine).toString() : "";
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Returns whether a mailbox may have a journal. The check needs only a few system calls. In state directories, the
 * check accepts any journal: the exact name contains a hash, and loading node:crypto to compute the hash takes 2 ms.
 */
export function mayHaveJournal(mailbox: string, suffix: JournalSuffix, stateDirectory: string): boolean {
  const real = realpathSync(mailbox);
  const beside = pathBeside(real, suffix);
  if (isJournalPresent(beside) || isJournalPresent(`${beside}${noticeSuffix}`)) return true;
  const home = homeOfUser(statSync(real).uid);
  const directories = new Set([stateDirectory, ...(home === undefined ? [] : [join(home, ".local/state/mail")])]);
  const hasName = (name: string) => name.endsWith(suffix) || name.endsWith(`${suffix}${noticeSuffix}`);
  return [...directories].some((directory) => listNames(directory).some(hasName));
}

function isJournalPresent(path: string): boolean {
  return lstatIfPossible(path) !== undefined;
}

function openJournal(place: JournalPlace, mailbox: string, places: Places): number | undefined {
  const { owner, isWritableByOthers } = places;
  const { path, isPrivate } = place;
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === "ELOOP") reportDistrust(new NotTrusted(path, "symbolic-link"));
    const found = error.code === "EACCES" ? lstatIfPossible(path) : undefined;
    if (found === undefined) return undefined;
    // The file cannot be read. If other users can write to the mailbox, or if the file belongs to root or to the
    // mailbox's owner, the file is assumed to be a journal.
    if (isWritableByOthers || [0, owner.uid].includes(found.uid))
      throw new CannotFinish(mailbox, nameOfUser(found.uid));
    reportDistrust(new NotTrusted(path, "other-owner"));
    return undefined;
  }
  const stats = fstatSync(descriptor);
  const distrust = distrustJournal(stats, owner);
  if (distrust === "other-owner" && isWritableByOthers) {
    closeSync(descriptor);
    throw new CannotFinish(mailbox, nameOfUser(stats.uid));
  }
  const reason = distrust ?? (isPrivate && place.rights === undefined ? distrustDirectory(dirname(path)) : undefined);
  if (reason === undefined) return descriptor;
  closeSync(descriptor);
  reportDistrust(new NotTrusted(path, reason));
  return undefined;
}

function distrustJournal(stats: Stats, owner: Rights): Distrust | undefined {
  const believed = [owner.uid, 0, process.geteuid?.() ?? 0];
  if (!stats.isFile()) return "not-a-file";
  if (!believed.includes(stats.uid)) return "other-owner";
  if ((stats.mode & 0o022) !== 0) return "writable-by-others";
  return stats.nlink > 1 ? "links" : undefined;
}

function isNotice({ path }: JournalPlace, owner: Rights): boolean {
  const stats = lstatIfPossible(path);
  return stats !== undefined && distrustJournal(stats, owner) === undefined;
}
