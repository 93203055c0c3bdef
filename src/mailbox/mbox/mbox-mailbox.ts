import { closeSync, constants, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Exit, MailError } from "../../errors.ts";
import { addPathToError, isSystemError } from "../../system-error.ts";
import { withoutMeasure } from "../copied-header.ts";
import type { ListFacts } from "../list-facts.ts";
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
  type MessageWindow,
  type StoredMessages,
} from "../mailbox.ts";
import { MailboxBusy, MailboxChanged, MessagesGone, MessagesMoved } from "../mailbox-errors.ts";
import { markBits } from "../marks.ts";
import { keyOfMessage } from "../message-key.ts";
import { openAtOnce } from "../windows.ts";
import { checkBeforeCommit, hasUnseenRest, type Numbering } from "./check-before-commit.ts";
import { countsOf } from "./counts.ts";
import { type FileState, isJustWritten, isSettled, sameState, stateOf } from "./file-state.ts";
import { beginGeneration } from "./generations.ts";
import { areInPlace, loadIndex, type Recent, saveIndex, startsMessage } from "./index-file.ts";
import { KeptFacts } from "./kept-facts.ts";
import { MboxFile, readLandmarks } from "./mbox-file.ts";
import { Identities } from "./message-identity.ts";
import { MessageIndex } from "./message-index.ts";
import { messageHeaders, wholeMessages } from "./message-pieces.ts";
import { finishLocked } from "./replay.ts";
import { keepSeparators, type Outcome, planOutcome } from "./rewrite.ts";
import { scanMessages } from "./scan.ts";
import { writeOutcome } from "./write-outcome.ts";

/** Flags that determine a message's fate or show that the user has acted on it. */
const decisions = Flag.Touched | Flag.Deleted | Flag.Saved | Flag.Preserved | Flag.ToMbox | markBits;

/**
 * Maximum number of attempts to read a file while another program writes to it, and the pause between them in
 * milliseconds.
 */
const mostTries = 20;
const pause = 50;

/**
 * Maximum time in seconds to wait for a program that is writing to the mailbox. The first limit applies when the
 * mailbox is opened, the second when it is checked for new mail.
 */
const mostWaitToOpen = 5;
const mostWaitForNews = 0.2;

/** Maximum number of cached counts. A window of header lines is displayed repeatedly, but a list of all messages is not. */
const mostCounts = 2000;
/** An mbox file as a mailbox. */
export class MboxMailbox implements Mailbox, StoredMessages {
  readonly path: string;
  readonly readOnly: boolean;
  readonly #options: MailboxOptions;
  readonly #counts = new Map<number, Counts>();
  #file: MboxFile;
  /** The file's state when it was last checked. */
  #seen: FileState | undefined;
  /** The file's state when a message was last read. The file may have grown since the last check. */
  #checked: FileState | undefined;
  readonly #identities = new Identities();
  /** Whether the file has grown since it was scanned. */
  #unproven = false;
  /** The beginning of the file and of its last message at the last check. */
  #landmarks: Buffer = Buffer.alloc(0);
  /** Whether another program has moved messages during the session. */
  #rewritten = false;
  /** The checksum of the file's end from an earlier session. */
  #recent: Recent | "changed" | undefined;
  /** Start of the first message whose end may change if the file grows; see scan. */
  #undecided: number | undefined;
  /** Whether the index can be kept for a later session. */
  #keepable = false;
  /** Whether the index of an earlier session is still valid. */
  #isKept = false;
  #generations = beginGeneration();
  readonly #facts: KeptFacts | undefined;

  constructor(path: string, descriptor: number, readOnly: boolean, options: MailboxOptions) {
    this.path = path;
    this.readOnly = readOnly;
    this.#file = this.#guarded(new MboxFile(descriptor));
    this.#options = options;
    const { cacheDirectory } = options;
    if (cacheDirectory !== undefined) this.#facts = new KeptFacts(cacheDirectory, path);
  }

