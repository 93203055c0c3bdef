/**
 * Lists the messages of a session with a Maildir. A message receives its number when it is first seen. After a rename,
 * the message is found by the base of its file name.
 */

import { Flag } from "../mailbox.ts";
import { messageNames, type Place } from "./directory.ts";
import { baseOf, deliveryTime } from "./file-name.ts";
import { flagsOf } from "./flags.ts";

export interface Entry {
  place: Place;
  /** The file's current name. */
  name: string;
  /** Bits of Flag. */
  flags: number;
  /**
   * The state that the file's name expressed when the name was last read. The bits of `flags` that differ from this
   * state were changed by the session.
   */
  found: number;
  /** Whether another program has removed the file. */
  gone: boolean;
}

interface Found {
  readonly place: Place;
  readonly name: string;
}

/** Returns files in the order of delivery. Files that were delivered at the same instant are sorted by name. */
function sortByDelivery(files: readonly Found[]): Found[] {
  const timed = files.map((file) => ({ file, time: deliveryTime(file.name) }));
  timed.sort((a, b) => a.time - b.time || (a.file.name < b.file.name ? -1 : 1));
  return timed.map(({ file }) => file);
}

function listFiles(path: string): Found[] {
  // The directory `new` is listed first. A file that is moved to `cur` in the meantime is then seen twice rather than
  // missed.
  const fresh = messageNames(path, "new").map((name) => ({ place: "new" as const, name }));
  const seen = messageNames(path, "cur").map((name) => ({ place: "cur" as const, name }));
  return [...fresh, ...seen];
}

/** Numbers the messages of a Maildir when it first sees them, and finds their files again after renames. */
export class MessageTable {
  readonly #path: string;
  readonly #entries: Entry[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  get count(): number {
    return this.#entries.length;
  }

  /** Returns a message's entry. @param message from 1 to count */
  entry(message: number): Entry {
    const entry = this.#entries[message - 1];
    if (entry === undefined) throw new RangeError(`no message ${message}`);
    return entry;
  }

  /** Lists the directories, numbers new messages and updates known names. @returns the number of new messages */
  look(): number {
    const files = listFiles(this.#path);
    if (this.#entries.length === 0) return this.#addAll(sortByDelivery(files));
    const known = new Map(this.#entries.map((entry) => [baseOf(entry.name), entry]));
    const there = new Set<Entry>();
    const unknown: Found[] = [];
    for (const file of files) {
      const entry = known.get(baseOf(file.name));
      if (entry === undefined) unknown.push(file);
      else {
        there.add(entry);
        updateEntry(entry, file);
      }
    }
    for (const entry of this.#entries) entry.gone = !there.has(entry);
    return this.#addAll(sortByDelivery(unknown));
  }

  /** Searches for a message's file under another name, without numbering new messages. @returns whether it exists */
  find(message: number): boolean {
    const entry = this.entry(message);
    const base = baseOf(entry.name);
    const file = listFiles(this.#path).findLast(({ name }) => baseOf(name) === base);
    if (file === undefined) return false;
    updateEntry(entry, file);
    return true;
  }

  #addAll(files: readonly Found[]): number {
    const bases = new Set<string>();
    const before = this.#entries.length;
    for (const { place, name } of files) {
      const base = baseOf(name);
      if (bases.has(base)) continue;
      bases.add(base);
      const flags = flagsOf(place, name);
      this.#entries.push({ place, name, flags, found: flags, gone: false });
    }
    return this.#entries.length - before;
  }
}

/** Updates an entry after its file has been renamed. A flag that the session has changed is kept. */
function updateEntry(entry: Entry, { place, name }: Found): void {
  if (entry.place === place && entry.name === name) return;
  const found = flagsOf(place, name);
  for (const flag of [Flag.Read, Flag.Deleted]) {
    if (((entry.flags ^ entry.found) & flag) !== 0) continue;
    entry.flags = (entry.flags & ~flag) | (found & flag);
  }
  entry.found = found;
  entry.place = place;
  entry.name = name;
}
