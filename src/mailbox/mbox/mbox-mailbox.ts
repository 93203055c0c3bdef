import { closeSync, constants, openSync } from "node:fs";
import { Exit, MailError } from "../../errors.ts";
import { addPathToError, isSystemError } from "../../system-error.ts";
import { withoutMeasure } from "../copied-header.ts";
import { countsOf } from "../counts.ts";
import type { FactTable, ListFacts } from "../list-facts.ts";
import { dotlockHolder } from "../lock/dotlock.ts";
import { lockFile, lockForReading } from "../lock/lock-file.ts";
import type { Release } from "../lock/wait.ts";
import { hasName } from "../locked-file.ts";
import type { MailboxOptions } from "../mailbox.ts";
import {
  type CommitPlan,
  type CommitResult,
  type Counts,
  type Fate,
  Flag,
  type FlagTally,
  type LockedCopy,
  type Mailbox,
  type MessageNeed,
  type MessagePiece,
  type MessageRun,
  type MessageWindow,
  type Pause,
  type RankedKey,
  type StoredMessages,
} from "../mailbox.ts";
import { MailboxBusy, MailboxChanged, MessagesGone } from "../mailbox-errors.ts";
import { keyOfMessage } from "../message-key.ts";
import type { ServerTerm } from "../server-term.ts";
import { openAtOnce } from "../windows.ts";
import type { Found } from "./check-before-commit.ts";
import { isAboutFacts } from "./kept-facts.ts";
import { messageHeaders, readRuns, wholeMessages } from "./message-pieces.ts";
import { finishLocked } from "./replay.ts";
import { keepSeparators, type Outcome, planOutcome } from "./rewrite.ts";
import { decisions, TrackedFile } from "./tracked-file.ts";
import { writeOutcome } from "./write-outcome.ts";

/** Maximum number of cached counts. A window of header lines is displayed repeatedly, but a list of all messages is not. */
const mostCounts = 2000;

/** The locked file as a commit found it, and the changes that the commit makes. */
interface Decided {
  readonly found: Found;
  readonly outcome: Outcome;
}

/** An mbox file as a mailbox. */
export class MboxMailbox implements Mailbox, StoredMessages {
  readonly path: string;
  readonly readOnly: boolean;
  readonly #options: MailboxOptions;
  readonly #tracked: TrackedFile;

  constructor(path: string, descriptor: number, readOnly: boolean, options: MailboxOptions) {
    this.path = path;
    this.readOnly = readOnly;
    this.#options = options;
    this.#tracked = new TrackedFile(path, descriptor, options);
  }