  #guarded(file: MboxFile): MboxFile {
    file.guard = () => this.#checkPlaces();
    return file;
  }

  /** Checks that messages are still at their offsets. @throws MessagesMoved */
  #checkPlaces(): void {
    if (this.#seen === undefined) return;
    const state = stateOf(this.#file.descriptor);
    if (sameState(state, this.#checked ?? this.#seen)) return;
    if (!this.#hasOnlyGrown(state)) throw new MessagesMoved(this.path);
    this.#checked = state;
  }

  // A mailbox in memory needs no lock. An append to this same mailbox acquires the lock for writing, which conflicts
  // with the shared lock. If the path leads to another file, no other program writes to the open file.
  async readUnderLock<T>({ messages, target, signal }: LockedCopy, task: () => Promise<T>): Promise<T> {
    const { descriptor, isHeld } = this.#file;
    if (isHeld || !hasName(descriptor, this.path) || hasName(descriptor, target)) return task();
    const release = await lockForReading(this.path, descriptor, this.#options.lockwait, signal);
    if (release === undefined) throw new MailboxBusy(this.path, dotlockHolder(this.path));
    try {
      this.#requireInPlace(messages);
      return await task();
    } finally {
      await release();
    }
  }

  /**
   * Checks again that messages are still at their offsets. An earlier check without a lock may have happened in the
   * middle of a rewrite.
   *
   * @throws MessagesMoved
   */
  #requireInPlace(messages: readonly number[]): void {
    const state = stateOf(this.#file.descriptor);
    if (this.#seen !== undefined && sameState(state, this.#seen)) return;
    if (!this.#hasOnlyGrown(state) || !messages.every((message) => this.#hasBoundaries(message)))
      throw new MessagesMoved(this.path);
    this.#checked = state;
  }

  /** Returns whether the known messages are still at their offsets. */
  #hasOnlyGrown(state: FileState): boolean {
    // The commit will determine where the messages are now.
    this.#rewritten ||= state.size < this.#file.covered || !this.#isAsBefore();
    return !this.#rewritten;
  }

  get count(): number {
    return this.#file.count;
  }

  flags(message: number): number {
    return this.#file.index.flags(message);
  }

  tally(from: number): Iterable<FlagTally> {
    return this.#file.index.tally(from);
  }

  mark(message: number, set: number, clear = 0): void {
    const { index } = this.#file;
    if ((set & decisions) !== 0 && !this.readOnly) this.#identities.remember(this.#file, message);
    index.setFlags(message, (index.flags(message) & ~clear) | set);
  }

  openMessages(messages: readonly number[], need: MessageNeed): AsyncIterable<MessageWindow> {
    if (need === "header") this.prepareFacts(messages.length);
    return openAtOnce(this, messages);
  }

  size(message: number): number {
    return this.#file.size(message);
  }

  header(message: number): Buffer {
    return this.#file.header(message);
  }

  read(message: number, start: number, end: number): Buffer {
    return this.#file.read(message, start, end);
  }

  readBriefly(message: number, start: number, end: number): Buffer {
    return this.#file.readBriefly(message, start, end);
  }

  pieces(messages: readonly number[], part: "whole" | "header"): Iterable<MessagePiece> {
    return part === "whole" ? wholeMessages(this.#file, messages) : messageHeaders(this.#file, messages);
  }

  offset(message: number): number {
    return this.#file.start(message);
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
    return this.#facts?.messageKey(message, compute) ?? compute();
  }

  counts(message: number): Counts {
    let counts = this.#counts.get(message);
    if (counts === undefined) {
      const count = () => countsOf(this.#file.pieces(message));
      counts = this.#facts?.counts(message, count) ?? count();
      if (this.#counts.size < mostCounts) this.#counts.set(message, counts);
    }
    return counts;
  }

  facts(message: number): ListFacts | undefined {
    return this.#facts?.find(message);
  }

  prepareFacts(messages: number): void {
    // Facts of messages that are no longer at their offsets would be outdated.
    if (!this.#file.isHeld) this.#file.guard?.();
    this.#facts?.prepare(this.#file, this.#generations, messages);
  }

  replace(message: number, bytes: Buffer): void {
    this.mark(message, Flag.Touched);
    this.#file.replaced.set(message, withoutMeasure(bytes));
    this.#counts.delete(message);
    this.mark(message, Flag.StatusChanged);
  }

  async poll(): Promise<number> {
    const { descriptor } = this.#file;
    const state = stateOf(descriptor);
    const isFirst = this.#seen === undefined;
    if (this.#seen !== undefined && sameState(state, this.#seen)) return 0;
    // If no program is writing to the mailbox, a lock would only make opening slower. A write that begins now changes
    // the timestamps.
    if (isFirst && !(isJustWritten(state, Date.now()) && hasName(descriptor, this.path))) return this.#look();
    const lockwait = Math.min(this.#options.lockwait, isFirst ? mostWaitToOpen : mostWaitForNews);
    const release = await lockForReading(this.path, descriptor, lockwait, this.#options.signal);
    if (release === undefined && !isFirst) return 0;
    try {
      return await this.#look();
    } finally {
      await release?.();
    }
  }

  async #look(): Promise<number> {
    const state = stateOf(this.#file.descriptor);
    const isFirst = this.#seen === undefined;
    if (this.#seen === undefined) this.#takeKept(state);
    else if (sameState(state, this.#seen)) return 0;
    else if (!this.#hasOnlyGrown(state)) return 0;
    const before = this.#seen === undefined ? 0 : this.count;
    if (this.#seen === undefined || !sameState(state, this.#seen)) await this.#takeIn(state);
    if (isFirst) await this.#untilWritten();
    return this.count - before;
  }

  /** Waits until no program is rewriting the file. Otherwise the scan could find some old messages and some new ones. */
  async #untilWritten(): Promise<void> {
    const { descriptor } = this.#file;
    for (let tries = 0; tries < mostTries; tries++) {
      const state = stateOf(descriptor);
      if (this.#seen === undefined || sameState(state, this.#seen) || this.#hasOnlyGrown(state)) return;
      await sleep(pause);
      this.#rewritten = false;
      this.#unproven = false;
      this.#recent = undefined;
      this.#seen = undefined;
      this.#file.index = new MessageIndex();
      this.#file.covered = 0;
      this.#undecided = undefined;
      this.#counts.clear();
      this.#isKept = false;
      this.#generations = beginGeneration();
      await this.#takeIn(stateOf(descriptor));
    }
  }

  /** Returns whether the known part of the file is unchanged: the messages that matter, and a sample of the rest. */
  #isAsBefore(): boolean {
    const file = this.#file.onDisk();
    return readLandmarks(file).equals(this.#landmarks) && areInPlace(file) && this.#identities.hold(file);
  }

  /** Uses the valid part of an earlier session's index. */
  #takeKept(state: FileState): void {
    const { cacheDirectory } = this.#options;
    const kept = cacheDirectory && loadIndex(cacheDirectory, this.path, this.#file.descriptor, state);
    if (!kept) return;
    this.#file.index = kept.index;
    this.#file.covered = kept.size;
    this.#recent = kept.recent;
    this.#generations = kept.generations;
    this.#landmarks = readLandmarks(this.#file);
    this.#isKept = kept.size === state.size && kept.recent !== undefined;
    if (this.#isKept) this.#seen = state;
    else this.#unproven = true;
  }

  async #takeIn(state: FileState): Promise<void> {
    const looked = Date.now();
    const { index, descriptor } = this.#file;
    // The last message is scanned again, because it may have been incomplete at the last check.
    const from = this.#undecided ?? Math.max(0, index.lastStart);
    const before = index.count;
    const oldEnd = this.#file.covered;
    const known = index.cutOff(from);
    this.#isKept = false;
    this.#facts?.cut(index.count);
    let undecided: number | undefined;
    try {
      ({ undecided } = await scanMessages(descriptor, from, state.size, index, this.#options));
    } catch (error) {
      index.restore(known);
      throw error;
    }
    if (known.count > 0 && this.#seen !== undefined) {
      if (!index.takeFlags(known)) {
        // The apparent messages were part of a message that is now complete.
        index.restore(known);
        this.#rewritten = true;
        return;
      }
      this.#unproven = true;
      this.#recent = "changed";
    }
    this.#undecided = undecided;
    this.#file.forget();
    this.#counts.delete(before);
    this.#file.covered = state.size;
    this.#seen = state;
    this.#landmarks = readLandmarks(this.#file);
    if (before > 0) this.#takeRest(before, oldEnd);
    if (this.#options.unnoticed !== true) this.#file.hold();
    const since = stateOf(descriptor);
    if (!sameState(since, state) && !this.#hasOnlyGrown(since)) this.#file.forget();
    // No index is kept for the temporary file of an unpacked mailbox.
    this.#keepable = undecided === undefined && isSettled(state, looked) && hasName(descriptor, this.path);
  }

  /** Withdraws the session's decision about a message that was only partially delivered when it was saved or edited. */
  #takeRest(message: number, oldEnd: number): void {
    const file = this.#file;
    if (file.end(message) <= oldEnd) return;
    if (hasUnseenRest(file, message, oldEnd)) {
      file.replaced.delete(message);
      file.index.setFlags(message, file.index.flags(message) & ~decisions);
    }
    this.#identities.update(file, message);
  }

  async commit(plan: CommitPlan): Promise<CommitResult> {
    if (this.readOnly) throw new MailError(`${this.path}: Read-only; nothing was changed`, Exit.NoPerm);
    const { descriptor, release } = await this.#lock(plan.signal);
    this.#file.guard = undefined;
    try {
      await finishLocked(this.path, this.#options.stateDirectory, descriptor, this.#options.lockwait);
      let { numbering, outcome } = await this.#decide(descriptor, plan);
      if (this.#unproven && !this.#isInPlace(outcome)) {
        this.#seen = undefined;
        ({ numbering, outcome } = await this.#decide(descriptor, plan));
      }
      // The commit can no longer be aborted.
      plan.signal?.throwIfAborted();
      if (outcome.firstChanged > 0) await this.#write(outcome, plan);
      return {
        arrived: numbering.arrived,
        empty: outcome.kept === 0,
        moved: outcome.moved.length,
        held: outcome.kept - numbering.arrived,
        ...(numbering.notice === undefined ? {} : { notice: numbering.notice }),
      };
    } finally {
      this.#guarded(this.#file);
      await release();
      // The path leads to another file, which could not be merged.
      if (descriptor !== this.#file.descriptor) closeSync(descriptor);
    }
  }

  async close(): Promise<void> {
    const { cacheDirectory } = this.#options;
    if (!this.#rewritten && this.#seen !== undefined && cacheDirectory !== undefined) {
      const { descriptor, index } = this.#file;
      if (this.#keepable)
        saveIndex(cacheDirectory, this.path, descriptor, this.#seen, index, this.#generations, this.#recent);
      if (this.#keepable || this.#isKept) this.#facts?.save(this.#seen, this.#generations);
    }
    this.#facts?.close();
    this.#file.close();
  }

  /** Locks the file that the path leads to now, which may differ from the file that was opened. */
  async #lock(signal: AbortSignal | undefined): Promise<{ descriptor: number; release: Release }> {
    const own = this.#file.descriptor;
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

  async #decide(descriptor: number, plan: CommitPlan): Promise<{ numbering: Numbering; outcome: Outcome }> {
    const numbering = await this.#lookAgain(descriptor, plan.signal);
    this.#requirePresent(plan.required ?? [], numbering);
    const toItself = plan.mbox !== undefined && hasName(descriptor, plan.mbox.path);
    const fate = (message: number): Fate => {
      const known = numbering.known(message);
      if (known === 0) return "as-is";
      const decided = plan.fate(known);
      return decided === "mbox" && toItself ? "keep" : decided;
    };
    const outcome = planOutcome(this.#file, fate);
    keepSeparators(this.#file, outcome);
    return { numbering, outcome };
  }

  /** @throws MessagesGone if a message is no longer in the locked file */
  #requirePresent(messages: readonly number[], { known }: Numbering): void {
    if (messages.length === 0) return;
    const left = new Set(messages);
    for (let message = 1; message <= this.#file.count; message++) left.delete(known(message));
    if (left.size > 0) throw new MessagesGone(this.path, [...left]);
  }

  async #lookAgain(descriptor: number, signal: AbortSignal | undefined): Promise<Numbering> {
    const before = this.#file;
    const known = { path: this.path, file: before, seen: this.#seen, identities: this.#identities };
    const { numbering, file, state, undecided } = await checkBeforeCommit(known, descriptor, signal);
    if (file === before) return numbering;
    this.#undecided = undecided;
    this.#file = file;
    this.#isKept = false;
    this.#generations = beginGeneration();
    this.#facts?.discard();
    this.#seen = state;
    this.#recent = undefined;
    this.#unproven = false;
    this.#rewritten = false;
    this.#landmarks = readLandmarks(file);
    if (descriptor !== before.descriptor) before.close();
    return numbering;
  }

  /** Returns whether the changed messages begin and end at the offsets that an earlier session's index contains. */
  #isInPlace({ changes }: Outcome): boolean {
    for (let message = 1; message <= changes.length; message++) {
      if (changes[message - 1] !== 0 && !this.#hasBoundaries(message)) return false;
    }
    return true;
  }

  /** Returns whether a message still begins and ends at its indexed offsets. */
  #hasBoundaries(message: number): boolean {
    const { descriptor, index } = this.#file;
    if (!startsMessage(descriptor, index.start(message))) return false;
    return message === index.count || startsMessage(descriptor, index.start(message + 1));
  }

  async #write(outcome: Outcome, plan: CommitPlan): Promise<void> {
    const file = this.#file;
    const unchanged = outcome.firstChanged - 1;
    this.#isKept = false;
    this.#facts?.cut(unchanged);
    file.index = await writeOutcome({ path: this.path, file, outcome, plan, options: this.#options });
    this.#generations = beginGeneration(this.#generations, unchanged);
    this.#recent = undefined;
    // An edited message may have become several.
    this.#keepable = file.replaced.size === 0 && this.#undecided === undefined;
    // The undecided message may have moved, so the next scan begins at the start.
    if (this.#undecided !== undefined) this.#undecided = 0;
    this.#seen = stateOf(file.descriptor);
    file.covered = this.#seen.size;
    this.#landmarks = readLandmarks(file);
  }
}
