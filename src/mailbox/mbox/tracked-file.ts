/**
 * Tracks an open mbox to which other programs may write. New messages are added to the mbox's index. If another program
 * moves messages, reading them fails, and the commit finds them again at their new offsets.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { lockForReading } from "../lock/lock-file.ts";
import type { Release } from "../lock/wait.ts";
import { hasName } from "../locked-file.ts";
import { type Counts, Flag, type MailboxOptions } from "../mailbox.ts";
import { MessagesMoved } from "../mailbox-errors.ts";
import { markBits } from "../marks.ts";
import { checkBeforeCommit, type Found, hasUnseenRest } from "./check-before-commit.ts";
import { type FileState, isJustWritten, isSettled, isSettledInKernel, sameState, stateOf } from "./file-state.ts";
import { beginGeneration } from "./generations.ts";
import { areInPlace, loadIndex, type Recent, saveIndex, startsMessage } from "./index-file.ts";
import { KeptFacts } from "./kept-facts.ts";
import { MboxFile, readLandmarks } from "./mbox-file.ts";
import { MessageIndex } from "./message-index.ts";
import { RecentKeys } from "./recent-keys.ts";
import { Identities } from "./remembered-messages.ts";
import { scanMessages } from "./scan.ts";

/** Flags that determine a message's fate or show that the user has acted on it. */
export const decisions = Flag.Touched | Flag.Deleted | Flag.Saved | Flag.Preserved | Flag.ToMbox | markBits;

/**
 * Maximum number of attempts to scan a file while another program is writing to it, and the pause between attempts in
 * milliseconds.
 */
const mostTries = 20;
const pause = 50;

/**
 * Maximum time in seconds to wait for a program that is writing to the mailbox. The first limit applies when the
 * mailbox is opened, and the second when it is checked for new mail.
 */
const mostWaitToOpen = 5;
const mostWaitForNews = 0.2;

/** An open mbox, its index, and the state in which the session last saw it. */
export class TrackedFile {
  readonly #path: string;
  readonly #options: MailboxOptions;
  /** The cached counts of messages. The counts are discarded when the messages are scanned again. */
  readonly counts = new Map<number, Counts>();
  /**
   * The file and its index. If a commit finds that the file has been replaced or rewritten, a new object replaces this
   * one.
   */
  file: MboxFile;
  /** The file's state when it was last checked. */
  #seen: FileState | undefined;
  /** Whether any change since the last check is visible in the file's state. */
  #showsChanges = false;
  /** The file's state when a message was last read. The message may have been read after the last check. */
  #checked: FileState | undefined;
  identities = new Identities();
  /** Whether the file has grown since it was scanned. */
  #unproven = false;
  /** The beginning of the file and the beginning of its last message, as read during the last check. */
  #landmarks: Buffer = Buffer.alloc(0);
  /** Whether another program has moved or removed messages during the session. */
  #rewritten = false;
  /** The checksum of the file's end, as an earlier session computed it. */
  #recent: Recent | "changed" | undefined;
  /** Start of the first message whose end may change when the file grows (see scan.ts). */
  #undecided: number | undefined;
  /** Whether the index can be kept for a later session. */
  #keepable = false;
  /** Whether the index from an earlier session is still valid. */
  #isKept = false;
  #generations = beginGeneration();
  #recentKeys = new RecentKeys();
  /** The stored facts about messages; undefined if there is no cache directory. */
  readonly facts: KeptFacts | undefined;

  constructor(path: string, descriptor: number, options: MailboxOptions) {
    this.#path = path;
    this.file = new MboxFile(descriptor);
    this.#options = options;
    const { cacheDirectory } = options;
    if (cacheDirectory !== undefined) this.facts = new KeptFacts(cacheDirectory, path);
    this.checkReads();
  }

  /** Whether the index may be wrong because the file has grown since it was scanned. */
  get isUnproven(): boolean {
    return this.#unproven;
  }

  /** Turns on a check, after each read, that the messages are still at their offsets. */
  checkReads(): void {
    this.file.guard = () => this.#checkPlaces();
  }

