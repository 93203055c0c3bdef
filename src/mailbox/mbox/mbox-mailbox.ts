import { closeSync, constants, fstatSync, openSync, rmSync, statSync } from "node:fs";
import { Exit, MailError } from "../../errors.ts";
import { isSystemError, named } from "../../system-error.ts";
import { separator } from "../append.ts";
import { MailboxChanged } from "../errors.ts";
import { lockFile } from "../lock/lock-file.ts";
import type { Release } from "../lock/wait.ts";
import { hasName, type LockedFile, openLocked } from "../locked-file.ts";
import {
  type CommitPlan,
  type CommitResult,
  type Counts,
  type Fate,
  Flag,
  type FlagTally,
  type Mailbox,
  type MessagePiece,
} from "../mailbox.ts";
import { meansMaildir } from "../maildir/directory.ts";
import type { MailboxOptions } from "../options.ts";
import { apply } from "./apply.ts";
import { countsOf } from "./counts.ts";
import { type FileState, sameState, stateOf } from "./file-state.ts";
import { identityOf } from "./identity.ts";
import { loadIndex, type Recent, saveIndex, startsMessage } from "./index-file.ts";
import { Journal, type Plan } from "./journal.ts";
import { MboxFile } from "./mbox-file.ts";
import { messageHeaders, wholeMessages } from "./message-pieces.ts";
import { hasSwallowed, isGrown, mostRemembered, reconcile } from "./reconcile.ts";
import { finishLocked } from "./replay.ts";
import { framesForMaildir, messagesForMbox, NewTail, type Outcome, offsetOf, outcomeOf } from "./rewrite.ts";
import { scan } from "./scan.ts";

/** Marks that decide what becomes of a message, or tell that the user has dealt with it. */
const decisions = Flag.Touched | Flag.Deleted | Flag.Saved | Flag.Preserved | Flag.ToMbox;

/** A window of header lines is shown again and again; a list of all is not. */
const mostCounts = 2000;
/** A file written so shortly before it was looked at may be written again without its times telling. */
const settled = 100;

/** Who is who at the commit. */
interface Numbering {
  /** The number in the session of a message; 0 for one that the session has not dealt with. */
  readonly known: (message: number) => number;
  readonly arrived: number;
  readonly notice?: string;
}

export class MboxMailbox implements Mailbox {
  readonly path: string;
  readonly readOnly: boolean;
  readonly #options: MailboxOptions;
  readonly #counts = new Map<number, Counts>();
  #file: MboxFile;
  /** What the file was when last looked at. */
  #seen: FileState | undefined;
  /** What the messages are that the session has dealt with; of at most so many. */
  readonly #identities = new Map<number, string>();
  #forgotten = false;
  /** The index is of an earlier session, and the file has grown since. */
  #unproven = false;
  /** What an earlier session knew of the file's end. */
  #recent: Recent | undefined;
  /** The index is worth keeping for a later session. */
  #keepable = false;

