/**
 * The messages of a session with a folder. A message's number is bound to its UID when the message is first seen, and
 * never changes. A message that another client removes keeps its number and is marked as gone.
 *
 * UIDs increase (RFC 9051, section 2.3.1.1), so the numbers are in the order of the UIDs. A folder may have a million
 * messages, so the table consists of typed arrays.
 */
import { Flag } from "../mailbox.ts";
import { stateOfBits } from "./server-flags.ts";
import type { UidRange } from "./uid-set.ts";

/** The bits of Flag that a change by another client updates, unless this session has changed them. */
const shared = Flag.Read | Flag.Deleted;

/** Numbers messages by their UIDs, and keeps their states. */
export class UidTable {
  #count = 0;
  #uids = new Uint32Array(256);
  /** Bits of ServerFlag. */
  #bits = new Uint8Array(256);
  /** Bits of Flag. */
  #states = new Uint16Array(256);
  #gone = new Uint8Array(256);
  #goneCount = 0;

  get count(): number {
    return this.#count;
  }

  /** The number of messages that are not gone. */
  get present(): number {
    return this.#count - this.#goneCount;
  }

  /** The highest UID; 0 if there are no messages. */
  get lastUid(): number {
    return this.#count === 0 ? 0 : (this.#uids[this.#count - 1] as number);
  }

  uid(message: number): number {
    return this.#uids[this.#indexOf(message)] as number;
  }

  /** Returns the server's flags as bits of ServerFlag. */
  bits(message: number): number {
    return this.#bits[this.#indexOf(message)] as number;
  }

  /** Returns bits of Flag. */
  state(message: number): number {
    return this.#states[this.#indexOf(message)] as number;
  }

  setState(message: number, state: number): void {
    this.#states[this.#indexOf(message)] = state;
  }

  isGone(message: number): boolean {
    return this.#gone[this.#indexOf(message)] === 1;
  }

  /** Returns the message with a UID; undefined if the session has not numbered it. */
  numberOf(uid: number): number | undefined {
    const at = this.#firstNotBelow(uid);
    return at < this.#count && this.#uids[at] === uid ? at + 1 : undefined;
  }

  /** Adds messages. @param uids in ascending order; UIDs that are not higher than the last one are ignored */
  add(uids: readonly number[], isNew: (uid: number) => boolean, bits: (uid: number) => number = () => 0): number {
    const before = this.#count;
    this.#grow(before + uids.length);
    for (const uid of uids) {
      if (uid <= this.lastUid) continue;
      const at = this.#count++;
      this.#uids[at] = uid;
      this.#bits[at] = bits(uid);
      this.#states[at] = stateOfBits(bits(uid), isNew(uid));
    }
    return this.#count - before;
  }

  /** Fills the empty table. @param uids in ascending order @param bits bits of ServerFlag */
  fill(uids: ArrayLike<number>, bits: ArrayLike<number>, count: number): void {
    this.#grow(count);
    for (let at = 0; at < count; at++) {
      this.#uids[at] = uids[at] as number;
      this.#bits[at] = bits[at] as number;
      this.#states[at] = stateOfBits(bits[at] as number, false);
    }
    this.#count = count;
  }

  /** Drops messages that are gone, so that the others get consecutive numbers. Called before the session uses numbers. */
  dropGone(): void {
    let kept = 0;
    for (let at = 0; at < this.#count; at++) {
      if (this.#gone[at] === 1) continue;
      this.#uids[kept] = this.#uids[at] as number;
      this.#bits[kept] = this.#bits[at] as number;
      this.#states[kept++] = this.#states[at] as number;
    }
    this.#count = kept;
    this.#goneCount = 0;
    this.#gone.fill(0);
  }

  /** Removes all messages from the table. */
  clear(): void {
    this.#count = 0;
    this.#goneCount = 0;
    this.#gone.fill(0);
  }

  /** Records the flags that the server reports. A state that this session has changed is kept. */
  update(message: number, bits: number): void {
    const at = this.#indexOf(message);
    const [before, state] = [this.#bits[at] as number, this.#states[at] as number];
    if (before === bits) return;
    const changed = (state ^ stateOfBits(before, false)) & shared;
    const taken = shared & ~changed;
    this.#states[at] = (state & ~taken) | (stateOfBits(bits, false) & taken);
    this.#bits[at] = bits;
  }

  /** Sets or clears one of the server's flags for all messages: `uids` are those that have it. */
  updateFlag(bit: number, uids: readonly number[]): void {
    let next = 0;
    for (let at = 0; at < this.#count; at++) {
      while (next < uids.length && (uids[next] as number) < (this.#uids[at] as number)) next++;
      const before = this.#bits[at] as number;
      this.update(at + 1, uids[next] === this.#uids[at] ? before | bit : before & ~bit);
    }
  }

  /** Sets New for the unseen messages with a UID above `last`. */
  markNew(last: number): void {
    for (let at = this.#firstNotBelow(last + 1); at < this.#count; at++) {
      const state = this.#states[at] as number;
      if ((state & Flag.Read) === 0) this.#states[at] = state | Flag.New;
    }
  }

  /** Marks messages as gone. */
  removeRanges(ranges: readonly UidRange[]): void {
    for (const { first, last } of ranges) {
      for (let at = this.#firstNotBelow(first); at < this.#count && (this.#uids[at] as number) <= last; at++)
        this.#remove(at);
    }
  }

  /** Marks all messages as gone that are not among `uids`, and returns the UIDs that have no number yet. */
  retain(uids: readonly number[]): number[] {
    let next = 0;
    for (let at = 0; at < this.#count; at++) {
      while (next < uids.length && (uids[next] as number) < (this.#uids[at] as number)) next++;
      if (uids[next] !== this.#uids[at]) this.#remove(at);
    }
    const { lastUid } = this;
    return uids.filter((uid) => uid > lastUid);
  }

  #remove(at: number): void {
    if (this.#gone[at] === 1) return;
    this.#gone[at] = 1;
    this.#goneCount++;
  }

  #indexOf(message: number): number {
    if (message < 1 || message > this.#count) throw new RangeError(`no message ${message}`);
    return message - 1;
  }

  /** Returns the index of the first UID that is at least `uid`. */
  #firstNotBelow(uid: number): number {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#uids[middle] as number) < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(length: number): void {
    if (length <= this.#uids.length) return;
    const room = Math.max(length, 2 * this.#uids.length);
    const copy = <T extends Uint32Array | Uint16Array | Uint8Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#uids = copy(this.#uids, new Uint32Array(room));
    this.#bits = copy(this.#bits, new Uint8Array(room));
    this.#states = copy(this.#states, new Uint16Array(room));
    this.#gone = copy(this.#gone, new Uint8Array(room));
  }
}
