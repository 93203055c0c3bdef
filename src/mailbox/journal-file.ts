/**
 * Writes and reads the journals of mbox and Maildir. A journal takes effect when it is renamed to its final name, after
 * it has been written completely. The first line of a journal is JSON that describes the bytes after this line.
 */
import { closeSync, fstatSync, fsyncSync, renameSync, rmSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { Exit, MailError } from "../errors.ts";
import { notify } from "../notices.ts";
import { isSystemError, strerror } from "../system-error.ts";
import { readRange, syncDirectory } from "./file-ranges.ts";
import {
  createDraft,
  type FoundJournal,
  findJournal,
  type JournalPlace,
  type JournalSuffix,
  longestFirstLine,
} from "./journal-place.ts";
import { withRights } from "./rights.ts";

/** The free space in bytes below which a disk is considered full. A failed write may leave some space unused. */
const leastSpace = 1024 * 1024;

/**
 * Returns whether the disk is full or the user's quota is exhausted. If so, the next possible place may be on a disk
 * that has free space. ENOSPC from a disk that has free space indicates a fault of that disk, and must be reported.
 */
function isOutOfSpace({ code }: NodeJS.ErrnoException, path: string): boolean {
  if (code === "EDQUOT" || code === "EFBIG") return true;
  if (code !== "ENOSPC") return false;
  try {
    const { bavail, bsize, files, ffree } = statfsSync(dirname(path));
    return bavail * bsize < leastSpace || (files > 0 && ffree === 0);
  } catch {
    return true;
  }
}

/**
 * Writes a journal under a temporary name, syncs it, and renames it so that it takes effect. If the disk is full at one
 * place, the next place is tried, because users must be able to delete messages even when a disk is full.
 *
 * @param places the possible places, the preferred one first
 * @param fill called once per attempt; receives the file, which is open for reading and writing, and the place that is
 *   tried; must not close the file
 * @param mailbox the path to print in error messages
 * @param replaces whether the journal replaces an older one
 * @throws MailError with the reason, or the error of `fill`; no journal is left
 */
export async function writeJournalFile<T>(
  places: readonly JournalPlace[],
  mailbox: string,
  fill: (descriptor: number, place: JournalPlace) => T | Promise<T>,
  { replaces = false }: { readonly replaces?: boolean } = {},
): Promise<T> {
  let created: ReturnType<typeof createDraft> | undefined;
  try {
    created = createDraft(places, replaces);
    const { place, descriptor } = created;
    const filled = await fill(descriptor, place);
    fsyncSync(descriptor);
    withRights(place.rights, () => renameSync(`${place.path}.new`, place.path));
    syncDirectory(dirname(place.path));
    return filled;
  } catch (error) {
    // The free space is checked before the draft is removed, because the removal frees the space that the draft
    // occupies.
    const isFull = created !== undefined && isSystemError(error) && isOutOfSpace(error, created.place.path);
    if (created !== undefined) abandonJournal(created, replaces);
    if (!isSystemError(error)) throw error;
    const others = created === undefined ? [] : places.slice(places.indexOf(created.place) + 1);
    if (others.length > 0 && isFull) return writeJournalFile(others, mailbox, fill, { replaces });
    const path = created?.place.path ?? places.at(-1)?.path ?? mailbox;
    throw new MailError(`${path}: ${strerror(error)}; ${mailbox} was not changed`, Exit.IoErr, { cause: error });
  }
}

/** Removes a journal before its work has begun, so that it never takes effect. */
function abandonJournal({ place, descriptor }: { place: JournalPlace; descriptor: number }, replaces: boolean): void {
  closeSync(descriptor);
  withRights(place.rights, () => {
    rmSync(`${place.path}.new`, { force: true });
    if (!replaces) rmSync(place.path, { force: true });
  });
  if (!replaces) for (const { path, rights } of place.notices) withRights(rights, () => rmSync(path, { force: true }));
}

/**
 * Returns the first line of a journal: JSON, padded with spaces. @param length the line's length in bytes, including
 * its newline
 */
export function firstLine(work: object, length: number): Buffer {
  const line = Buffer.alloc(length, " ");
  line.write(JSON.stringify(work));
  line[length - 1] = 10;
  return line;
}

/** A journal left behind by a crash: its open file, and the offset after its first line. */
export interface OpenJournal<Work> extends FoundJournal {
  readonly work: Work;
  readonly start: number;
}

/**
 * Reads the first line of the journal that an interrupted quit has left behind. An incomplete journal is set aside.
 *
 * @param lengthBehind returns the number of bytes after the first line
 * @returns undefined if there is no journal that is trusted and complete
 * @throws CannotFinish if only another user can finish the quit
 */
export function openLeftJournal<Work extends { readonly version: number }>(
  mailbox: string,
  suffix: JournalSuffix,
  stateDirectory: string,
  version: Work["version"],
  lengthBehind: (work: Work) => number,
): OpenJournal<Work> | undefined {
  const found = findJournal(mailbox, suffix, stateDirectory);
  if (found === undefined) return undefined;
  const { size } = fstatSync(found.descriptor);
  const head = readRange(found.descriptor, 0, Math.min(size, longestFirstLine));
  const start = head.indexOf(10) + 1;
  const work = readWork<Work>(head.toString("utf8", 0, Math.max(start - 1, 0)), version);
  if (work !== undefined && start + lengthBehind(work) <= size) return { ...found, work, start };
  closeSync(found.descriptor);
  setAside(found.place, mailbox);
  return undefined;
}

function readWork<Work extends { readonly version: number }>(line: string, version: Work["version"]): Work | undefined {
  try {
    const work = JSON.parse(line) as Work;
    return work.version === version ? work : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Renames a damaged journal, so that the user can still open the mailbox. A journal takes effect only after it has been
 * written completely, so a damaged journal means that the disk has failed since then.
 */
export function setAside({ path, rights }: JournalPlace, mailbox: string): void {
  withRights(rights, () => renameSync(path, `${path}.damaged`));
  notify(`${mailbox}: the journal of an interrupted quit is damaged; it was set aside as ${path}.damaged`);
}
