/** What is a Maildir, and what makes one. */
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { MailError } from "../../errors.ts";
import { named } from "../../system-error.ts";
import { asOwner } from "./owner.ts";

export type Place = "new" | "cur";

const parts = ["tmp", "new", "cur"];

function isDirectory(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false;
  }
}

export function isMaildir(path: string): boolean {
  return isDirectory(join(path, "cur")) && isDirectory(join(path, "new"));
}

/** Whether what is written to this name goes into a Maildir: it is one, or its name ends in a slash. */
export function meansMaildir(path: string): boolean {
  return path.endsWith("/") || isMaildir(path);
}

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
      if (statSync(path, { throwIfNoEntry: false }) === undefined) mkdirSync(path, { mode: 0o700 });
      else if (readdirSync(path).some((name) => !parts.includes(name)))
        throw new MailError(`${path}: Is a directory, and no Maildir`);
    }
    asOwner(path, () => {
      for (const name of parts) {
        if (!isDirectory(join(path, name))) mkdirSync(join(path, name), { mode: 0o700 });
      }
    });
    return !known;
  } catch (error) {
    throw named(path, error);
  }
}

/** The names in `new` or `cur`: one listing, nothing is looked at. */
export function messageNames(path: string, place: Place): string[] {
  return readdirSync(join(path, place)).filter((name) => !name.startsWith("."));
}
