/** What a session has changed of the state of messages that stay, written into the names of their files. */

import { renameSync } from "node:fs";
import { join } from "node:path";
import { isSystemError } from "../../system-error.ts";
import { syncDirectory } from "../file-ranges.ts";
import { asOwner } from "../rights.ts";
import { messageNames, type Place } from "./directory.ts";
import { baseOf, lettersOf, nameWith } from "./file-name.ts";
import { changeFlags, type StateChange } from "./flags.ts";

/**
 * Names files anew, in `cur`. Doing it twice does the same as once.
 *
 * @param changes by the base of the name; messages that are gone are passed over
 * @throws the system's error
 */
export function applyChanges(path: string, changes: ReadonlyMap<string, StateChange>): void {
  if (changes.size === 0) return;
  // Another client may rename a file between the listing and this: then it is looked for again.
  for (let missed = true; missed; ) {
    missed = false;
    for (const place of ["new", "cur"] as const) {
      const names = messageNames(path, place).filter((name) => changes.has(baseOf(name)));
      asOwner(path, () => {
        for (const name of names) missed = !renameMessage(path, place, name, changes) || missed;
      });
    }
  }
  syncDirectory(join(path, "cur"));
  syncDirectory(join(path, "new"));
}

/** @returns false when the file is not there any more */
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
