/** Recognizes names in bytes without converting the bytes to strings. */

interface Entry<T> {
  readonly name: Uint8Array;
  readonly value: T;
  /** The next entry whose name begins with the same letter. */
  readonly next: Entry<T> | undefined;
}

/** A set of names, each with a value. Upper and lower case are equivalent. */
export class FieldNames<T> {
  /** For each byte, the entries whose names begin with it, the longest names first. */
  readonly #entries: (Entry<T> | undefined)[] = new Array(256).fill(undefined);

  /** Creates a set. @param values the values by name; the names consist of lower-case letters, hyphens and spaces */
  constructor(values: Iterable<readonly [string, T]>) {
    for (const [name, value] of [...values].sort(([a], [b]) => a.length - b.length)) {
      const letter = name.charCodeAt(0);
      this.#entries[letter] = { name: Buffer.from(name), value, next: this.#entries[letter] };
    }
  }

  /** Returns the longest name with which the bytes at an offset begin, and its value. */
  find(bytes: Uint8Array, at: number): Entry<T> | undefined {
    let entry = this.#entries[(bytes[at] as number) | 32];
    while (entry !== undefined && !continuesWith(bytes, at, entry.name)) entry = entry.next;
    return entry;
  }
}

/** Returns whether the bytes after an offset are the name's bytes after its first letter. */
function continuesWith(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let i = 1; i < name.length; i++) if (((bytes[at + i] as number) | 32) !== name[i]) return false;
  return true;
}
