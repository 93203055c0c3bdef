/** Creates a Maildir, lists its files, and removes abandoned ones. */

import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MailError } from "../../errors.ts";
import { isDirectory, lstatIfPresent, statIfPresent } from "../../file-stats.ts";
import { addPathToError, isSystemError } from "../../system-error.ts";
import { isMaildir } from "../maildir-path.ts";
import { asOwner } from "../rights.ts";

export type Place = "new" | "cur";

const parts = ["tmp", "new", "cur"];

/**
 * Makes what a Maildir lacks, if it is a Maildir, the beginning of one, or not there.
 *
 * @returns whether it was made
 * @throws MailError that names the path, also for a directory that holds something else
 */
export function provideMaildir(path: string): boolean {
  try {
    const known = isMaildir(path);
    if (!known) {
      if (statIfPresent(path) === undefined) mkdirSync(path, { mode: 0o700 });
      else if (readdirSync(path).some((name) => !parts.includes(name))) throw notMaildir(path);
    }
    asOwner(path, () => {
      for (const name of parts) {
        if (!isDirectory(join(path, name))) mkdirSync(join(path, name), { mode: 0o700 });
      }
    });
    return !known;
  } catch (error) {
    throw addPathToError(path, error);
  }
}

/** Caused by what opening the name as a file would say, since that is what `save` tells of a failure. */
function notMaildir(path: string): MailError {
  const cause = Object.assign(new Error("EISDIR"), { code: "EISDIR", syscall: "open" });
  return new MailError(`${path}: Is a directory, and no Maildir`, undefined, cause);
}

/** Milliseconds; as long as the format has it. */
const abandonedAge = 36 * 3600 * 1000;

/** Removes what killed deliveries of any program have left in `tmp`. That it can't is no matter. */
export function removeAbandoned(path: string, now = Date.now()): void {
  const before = now - abandonedAge;
  try {
    asOwner(path, () => {
      for (const name of readdirSync(join(path, "tmp"))) {
        const file = lstatIfPresent(join(path, "tmp", name));
        // A delivery may set the other times to those of its message.
        if (file?.isFile() === true && Math.max(file.atimeMs, file.mtimeMs, file.ctimeMs) < before)
          rmSync(join(path, "tmp", name), { force: true });
      }
    });
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** Returns the names in `new` or `cur`: one listing, nothing is looked at. */
export function messageNames(path: string, place: Place): string[] {
  return readdirSync(join(path, place)).filter((name) => !name.startsWith("."));
}
