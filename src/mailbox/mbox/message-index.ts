/** Where each message starts and what its state is: eleven bytes a message, in typed arrays that grow. */
import { Flag } from "../mailbox.ts";

/** What the Status field in the file says, as bits. */
export const Stored = {
  Old: 1,
  Read: 2,
  /** The field is just as this program would write it. */
  Plain: 4,
} as const;

export class MessageIndex {
  #starts: Float64Array;
  #flags: Uint16Array;
  #stored: Uint8Array;
  #count: number;

  /** @param starts ascending; with `stored` of the same length. They are taken over, not copied. */
  constructor(starts = new Float64Array(256), stored = new Uint8Array(starts.length), count = 0) {
    this.#starts = starts;
    this.#stored = stored;
    this.#count = count;
    this.#flags = new Uint16Array(starts.length);
    for (let i = 0; i < count; i++) this.#flags[i] = flagsOf(stored[i] as number);
  }

  get count(): number {
    return this.#count;
  }

  /** Offset of the last message found; -1 when there is none. */
  get lastStart(): number {
    return this.#count === 0 ? -1 : this.start(this.#count);
  }

  /** The arrays themselves, no longer than count. */
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
    this.#flags[at] = flagsOf(stored);
  }

  #grow(): void {
    // By half: at ten gigabytes, doubling would be felt.
    const room = Math.ceil(this.#starts.length * 1.5) + 256;
    const starts = new Float64Array(room);
    const flags = new Uint16Array(room);
    const stored = new Uint8Array(room);
    starts.set(this.#starts);
    flags.set(this.#flags);
    stored.set(this.#stored);
    this.#starts = starts;
    this.#flags = flags;
    this.#stored = stored;
  }

  /** Takes the last message out again. */
  removeLast(): void {
    this.#check(this.#count);
    this.#count--;
  }

  /** Keeps only the messages that start before an offset. */
  cutAt(offset: number): void {
    while (this.#count > 0 && this.start(this.#count) >= offset) this.#count--;
  }

  /** @param message from 1 to count */
  start(message: number): number {
    this.#check(message);
    return this.#starts[message - 1] as number;
  }

  flags(message: number): number {
    this.#check(message);
    return this.#flags[message - 1] as number;
  }

  setFlags(message: number, flags: number): void {
    this.#check(message);
    this.#flags[message - 1] = flags;
  }

  /** Bits of Stored. */
  stored(message: number): number {
    this.#check(message);
    return this.#stored[message - 1] as number;
  }

  /** Says what the file has for this message; its flags are then as after opening. */
  setStored(message: number, stored: number): void {
    this.#check(message);
    this.#stored[message - 1] = stored;
    this.#flags[message - 1] = flagsOf(stored);
  }

  #check(message: number): void {
    if (!(message >= 1 && message <= this.#count)) throw new RangeError(`no message ${message}`);
  }
}

function flagsOf(stored: number): number {
  return (stored & Stored.Old ? 0 : Flag.New) | (stored & Stored.Read ? Flag.Read : 0);
}
