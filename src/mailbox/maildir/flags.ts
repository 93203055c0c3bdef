/** Converts between the flags in Maildir file names and the state of messages. */
import { parseHeader } from "../../message/header.ts";
import { Flag } from "../mailbox.ts";
import { splitLetterChanges } from "../marks.ts";
import type { Place } from "./directory.ts";
import { lettersOf } from "./file-name.ts";

/**
 * Returns the state that a file's name and directory express. Flag `S` means read, flag `T` means deleted, and
 * directory `new` means new.
 */
export function flagsOf(place: Place, name: string): number {
  const letters = lettersOf(name);
  const state = (letters.includes("S") ? Flag.Read : 0) | (letters.includes("T") ? Flag.Deleted : 0);
  return state | (place === "new" ? Flag.New : 0);
}

/**
 * Flags to be added to a name, and flags to be removed from it. If there are no such flags, the file is only moved to
 * `cur`.
 */
export interface StateChange {
  readonly put: string;
  readonly take: string;
}

/**
 * Returns a session's changes to a message's flags.
 *
 * @param found the state when the name was last read
 * @returns undefined if the name needs no change
 */
export function changeOf({
  place,
  flags,
  found,
}: {
  readonly place: Place;
  readonly flags: number;
  readonly found: number;
}): StateChange | undefined {
  const changed = flags ^ found;
  const read = (changed & Flag.Read) !== 0;
  const seen = read && (flags & Flag.Read) !== 0 ? "S" : "";
  const unread = read && seen === "" ? "S" : "";
  const undeleted = (found & Flag.Deleted) !== 0 && (flags & Flag.Deleted) === 0 ? "T" : "";
  const marks = splitLetterChanges(flags, "maildir");
  const change = { put: seen + marks.put, take: unread + undeleted + marks.take };
  return place === "cur" && change.put + change.take === "" ? undefined : change;
}

/** Returns a name's flags after a change. Flags that another client has set in the meantime are kept. */
export function changeFlags(letters: string, { put, take }: StateChange): string {
  return [...letters].filter((letter) => !take.includes(letter)).join("") + put;
}

const ofXStatus: Readonly<Record<string, string>> = { A: "R", F: "F", D: "T", T: "D" };

/** Returns the flags for the Status (R) and X-Status (A, F, D, T) fields of a message in an mbox. */
export function flagsOfStatus(header: Buffer): string {
  const parsed = parseHeader(header);
  const seen = parsed.get("status")?.includes("R") === true ? "S" : "";
  const others = [...(parsed.get("x-status") ?? "")].map((letter) => ofXStatus[letter] ?? "");
  return seen + others.join("");
}

/** Returns the X-Status value for the flags that a Status field cannot express: replied, flagged and draft. */
export function xStatusOf(flags: string): string {
  const letters = { R: "A", F: "F", D: "T" };
  return Object.entries(letters)
    .map(([flag, letter]) => (flags.includes(flag) ? letter : ""))
    .join("");
}
