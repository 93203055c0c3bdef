/** Creates a Maildir, lists its files, and removes abandoned files. */

import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { MailError } from "../../errors.ts";
import { isDirectory, lstatIfPresent, statIfPresent } from "../../file-stats.ts";
import { addPathToError, isSystemError } from "../../system-error.ts";
import { isMaildir } from "../maildir-path.ts";
import { runAsOwner } from "../rights.ts";
import { baseOf } from "./file-name.ts";

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
  return new MailError(`${path}: Is a directory, but not a Maildir`, undefined, { cause, reason: "not a mailbox" });
}

/** Age in milliseconds after which a file in `tmp` may be removed, as the format specifies. */
const abandonedAge = 36 * 3600 * 1000;

/** Removes the files that interrupted deliveries of any program have left in `tmp`. Errors are ignored. */
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

/** Maximum number of listings of a directory that other programs keep changing. */
const mostListings = 5;
/** The resolution in milliseconds of a directory's timestamps, with a margin. */
const resolution = 20;

/**
 * Returns the names in `new` or `cur`, without reading the files.
 *
 * A listing may miss a file that another program renames in the meantime: the old name is already gone when the listing
 * reaches its place, and the new name is at a place that the listing has passed. If the directory changes during a
 * listing, it is listed again, and the results of all listings are combined.
 */
export function messageNames(path: string, place: Place): string[] {
  const directory = join(path, place);
  let names: string[] = [];
  for (let listings = 1; listings <= mostListings; listings++) {
    const begun = Date.now();
    const changed = statSync(directory).mtimeMs;
    const listed = readdirSync(directory).filter((name) => !name.startsWith("."));
    const isUndisturbed = begun - changed > resolution && statSync(directory).mtimeMs === changed;
    names = listings === 1 ? listed : addMissing(listed, names);
    if (isUndisturbed) break;
  }
  return names;
}

/**
 * Returns the names in a listing, and the names of messages that are missing from this listing but present in an
 * earlier one.
 */
function addMissing(listed: readonly string[], earlier: readonly string[]): string[] {
  const present = new Set(listed.map(baseOf));
  return [...listed, ...earlier.filter((name) => !present.has(baseOf(name)))];
}