  constructor(path: string, descriptor: number, readOnly: boolean, options: MailboxOptions) {
    this.path = path;
    this.readOnly = readOnly;
    this.#file = new MboxFile(descriptor);
    this.#options = options;
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
    if ((set & decisions) !== 0 && !this.#identities.has(message)) this.#remember(message);
    index.setFlags(message, (index.flags(message) & ~clear) | set);
  }

  /** So that the message is found again when another program has moved it. */
  #remember(message: number): void {
    if (this.readOnly || this.#file.replaced.has(message)) return;
    if (this.#identities.size < mostRemembered) this.#identities.set(message, identityOf(this.#file, message));
    else this.#forgotten = true;
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

  pieces(messages: readonly number[], part: "whole" | "header"): Iterable<MessagePiece> {
    return part === "whole" ? wholeMessages(this.#file, messages) : messageHeaders(this.#file, messages);
  }

  offset(message: number): number {
    return this.#file.start(message);
  }

  counts(message: number): Counts {
    let counts = this.#counts.get(message);
    if (counts === undefined) {
      counts = countsOf(this.#file.pieces(message));
      if (this.#counts.size < mostCounts) this.#counts.set(message, counts);
    }
    return counts;
  }

  replace(message: number, bytes: Buffer): void {
    this.mark(message, Flag.Touched);
    this.#file.replaced.set(message, bytes);
    this.#counts.delete(message);
    this.mark(message, Flag.StatusChanged);
  }

  async poll(): Promise<number> {
    const state = stateOf(this.#file.descriptor);
    if (this.#seen === undefined) this.#takeKept(state);
    else if (sameState(state, this.#seen) || state.size < this.#file.covered) return 0;
    const before = this.#seen === undefined ? 0 : this.count;
    if (this.#seen === undefined || !sameState(state, this.#seen)) await this.#takeIn(state);
    return this.count - before;
  }

  /** The index of an earlier session, as far as it goes. */
  #takeKept(state: FileState): void {
    const { cacheDirectory } = this.#options;
    const kept = cacheDirectory && loadIndex(cacheDirectory, this.path, this.#file.descriptor, state);
    if (!kept) return;
    this.#file.index = kept.index;
    this.#file.covered = kept.size;
    this.#recent = kept.recent;
    if (kept.size === state.size) this.#seen = state;
    else this.#unproven = true;
  }

  async #takeIn(state: FileState): Promise<void> {
    this.#file.forget();
    this.#counts.delete(this.count);
    const { index } = this.#file;
    // The last message once more: what came may be the rest of it, half delivered when we looked.
    const from = Math.max(0, index.lastStart);
    const again = index.count;
    const flags = again > 0 ? index.flags(again) : 0;
    if (again > 0) index.removeLast();
    const { descriptor } = this.#file;
    await scan(descriptor, from, state.size, index, this.#options);
    if (again > 0 && index.count >= again && this.#seen !== undefined) index.setFlags(again, flags);
    this.#file.covered = state.size;
    this.#seen = state;
    // Of a copy that was unpacked there is nothing to keep.
    this.#keepable = Date.now() - Number(state.mtime / 1_000_000n) > settled && hasName(descriptor, this.path);
  }

  async commit(plan: CommitPlan): Promise<CommitResult> {
    if (this.readOnly) throw new MailError(`${this.path}: Read-only; nothing was changed`, Exit.NoPerm);
    const { descriptor, release } = await this.#lock(plan.signal);
    try {
      await finishLocked(this.path, this.#options.stateDirectory, descriptor, this.#options.lockwait);
      let { numbering, outcome } = await this.#decide(descriptor, plan);
      if (this.#unproven && !this.#isInPlace(outcome)) {
        this.#seen = undefined;
        ({ numbering, outcome } = await this.#decide(descriptor, plan));
      }
      // From here on it is done, whatever happens.
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
      await release();
    }
  }

  close(): void {
    const { cacheDirectory } = this.#options;
    if (this.#keepable && this.#seen !== undefined && cacheDirectory !== undefined)
      saveIndex(cacheDirectory, this.path, this.#file.descriptor, this.#seen, this.#file.index, this.#recent);
    this.#file.close();
  }

  /** Locks the file that has the name now, which need not be the one that was opened. */
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
        throw named(this.path, error);
      }
    }
  }

  async #decide(descriptor: number, plan: CommitPlan): Promise<{ numbering: Numbering; outcome: Outcome }> {
    const numbering = await this.#lookAgain(descriptor, plan.signal);
    const toItself = plan.mbox !== undefined && isSameFile(plan.mbox.path, descriptor);
    const fate = (message: number): Fate | "as-is" => {
      const known = numbering.known(message);
      if (known === 0) return "as-is";
      const decided = plan.fate(known);
      return decided === "mbox" && toItself ? "keep" : decided;
    };
    return { numbering, outcome: outcomeOf(this.#file, fate) };
  }

  /** Under the lock: is this still the file that we know? @throws MailboxChanged when it is another and can't be merged */
  async #lookAgain(descriptor: number, signal: AbortSignal | undefined): Promise<Numbering> {
    const before = this.#file;
    const state = stateOf(descriptor);
    const ours = descriptor === before.descriptor;
    if (ours && this.#seen !== undefined && sameState(state, this.#seen))
      return { known: (message) => message, arrived: 0 };
    before.forget();
    const now = new MboxFile(descriptor);
    await scan(descriptor, 0, state.size, now.index, { signal });
    now.covered = state.size;
    const known = before.count;
    if (ours && isGrown(before, now, this.#identities)) {
      for (let message = 1; message <= known; message++) now.index.setFlags(message, before.index.flags(message));
      for (const [message, bytes] of before.replaced) now.replaced.set(message, bytes);
      const hasGrown = known > 0 && now.end(known) > before.end(known);
      const isOpen = hasGrown && (before.replaced.has(known) || hasSwallowed(now, known, before.end(known)));
      if (isOpen) now.replaced.delete(known);
      this.#become(now, state);
      const last = isOpen ? known - 1 : known;
      return { known: (message) => (message <= last ? message : 0), arrived: now.count - known };
    }
    const found = this.#forgotten ? undefined : reconcile(before, now, this.#identities);
    if (found === undefined) {
      if (!ours) now.close();
      throw new MailboxChanged(this.path);
    }
    for (const [at, old] of found.known.entries()) if (old > 0) now.index.setFlags(at + 1, before.index.flags(old));
    this.#become(now, state);
    if (!ours) before.close();
    const gone = found.gone > 0 ? `; messages that are gone and were dealt with here: ${found.gone}` : "";
    return {
      known: (message) => found.known[message - 1] ?? 0,
      arrived: 0,
      notice: `${this.path}: changed by another program during the session; the changes made here were merged${gone}`,
    };
  }

  #become(file: MboxFile, state: FileState): void {
    this.#file = file;
    this.#seen = state;
    this.#recent = undefined;
    this.#unproven = false;
  }

  /** Whether the messages that change begin and end where the index of an earlier session says. */
  #isInPlace({ changes }: Outcome): boolean {
    const { descriptor, index } = this.#file;
    for (let message = 1; message <= changes.length; message++) {
      if (changes[message - 1] === 0) continue;
      if (!startsMessage(descriptor, index.start(message))) return false;
      if (message < index.count && !startsMessage(descriptor, index.start(message + 1))) return false;
    }
    return true;
  }

  async #write(outcome: Outcome, plan: CommitPlan): Promise<void> {
    const to = outcome.moved.length === 0 ? undefined : plan.mbox;
    if (to === undefined || meansMaildir(to.path)) {
      const messages = to === undefined ? [] : framesForMaildir(this.#file, outcome.moved);
      const work = to === undefined ? null : ({ path: to.path, at: "maildir", oldSize: -1 } as const);
      return this.#journalled(outcome, work, messages, undefined);
    }
    let mbox: LockedFile;
    try {
      mbox = await openLocked(to.path, this.#options.lockwait);
    } catch (error) {
      throw named(to.path, error);
    }
    try {
      const { size } = fstatSync(mbox.descriptor);
      const between = to.at === "end" ? separator(mbox.descriptor, size) : Buffer.alloc(0);
      const work = { path: to.path, at: to.at, oldSize: mbox.created ? -1 : size };
      await this.#journalled(
        outcome,
        work,
        messagesForMbox(this.#file, outcome.moved, between, to.keepField),
        mbox.descriptor,
      );
    } catch (error) {
      if (mbox.created && fstatSync(mbox.descriptor).size === 0) rmSync(to.path, { force: true });
      throw error;
    } finally {
      await mbox.release();
    }
  }

  async #journalled(
    outcome: Outcome,
    mbox: Plan["mbox"],
    forMbox: Iterable<Uint8Array>,
    mboxDescriptor: number | undefined,
  ): Promise<void> {
    const file = this.#file;
    const { descriptor, covered } = file;
    const { dev, ino } = fstatSync(descriptor);
    const offset = offsetOf(file, outcome.firstChanged);
    const tail = new NewTail(file, outcome, offset);
    const half = covered - offset;
    const { onProgress, stateDirectory } = this.#options;
    const journal = Journal.write(
      stateDirectory,
      { path: this.path, dev, ino, oldSize: covered, offset, mbox },
      descriptor,
      tail.pieces(),
      forMbox,
      (bytes) => onProgress?.(Math.min(bytes, half), 2 * half),
    );
    await apply(journal, descriptor, mboxDescriptor, (bytes) => onProgress?.(half + bytes, 2 * half));
    file.forget();
    this.#recent = undefined;
    // An edited message may have become several.
    this.#keepable = file.replaced.size === 0;
    this.#seen = stateOf(descriptor);
    file.index = tail.index;
    file.covered = this.#seen.size;
  }
}

function isSameFile(path: string, descriptor: number): boolean {
  const named = statSync(path, { throwIfNoEntry: false });
  const { dev, ino } = fstatSync(descriptor);
  return named?.ino === ino && named.dev === dev;
}
