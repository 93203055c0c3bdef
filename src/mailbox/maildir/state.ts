/** What a session has changed of the state of messages that stay, written into the names of their files. */
import { renameSync } from "node:fs";
import { join } from "node:path";
import { isSystemError } from "../../system-error.ts";
import { syncDirectory } from "../file-ranges.ts";
import { Flag } from "../mailbox.ts";
import { messageNames, type Place } from "./directory.ts";
import { baseOf, lettersOf, nameWith } from "./file-name.ts";
import type { Entry } from "./message-table.ts";
import { asOwner } from "./owner.ts";

/** Letters that are put to a name, and letters that are taken from it; with neither the file just goes to `cur`. */
export interface StateChange {
  readonly put: string;
  readonly take: string;
}

/** @returns undefined when the name is as it should be */
export function changeOf({ place, flags, found }: Entry): StateChange | undefined {
  const changed = flags ^ found;
  const read = (changed & Flag.Read) !== 0;
  const put = read && (flags & Flag.Read) !== 0 ? "S" : "";
  const unread = read && put === "" ? "S" : "";
  const undeleted = (found & Flag.Deleted) !== 0 && (flags & Flag.Deleted) === 0 ? "T" : "";
  if (place === "cur" && put === "" && unread === "" && undeleted === "") return undefined;
  return { put, take: unread + undeleted };
}

/** Letters of a name as they are to be, whatever another client has put there meanwhile. */
export function changedLetters(letters: string, { put, take }: StateChange): string {
  return [...letters].filter((letter) => !take.includes(letter)).join("") + put;
}

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
        for (const name of names) missed = !rename(path, place, name, changes) || missed;
      });
    }
  }
  syncDirectory(join(path, "cur"));
  syncDirectory(join(path, "new"));
}

/** @returns false when the file is not there any more */
function rename(path: string, place: Place, name: string, changes: ReadonlyMap<string, StateChange>): boolean {
  const base = baseOf(name);
  const change = changes.get(base);
  if (change === undefined) return true;
  const changed = changedLetters(lettersOf(name), change);
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
