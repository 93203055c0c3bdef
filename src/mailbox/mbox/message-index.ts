/**
 * Stores each message's start and state in growing typed arrays, which use eleven bytes per message.
 *
 * A session that shows one page must not spend time on every message. Operations on all messages therefore copy and
 * compare whole arrays.
 */
import { Flag, type FlagTally } from "../mailbox.ts";

/** The state in the file's Status field, as bits. */
export const Stored = {
  Old: 1,
  Read: 2,
  /** The field is exactly as `mail` would write it. */
  Plain: 4,
} as const;

/** Number of messages that are compared in one operation. */
const blockSize = 1024;

/** Messages removed from the end of an index. */
export interface Tail {
  readonly count: number;
  readonly starts: Float64Array;
  readonly stored: Uint8Array;
  readonly changed: Uint16Array;
}

/** The start of each message of an mbox, and its flags. */
export class MessageIndex {
  #starts: Float64Array;
  #stored: Uint8Array;
  /** For each message, the flags that differ from its stored state. */
  #changed: Uint16Array;
  #count: number;
  /**
   * Expected number of messages. If this number is set, the arrays do not grow in steps. Each step would require memory
   * for a second copy.
   */
  expected = 0;

  /** Creates an index. @param starts ascending; `stored` has the same length; both arrays are used without copying */
  constructor(
    starts: Float64Array = new Float64Array(256),
    stored: Uint8Array = new Uint8Array(starts.length),
    count = 0,
  ) {
    this.#starts = starts;
    this.#stored = stored;
    this.#count = count;
    this.#changed = new Uint16Array(starts.length);
  }

  get count(): number {
    return this.#count;
  }

  /** The offset of the last message; -1 if there is none. */
  get lastStart(): number {
    return this.#count === 0 ? -1 : this.start(this.#count);
  }

  /** The index's own array of message starts, not a copy of it. */
  get starts(): Float64Array {
    return this.#starts.subarray(0, this.#count);
  }

  get storedStates(): Uint8Array {
    return this.#stored.subarray(0, this.#count);
  }