  // A mailbox in memory needs no lock. An append to the same mailbox acquires the lock for writing, which conflicts
  // with the shared lock. If the path now leads to another file, no other program writes to the file that is open.
  async readUnderLock<T>({ messages, target, signal }: LockedCopy, task: () => Promise<T>): Promise<T> {
    const { descriptor, isHeld } = this.#tracked.file;
    if (isHeld || !hasName(descriptor, this.path) || hasName(descriptor, target)) return task();
    const release = await lockForReading(this.path, descriptor, this.#options.lockwait, signal);
    if (release === undefined) throw new MailboxBusy(this.path, dotlockHolder(this.path));
    try {
      this.#tracked.requireInPlace(messages);
      return await task();
    } finally {
      await release();
    }
  }

  get count(): number {
    return this.#tracked.file.count;
  }

  flags(message: number): number {
    return this.#tracked.file.index.flags(message);
  }

  tally(from: number): Iterable<FlagTally> {
    return this.#tracked.file.index.tally(from);
  }

  mark(message: number, set: number, clear = 0): void {
    const { index } = this.#tracked.file;
    if ((set & decisions) !== 0 && !this.readOnly) this.#tracked.identities.remember(this.#tracked.file, message);
    index.setFlags(message, (index.flags(message) & ~clear) | set);
  }

  openMessages(messages: readonly number[], need: MessageNeed): AsyncIterable<MessageWindow> {
    if (need === "facts" || need === "header") this.prepareFacts(messages);
    return openAtOnce(this, messages);
  }

  size(message: number): number {
    return this.#tracked.file.size(message);
  }

  header(message: number): Buffer {
    return this.#tracked.file.header(message);
  }

  read(message: number, start: number, end: number): Buffer {
    return this.#tracked.file.read(message, start, end);
  }

  readBriefly(message: number, start: number, end: number): Buffer {
    return this.#tracked.file.readBriefly(message, start, end);
  }

  pieces(messages: readonly number[], part: "whole" | "header"): Iterable<MessagePiece> {
    return part === "whole"
      ? wholeMessages(this.#tracked.file, messages)
      : messageHeaders(this.#tracked.file, messages);
  }

  runs(messages: readonly number[]): Iterable<MessageRun> {
    return readRuns(this.#tracked.file, messages);
  }

  offset(message: number): number {
    return this.#tracked.file.start(message);
  }

  readonly isKeyedByContent = true;

  key(message: number, bytes?: Buffer): string {
    const compute = () => {
      const size = this.size(message);
      return keyOfMessage(
        bytes !== undefined && bytes.length === size
          ? { size, read: (start, end) => bytes.subarray(start, end) }
          : { size, read: (start, end) => this.read(message, start, end) },
      );
    };
    return this.#tracked.messageKey(message, compute);
  }

  counts(message: number, bytes?: Buffer): Counts {
    let counts = this.#tracked.counts.get(message);
    if (counts === undefined) {
      const count = () => countsOf(bytes === undefined ? this.#tracked.file.pieces(message) : [bytes]);
      counts = this.#tracked.facts?.counts(message, count) ?? count();
      if (this.#tracked.counts.size < mostCounts) this.#tracked.counts.set(message, counts);
    }
    return counts;
  }

  facts(message: number): ListFacts | undefined {
    return this.#tracked.facts?.find(message);
  }

  async narrow(messages: readonly number[], term: ServerTerm, pause: Pause): Promise<readonly number[]> {
    if (!isAboutFacts(term)) return messages;
    this.prepareFacts(messages);
    return this.#tracked.facts?.narrow(messages, term, pause) ?? messages;
  }

  prepareFacts(messages: readonly number[]): void {
    this.#tracked.prepareFacts(messages);
  }

  factTable(): FactTable | undefined {
    return this.#tracked.facts?.table;
  }

  requireFacts(message: number, columns: number): boolean {
    return this.#tracked.facts?.require(message, columns) === true;
  }

  ranks(key: RankedKey): Uint32Array | undefined {
    return this.#tracked.facts?.ranks(key);
  }

  keepRanks(key: RankedKey, ranks: Uint32Array): void {
    this.#tracked.facts?.keepRanks(key, ranks);
  }

  replace(message: number, bytes: Buffer): void {
    this.mark(message, Flag.Touched);
    this.#tracked.file.replaced.set(message, withoutMeasure(bytes));
    this.#tracked.counts.delete(message);
    this.mark(message, Flag.StatusChanged);
  }

  poll(): Promise<number> {
    return this.#tracked.poll();
  }

  async commit(plan: CommitPlan): Promise<CommitResult> {
    if (this.readOnly) throw new MailError(`${this.path}: Read-only; nothing was changed`, Exit.NoPerm);
    const { descriptor, release } = await this.#lock(plan.signal);
    this.#tracked.trustReads();
    const own = this.#tracked.file;
    const edited = new Map(own.replaced);
    try {
      await finishLocked(this.path, this.#options.stateDirectory, descriptor, this.#options.lockwait);
      let decided = await this.#decide(descriptor, plan);
      if (decided.found.file === own && this.#tracked.isUnproven && !this.#isInPlace(decided.outcome)) {
        own.restoreReplaced(edited);
        decided = await this.#decide(descriptor, plan, { trustsIndex: false });
      }
      // The commit can no longer be aborted.
      plan.signal?.throwIfAborted();
      await this.#carryOut(decided, plan);
      const { outcome, found } = decided;
      const { numbering } = found;
      return {
        arrived: numbering.arrived,
        empty: outcome.kept === 0,
        moved: outcome.moved.length,
        held: outcome.kept - numbering.arrived,
        ...(numbering.notice === undefined ? {} : { notice: numbering.notice }),
      };
    } catch (error) {
      own.restoreReplaced(edited);
      throw error;
    } finally {
      this.#tracked.checkReads();
      await release();
      // The path refers to another file, which could not be merged.
      if (descriptor !== this.#tracked.file.descriptor) closeSync(descriptor);
    }
  }

  async close(): Promise<void> {
    this.#tracked.close();
  }

  /** Locks the file that the path refers to now. Another program may have replaced the file that was opened. */
  async #lock(signal: AbortSignal | undefined): Promise<{ descriptor: number; release: Release }> {
    const own = this.#tracked.file.descriptor;
    let descriptor = own;
    for (;;) {
      try {
        const release = await lockFile(this.path, descriptor, this.#options.lockwait, signal);
        if (hasName(descriptor, this.path)) return { descriptor, release };
        await release();
      } catch (error) {
        if (descriptor !== own) closeSync(descriptor);
        throw error;
      }
      if (descriptor !== own) closeSync(descriptor);
      try {
        descriptor = openSync(this.path, constants.O_RDWR);
      } catch (error) {
        if (isSystemError(error) && error.code === "ENOENT") throw new MailboxChanged(this.path, "removed");
        throw addPathToError(this.path, error);
      }
    }
  }

  async #decide(descriptor: number, plan: CommitPlan, { trustsIndex } = { trustsIndex: true }): Promise<Decided> {
    const found = await this.#tracked.lookAgain(descriptor, trustsIndex, plan.signal);
    const { file, numbering } = found;
    this.#requirePresent(plan.required ?? [], found);
    const toItself = plan.mbox !== undefined && hasName(descriptor, plan.mbox.path);
    const fate = (message: number): Fate => {
      const known = numbering.known(message);
      if (known === 0) return "as-is";
      const decided = plan.fate(known);
      return decided === "mbox" && toItself ? "keep" : decided;
    };
    const outcome = planOutcome(file, fate);
    keepSeparators(file, outcome);
    return { found, outcome };
  }

  /** Checks that messages are still in the locked file. @throws MessagesGone if any message is not */
  #requirePresent(messages: readonly number[], { file, numbering }: Found): void {
    if (messages.length === 0) return;
    const left = new Set(messages);
    for (let message = 1; message <= file.count; message++) left.delete(numbering.known(message));
    if (left.size > 0) throw new MessagesGone(this.path, [...left]);
  }

  /** Returns whether the changed messages begin and end at the offsets that an earlier session's index contains. */
  #isInPlace({ changes }: Outcome): boolean {
    for (let message = 1; message <= changes.length; message++) {
      if (changes[message - 1] !== 0 && !this.#tracked.hasBoundaries(message)) return false;
    }
    return true;
  }

  /** Writes the outcome if anything changes, and adopts the file that was found. */
  async #carryOut({ found, outcome }: Decided, plan: CommitPlan): Promise<void> {
    if (outcome.firstChanged === 0) {
      this.#tracked.adopt(found);
      return;
    }
    const unchanged = outcome.firstChanged - 1;
    this.#tracked.beginRewrite(unchanged);
    const commit = { path: this.path, file: found.file, outcome, plan, options: this.#options };
    const index = await writeOutcome(commit);
    this.#tracked.adopt(found);
    this.#tracked.endRewrite(index, unchanged);
  }
}