  /** Turns off the check, which is not needed while the file is locked during a commit. */
  trustReads(): void {
    this.file.guard = undefined;
  }

  /**
   * Prepares the stored facts.
   *
   * @param messages the messages whose facts will be requested
   * @throws MessagesMoved
   */
  prepareFacts(messages: readonly number[]): void {
    // If messages were no longer at their offsets, their facts would be outdated.
    if (!this.file.isHeld) this.file.guard?.();
    this.facts?.prepare(this.file, this.#generations, messages);
  }

  /** Checks that the messages are still at their offsets. @throws MessagesMoved */
  #checkPlaces(): void {
    if (this.#seen === undefined) return;
    const state = stateOf(this.file.descriptor);
    if (sameState(state, this.#checked ?? this.#seen)) return;
    if (!this.#hasOnlyGrown(state)) throw new MessagesMoved(this.#path);
    this.#checked = state;
  }

  /**
   * Checks again, under the lock, that messages are still at their offsets. An earlier check may have been made while
   * another program was rewriting the file.
   *
   * @throws MessagesMoved
   */
  requireInPlace(messages: readonly number[]): void {
    const state = stateOf(this.file.descriptor);
    if (this.#seen !== undefined && sameState(state, this.#seen)) return;
    if (!this.#hasOnlyGrown(state) || !messages.every((message) => this.hasBoundaries(message)))
      throw new MessagesMoved(this.#path);
    this.#checked = state;
  }

  /** Returns whether the known messages are still at their offsets. */
  #hasOnlyGrown(state: FileState): boolean {
    // The commit will determine the messages' current offsets.
    this.#rewritten ||= state.size < this.file.covered || !this.#isAsBefore();
    return !this.#rewritten;
  }

  /** Returns whether a message still begins and ends at its indexed offsets. */
  hasBoundaries(message: number): boolean {
    const { descriptor, index } = this.file;
    if (!startsMessage(descriptor, index.start(message))) return false;
    return message === index.count || startsMessage(descriptor, index.start(message + 1));
  }

  /** Adds the messages that have arrived since the last check, and returns their number. */
  async poll(): Promise<number> {
    if (this.#seen === undefined) {
      await this.#open();
      return this.file.count;
    }
    const { descriptor } = this.file;
    if (sameState(stateOf(descriptor), this.#seen)) return 0;
    const release = await this.#lockForReading(mostWaitForNews);
    if (release === undefined) return 0;
    try {
      return await this.#takeNews(stateOf(descriptor), this.#seen);
    } finally {
      await release();
    }
  }

  /** Finds the messages for the first time. */
  async #open(): Promise<void> {
    const { descriptor } = this.file;
    const state = stateOf(descriptor);
    if (!isJustWritten(state, Date.now()) || !hasName(descriptor, this.#path)) {
      // If no program is writing to the mailbox, a lock would only make opening slower. If a write begins now, the
      // timestamps reveal it.
      await this.#takeFirst(state);
      if (sameState(stateOf(descriptor), state) || !hasName(descriptor, this.#path)) return;
    }
    const release = await this.#lockForReading(mostWaitToOpen);
    try {
      if (this.#seen === undefined) await this.#takeFirst(stateOf(descriptor));
      await this.#untilWritten();
    } finally {
      await release?.();
    }
  }

  /** @param seconds the maximum time to wait @returns undefined if another program still holds the lock for writing */
  #lockForReading(seconds: number): Promise<Release | undefined> {
    const { lockwait, signal } = this.#options;
    return lockForReading(this.#path, this.file.descriptor, Math.min(lockwait, seconds), signal);
  }

  async #takeFirst(state: FileState): Promise<void> {
    this.#takeKept(state);
    if (this.#seen === undefined) await this.#takeIn(state);
  }

  async #takeNews(state: FileState, seen: FileState): Promise<number> {
    if (sameState(state, seen) || !this.#hasOnlyGrown(state)) return 0;
    const before = this.file.count;
    await this.#takeIn(state);
    return this.file.count - before;
  }

  /**
   * Repeats the first scan until no program is rewriting the file. A scan during a rewrite could find both old and new
   * messages. If another program has only appended mail, the scan is not repeated, because the next check for new mail
   * finds this mail.
   */
  async #untilWritten(): Promise<void> {
    const { descriptor } = this.file;
    for (let tries = 0; tries < mostTries; tries++) {
      const state = stateOf(descriptor);
      if (this.#seen === undefined || sameState(state, this.#seen)) return;
      if (state.size > this.#seen.size && this.#hasOnlyGrown(state)) return;
      if (tries > 0) await sleep(pause);
      this.#startAgain();
      await this.#takeIn(stateOf(descriptor));
    }
  }

  /** Forgets all messages, because another program was rewriting the file while it was being scanned. */
  #startAgain(): void {
    this.#rewritten = false;
    this.#unproven = false;
    this.#recent = undefined;
    this.#seen = undefined;
    this.file.index = new MessageIndex();
    this.file.covered = 0;
    this.#undecided = undefined;
    this.counts.clear();
    this.#isKept = false;
    this.#generations = beginGeneration();
    this.#recentKeys.cut(0);
  }

  /**
   * Returns whether the known part of the file is unchanged. Only the messages that the session has changed, and a
   * sample of the others, are checked.
   */
  #isAsBefore(): boolean {
    const file = this.file.onDisk();
    return readLandmarks(file).equals(this.#landmarks) && areInPlace(file) && this.identities.hold(file);
  }

  /** Uses the part of an earlier session's index that is still valid. */
  #takeKept(state: FileState): void {
    const { cacheDirectory } = this.#options;
    const kept = cacheDirectory && loadIndex(cacheDirectory, this.#path, this.file.descriptor, state);
    if (!kept) return;
    this.file.index = kept.index;
    this.file.covered = kept.size;
    this.#recent = kept.recent;
    this.#generations = kept.generations;
    this.#recentKeys = kept.keys;
    this.#landmarks = readLandmarks(this.file);
    this.#isKept = kept.size === state.size && kept.recent !== undefined;
    if (this.#isKept) {
      this.#seen = state;
      this.#showsChanges = true;
    } else this.#unproven = true;
  }

  async #takeIn(state: FileState): Promise<void> {
    const looked = Date.now();
    const { index, descriptor } = this.file;
    // The last message is scanned again, because it may have been incomplete at the last check.
    const from = this.#undecided ?? Math.max(0, index.lastStart);
    const before = index.count;
    const oldEnd = this.file.covered;
    const known = index.cutOff(from);
    this.#isKept = false;
    this.facts?.cut(index.count);
    this.#recentKeys.cut(index.count);
    let undecided: number | undefined;
    try {
      ({ undecided } = await scanMessages(descriptor, from, state.size, index, this.#options));
    } catch (error) {
      index.restore(known);
      throw error;
    }
    if (known.count > 0 && this.#seen !== undefined) {
      if (!index.takeFlags(known)) {
        // Some apparent messages have turned out to be parts of a preceding message, which is now complete.
        index.restore(known);
        this.#rewritten = true;
        return;
      }
      this.#unproven = true;
      this.#recent = "changed";
    }
    this.#undecided = undecided;
    this.file.forget();
    this.counts.delete(before);
    this.file.covered = state.size;
    this.#seen = state;
    this.#showsChanges = isSettledInKernel(state, looked);
    this.#landmarks = readLandmarks(this.file);
    if (before > 0) this.#takeRest(before, oldEnd);
    if (this.#options.unnoticed !== true) this.file.hold();
    const since = stateOf(descriptor);
    if (!sameState(since, state) && !this.#hasOnlyGrown(since)) this.file.forget();
    // No index is kept for an unpacked mailbox, because its path does not lead to the temporary file.
    this.#keepable = undecided === undefined && isSettled(state, looked) && hasName(descriptor, this.#path);
  }

  /**
   * Withdraws the session's decision about a message that had been only partially delivered when it was saved or
   * edited.
   */
  #takeRest(message: number, oldEnd: number): void {
    const file = this.file;
    if (file.end(message) <= oldEnd) return;
    if (hasUnseenRest(file, message, oldEnd)) {
      file.replaced.delete(message);
      file.index.setFlags(message, file.index.flags(message) & ~decisions);
    }
    this.identities.update(file, message);
  }

  /**
   * Checks the locked file before a commit. If another program has written to it, the session's messages are searched
   * for in the new contents. The session's own numbers stay valid until `adopt` is called, because the commit may fail.
   *
   * @param descriptor the locked file to which the path now leads
   * @param trustsIndex whether an index may be used if no program has written to the file since it was last checked
   * @throws MailboxChanged if the changes cannot be merged
   */
  async lookAgain(descriptor: number, trustsIndex: boolean, signal: AbortSignal | undefined): Promise<Found> {
    const seen = trustsIndex && this.#showsChanges ? this.#seen : undefined;
    const known = { path: this.#path, file: this.file, seen, identities: this.identities };
    const found = await checkBeforeCommit(known, descriptor, signal);
    if (found.isMerged) this.#rewritten = true;
    return found;
  }

  /**
   * Adopts the file and the message numbers that `lookAgain` found. This function is called after the commit has
   * succeeded.
   */
  adopt({ numbering, isMerged, file, state, undecided }: Found): void {
    const before = this.file;
    if (file === before) return;
    if (isMerged) this.identities = this.identities.renumber(file.count, numbering.known);
    this.#undecided = undecided;
    this.#keepable &&= undecided === undefined;
    this.file = file;
    this.#isKept = false;
    this.#generations = beginGeneration();
    this.facts?.discard();
    this.#recentKeys.cut(0);
    this.#seen = state;
    this.#showsChanges = false;
    this.#checked = undefined;
    this.#recent = undefined;
    this.#unproven = false;
    this.#rewritten = false;
    this.#landmarks = readLandmarks(file);
    if (file.descriptor !== before.descriptor) before.close();
  }

  /**
   * Forgets the stored facts about the messages that a commit rewrites.
   *
   * @param unchanged the number of messages before the first rewritten one
   */
  beginRewrite(unchanged: number): void {
    this.#isKept = false;
    this.facts?.cut(unchanged);
    this.#recentKeys.cut(unchanged);
  }

  /** Adopts the new index after a commit has rewritten the file. */
  endRewrite(index: MessageIndex, unchanged: number): void {
    const file = this.file;
    file.index = index;
    this.#generations = beginGeneration(this.#generations, unchanged);
    this.#recent = undefined;
    // The session's decisions have been carried out.
    this.identities = new Identities();
    // After editing, a message's text may contain several messages.
    this.#keepable = file.replaced.size === 0 && this.#undecided === undefined;
    // The undecided message may have moved, so the next scan begins at the start of the file.
    if (this.#undecided !== undefined) this.#undecided = 0;
    this.#seen = stateOf(file.descriptor);
    this.#showsChanges = false;
    file.covered = this.#seen.size;
    this.#landmarks = readLandmarks(file);
  }

  /** Returns a message's key, which is kept if the message is one of the newest. @param compute returns the key */
  messageKey(message: number, compute: () => string): string {
    if (this.file.replaced.has(message)) return compute();
    const known = this.#recentKeys.find(message);
    if (known !== undefined) return known;
    const key = this.facts?.messageKey(message, compute) ?? compute();
    this.#recentKeys.add(message, key, this.file.count);
    return key;
  }

  /** Saves the index and the facts for a later session if they are reliable, and closes the file. */
  close(): void {
    const { cacheDirectory } = this.#options;
    if (!this.#rewritten && this.#seen !== undefined && cacheDirectory !== undefined) {
      const { descriptor, index } = this.file;
      if (this.#keepable || (this.#isKept && this.#recentKeys.hasChanged && sameState(stateOf(descriptor), this.#seen)))
        saveIndex(
          cacheDirectory,
          this.#path,
          descriptor,
          this.#seen,
          index,
          this.#generations,
          this.#recentKeys,
          this.#recent,
        );
      if (this.#keepable || this.#isKept) this.facts?.save(this.#seen, this.#generations);
    }
    this.facts?.close();
    this.file.close();
  }
}
