/** Creates a Maildir, lists its files, and removes abandoned files. */

import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MailError } from "../../errors.ts";
import { isDirectory, lstatIfPresent, statIfPresent } from "../../file-stats.ts";
import { addPathToError, isSystemError } from "../../system-error.ts";
import { isMaildir } from "../maildir-path.ts";
import { runAsOwner } from "../rights.ts";

export type Place = "new" | "cur";

const parts = ["tmp", "new", "cur"];

/**
 * Creates the missing directories of a new or partial Maildir.
 *
 * @returns whether anything was created
 * @throws MailError that names the path, for example if the directory has other contents
 */
export function provideMaildir(path: string): boolean {
  try {
    const known = isMaildir(path);
    if (!known) {
      if (statIfPresent(path) === undefined) mkdirSync(path, { mode: 0o700 });
      else if (readdirSync(path).some((name) => !parts.includes(name))) throw makeNotMaildirError(path);
    }
    runAsOwner(path, () => {
      for (const name of parts) {
        if (!isDirectory(join(path, name))) mkdirSync(join(path, name), { mode: 0o700 });
      }
    });
    return !known;
  } catch (error) {
    throw addPathToError(path, error);
  }
}

/**
 * Returns an error whose cause is the system error for opening a directory as a file, because `save` reports that
 * cause.
 */
function makeNotMaildirError(path: string): MailError {
  const cause = Object.assign(new Error("EISDIR"), { code: "EISDIR", syscall: "open" });
  return new MailError(`${path}: Is a directory, but not a Maildir`, undefined, cause);
}

/** Age in milliseconds after which a file in `tmp` may be removed, as the format specifies. */
const abandonedAge = 36 * 3600 * 1000;

/** Removes the files that were left in `tmp` when any program's delivery was interrupted. Errors are ignored. */
export function removeAbandoned(path: string, now = Date.now()): void {
  const before = now - abandonedAge;
  try {
    runAsOwner(path, () => {
      for (const name of readdirSync(join(path, "tmp"))) {
        const file = lstatIfPresent(join(path, "tmp", name));
        // A delivery agent may set atime and mtime to the message's date.
        if (file?.isFile() === true && Math.max(file.atimeMs, file.mtimeMs, file.ctimeMs) < before)
          rmSync(join(path, "tmp", name), { force: true });
      }
    });
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** Returns the names in `new` or `cur` from a single listing, without reading the files. */
export function messageNames(path: string, place: Place): string[] {
  return readdirSync(join(path, place)).filter((name) => !name.startsWith("."));
}
