/**
 * Stores the numbers, UIDs and states of a folder's messages during a session. When a UID is first seen, it is assigned
 * a number, which never changes. If another client removes a message, the message keeps its number and is marked as
 * gone.
 *
 * New messages have higher UIDs (RFC 9051, section 2.3.1.1), so numbers and UIDs are in the same order. A folder may
 * contain a million messages, so the table consists of typed arrays.
 */
import { Flag } from "../mailbox.ts";
import { stateOfBits } from "./server-flags.ts";
import type { UidRange } from "./uid-set.ts";

/** The bits of Flag that are kept equal to the flags on the server, unless this session has changed them. */
const shared = Flag.Read | Flag.Deleted;

/** Assigns numbers to messages in the order of their UIDs, and stores their states. */
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

  /** The number of messages that still exist. */
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

  /** Returns a message's flags on the server, as bits of ServerFlag. */
  bits(message: number): number {
    return this.#bits[this.#indexOf(message)] as number;
  }

  /** Returns a message's state in this session, as bits of Flag. */
  state(message: number): number {
    return this.#states[this.#indexOf(message)] as number;
  }

  setState(message: number, state: number): void {
    this.#states[this.#indexOf(message)] = state;
  }

  isGone(message: number): boolean {
    return this.#gone[this.#indexOf(message)] === 1;
  }

  /** Returns the number of the message with the given UID; undefined if no number has been assigned yet. */
  numberOf(uid: number): number | undefined {
    const at = this.#firstNotBelow(uid);
    return at < this.#count && this.#uids[at] === uid ? at + 1 : undefined;
  }

  /**
   * Adds messages.
   *
   * @param uids in ascending order; UIDs up to the table's last UID are ignored
   */
  add(uids: readonly number[], isNew: (uid: number) => boolean, bits: (uid: number) => number = () => 0): void {
    this.#grow(this.#count + uids.length);
    for (const uid of uids) {
      if (uid <= this.lastUid) continue;
      const at = this.#count++;
      this.#uids[at] = uid;
      this.#bits[at] = bits(uid);
      this.#states[at] = stateOfBits(bits(uid), isNew(uid));
    }
  }

  /** Fills an empty table. @param uids in ascending order @param bits bits of ServerFlag */
  fill(uids: ArrayLike<number>, bits: ArrayLike<number>, count: number): void {
    this.#grow(count);
    for (let at = 0; at < count; at++) {
      this.#uids[at] = uids[at] as number;
      this.#bits[at] = bits[at] as number;
      this.#states[at] = stateOfBits(bits[at] as number, false);
    }
    this.#count = count;
  }

  /**
   * Removes messages that are gone, so that the others have consecutive numbers. Must be called before any number is
   * used.
   */
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

  /** Records the flags that the server has reported. State bits that this session has changed are kept. */
  update(message: number, bits: number): void {
    const at = this.#indexOf(message);
    const [before, state] = [this.#bits[at] as number, this.#states[at] as number];
    if (before === bits) return;
    const changed = (state ^ stateOfBits(before, false)) & shared;
    const taken = shared & ~changed;
    this.#states[at] = (state & ~taken) | (stateOfBits(bits, false) & taken);
    this.#bits[at] = bits;
  }

  /**
   * Updates one of the server's flags in all messages.
   *
   * @param uids the sorted UIDs of the messages that have the flag
   */
  updateFlag(bit: number, uids: readonly number[]): void {
    let next = 0;
    for (let at = 0; at < this.#count; at++) {
      while (next < uids.length && (uids[next] as number) < (this.#uids[at] as number)) next++;
      const before = this.#bits[at] as number;
      this.update(at + 1, uids[next] === this.#uids[at] ? before | bit : before & ~bit);
    }
  }

  /** Marks unseen messages as new if their UIDs are higher than `last`. */
  markNew(last: number): void {
    for (let at = this.#firstNotBelow(last + 1); at < this.#count; at++) {
      const state = this.#states[at] as number;
      if ((state & Flag.Read) === 0) this.#states[at] = state | Flag.New;
    }
  }

  /** Marks as gone the messages whose UIDs are in the given ranges. */
  removeRanges(ranges: readonly UidRange[]): void {
    for (const { first, last } of ranges) {
      for (let at = this.#firstNotBelow(first); at < this.#count && (this.#uids[at] as number) <= last; at++)
        this.#remove(at);
    }
  }

  /**
   * Marks each message as gone if its UID is not in `uids`, and returns the UIDs to which no number has been assigned
   * yet.
   */
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

  /** Returns the index of the first UID that is greater than or equal to `uid`. */
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
