/** Renames the files of a Maildir so that their names reflect the changed states of their messages. */

import { renameSync } from "node:fs";
import { join } from "node:path";
import { isSystemError } from "../../system-error.ts";
import { syncDirectory } from "../file-ranges.ts";
import { runAsOwner } from "../rights.ts";
import { messageNames, type Place } from "./directory.ts";
import { baseOf, lettersOf, nameWith } from "./file-name.ts";
import { changeFlags, type StateChange } from "./flags.ts";

/**
 * Moves files to `cur` under their new names. Repeating the changes has no further effect.
 *
 * @param changes the changes, keyed by the base of the file name; messages that no longer exist are skipped
 * @throws a system error
 */
export function applyChanges(path: string, changes: ReadonlyMap<string, StateChange>): void {
  if (changes.size === 0) return;
  // If another client renames a file between the listing and this rename, the directories are listed again.
  for (let missed = true; missed; ) {
    missed = false;
    for (const place of ["new", "cur"] as const) {
      const names = messageNames(path, place).filter((name) => changes.has(baseOf(name)));
      runAsOwner(path, () => {
        for (const name of names) missed = !renameMessage(path, place, name, changes) || missed;
      });
    }
  }
  syncDirectory(join(path, "cur"));
  syncDirectory(join(path, "new"));
}

/** Renames one file. @returns false if the file no longer exists */
function renameMessage(path: string, place: Place, name: string, changes: ReadonlyMap<string, StateChange>): boolean {
  const base = baseOf(name);
  const change = changes.get(base);
  if (change === undefined) return true;
  const changed = changeFlags(lettersOf(name), change);
  if (place === "cur" && changed === lettersOf(name)) return true;
  const target = nameWith(base, changed);
  if (place === "cur" && target === name) return true;
  try {
    renameSync(join(path, place, name), join(path, "cur", target));
    return true;
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return false;
    throw error;
  }
}