  add(start: number, stored: number): void {
    const at = this.#count++;
    if (at === this.#starts.length) this.#grow();
    this.#starts[at] = start;
    this.#stored[at] = stored;
    this.#changed[at] = 0;
  }

  /** Adds messages that start after all others. @param starts ascending; `stored` has the same length */
  append(starts: Float64Array, stored: Uint8Array): void {
    const count = this.#count + starts.length;
    if (count > this.#starts.length) this.#grow(count);
    this.#starts.set(starts, this.#count);
    this.#stored.set(stored, this.#count);
    this.#changed.fill(0, this.#count, count);
    this.#count = count;
  }

  #grow(atLeast = 0): void {
    // The arrays grow by half, because doubling their size would be noticeable for a mailbox of ten gigabytes. Unused
    // memory pages are never touched.
    const room = Math.max(atLeast, Math.ceil(this.#starts.length * 1.5) + 256, this.expected);
    const starts = new Float64Array(room);
    const stored = new Uint8Array(room);
    const changed = new Uint16Array(room);
    starts.set(this.starts);
    stored.set(this.storedStates);
    changed.set(this.#changed.subarray(0, this.#count));
    this.#starts = starts;
    this.#stored = stored;
    this.#changed = changed;
  }

  /** Removes the messages that start at an offset or after it, and returns them. */
  cutOff(offset: number): Tail {
    const before = this.#count;
    this.cutAt(offset);
    return {
      count: before - this.#count,
      starts: this.#starts.slice(this.#count, before),
      stored: this.#stored.slice(this.#count, before),
      changed: this.#changed.slice(this.#count, before),
    };
  }

  /**
   * Copies the flags of removed messages to the messages found at the same offsets.
   *
   * @returns false if any of the messages no longer starts at its offset; in that case, nothing is copied
   */
  takeFlags({ count, starts, stored, changed }: Tail): boolean {
    const first = this.#starts.subarray(0, this.#count).lastIndexOf(starts[0] as number);
    if (first < 0 || first + count > this.#count) return false;
    for (let i = 0; i < count; i++) if (this.#starts[first + i] !== starts[i]) return false;
    for (let i = 0; i < count; i++)
      this.setFlags(first + i + 1, flagsOfStored(stored[i] as number) ^ (changed[i] as number));
    return true;
  }

  /** Undoes cutOff and removes the messages that have been added since then. */
  restore({ count, starts, stored, changed }: Tail): void {
    if (count === 0) return;
    this.cutAt(starts[0] as number);
    this.append(starts, stored);
    this.#changed.set(changed, this.#count - count);
  }

  /** Keeps only the messages that start before an offset. */
  cutAt(offset: number): void {
    while (this.#count > 0 && this.start(this.#count) >= offset) this.#count--;
  }

  /** Returns the offset at which a message starts. @param message its number, from 1 to count */
  start(message: number): number {
    this.#check(message);
    return this.#starts[message - 1] as number;
  }

  flags(message: number): number {
    this.#check(message);
    return this.#flagsAt(message - 1);
  }

  #flagsAt(at: number): number {
    return flagsOfStored(this.#stored[at] as number) ^ (this.#changed[at] as number);
  }

  setFlags(message: number, flags: number): void {
    this.#check(message);
    this.#changed[message - 1] = flags ^ flagsOfStored(this.#stored[message - 1] as number);
  }

  /** Yields runs of messages with the same flags, beginning with message `from`. */
  tally(from: number): Iterable<FlagTally> {
    const found = new Map<number, { flags: number; count: number; first: number }>();
    const note = (at: number, count: number) => {
      const flags = this.#flagsAt(at);
      const known = found.get(flags);
      if (known === undefined) found.set(flags, { flags, count, first: at + 1 });
      else known.count += count;
    };
    for (let at = from - 1; at < this.#count; at += blockSize) {
      const end = Math.min(at + blockSize, this.#count);
      if (isUniform(this.#stored, at, end) && isUniform(this.#changed, at, end)) note(at, end - at);
      else this.#eachRun(at, end, note);
    }
    return found.values();
  }

  /** Calls `run` with the start and length of each sequence of messages that have the same flags. */
  #eachRun(at: number, end: number, run: (at: number, count: number) => void): void {
    const stored = this.#stored;
    const changed = this.#changed;
    let begin = at;
    for (let i = at + 1; i < end; i++) {
      if (stored[i] === stored[begin] && changed[i] === changed[begin]) continue;
      run(begin, i - begin);
      begin = i;
    }
    run(begin, end - begin);
  }

  /** Returns bits of Stored. */
  stored(message: number): number {
    this.#check(message);
    return this.#stored[message - 1] as number;
  }

  /** Sets a message's state in the file. The message's flags are reset to the flags that follow from this state. */
  setStored(message: number, stored: number): void {
    this.#check(message);
    this.#stored[message - 1] = stored;
    this.#changed[message - 1] = 0;
  }

  #check(message: number): void {
    if (!(message >= 1 && message <= this.#count)) throw new RangeError(`no message ${message}`);
  }
}

function flagsOfStored(stored: number): number {
  return (stored & Stored.Old ? 0 : Flag.New) | (stored & Stored.Read ? Flag.Read : 0);
}

/**
 * Returns whether all elements are equal. A single memory comparison shows whether each element equals the previous
 * one.
 */
function isUniform(array: Uint8Array | Uint16Array, start: number, end: number): boolean {
  const size = array.BYTES_PER_ELEMENT;
  const bytes = Buffer.from(array.buffer, array.byteOffset + start * size, (end - start) * size);
  return bytes.subarray(size).equals(bytes.subarray(0, bytes.length - size));
}
