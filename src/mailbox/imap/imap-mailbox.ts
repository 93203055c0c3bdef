/**
 * Implements a mailbox on an IMAP server. When it is opened, only the states of its messages are loaded. A message's
 * bytes are loaded when a window with that message is opened.
 */
import { Exit, MailError } from "../../errors.ts";
import type { ListFacts } from "../list-facts.ts";
import {
  type ByteRange,
  type CommitPlan,
  type CommitResult,
  Flag,
  type Mailbox,
  type MailboxOptions,
  type MessageNeed,
  type MessageWindow,
  type Transferred,
} from "../mailbox.ts";
import { MessageUnreadable, makeSubstituteHeader } from "../mailbox-errors.ts";
import type { ServerAccess, ServerAddress } from "../server-access.ts";
import { areInSameAccount, formatServerAddress, parseServerAddress } from "../server-address.ts";
import type { ServerTerm } from "../server-term.ts";
import { commitFolder, expungeMessages, storeFlags } from "./commit-folder.ts";
import { confirmIdentity } from "./confirm-identity.ts";
import { type CachedState, FolderCache } from "./folder-cache.ts";
import { FolderSession } from "./folder-session.ts";
import type { ImapConnection } from "./imap-connection.ts";
import { ImapFailed } from "./imap-failure.ts";
import { type Loading, loadMessages } from "./load-messages.ts";
import { loadOmittedParts } from "./load-omitted.ts";
import { loadAllStates, loadStatesOf, updateStates } from "./load-states.ts";
import { LoadedMessages } from "./loaded-messages.ts";
import { LoadedWindow } from "./loaded-window.ts";
import { findAccess } from "./open-connection.ts";
import { makeSearchKeys } from "./search-keys.ts";
import { bitsOfFlags, lettersOfBits } from "./server-flags.ts";
import { copyOnServer, moveOnServer, requireMessages } from "./transfer-messages.ts";
import { keyOfUid } from "./uid-set.ts";
import { UidTable } from "./uid-table.ts";

/** Maximum number of messages in a window if only their facts are loaded. */
const mostFacts = 5000;
/** Maximum number of messages in a window if only their headers are loaded. */
const mostHeaders = 500;
/** Maximum numbers of messages and of bytes in any other window. */
const mostMessages = 100;
const mostBytes = 16 << 20;
/**
 * The server is asked to search only if there are at least this many messages. For fewer messages, loading the headers
 * is just as fast.
 */
const fewMessages = 20;

/**
 * Opens a folder.
 *
 * @param name its address (server-address.ts)
 * @throws ImapFailed, MailError for an invalid address or setting, or the reason of `options.signal`
 */
export async function openImapMailbox(name: string, options: MailboxOptions): Promise<Mailbox> {
  const { address: typed, access, user } = await findAccess(name, options.accessServer);
  const address = { ...typed, user, folder: typed.folder === "" ? "INBOX" : typed.folder };
  const mailbox = new ImapMailbox(address, access, options);
  try {
    await mailbox.open();
    return mailbox;
  } catch (error) {
    await mailbox.close();
    options.signal?.throwIfAborted();
    throw error;
  }
}

class ImapMailbox implements Mailbox {
  readonly isKeyedByContent = false;
  readonly #options: MailboxOptions;
  readonly #session: FolderSession;
  readonly #table = new UidTable();
  /** The number of messages that the session can see. Messages with higher numbers have arrived since the last poll. */
  #count = 0;
  readonly #cache: FolderCache;
  readonly #loaded = new LoadedMessages();
  readonly #replaced = new Map<number, Buffer>();
  /** The messages that this session has deleted. Messages that other clients have marked as deleted are not removed. */
  readonly #deleted = new Set<number>();
  #openWindows = 0;
  #isCommitting = false;
  /** Stops the current read-only task; undefined if there is no such task. */
  #stopReading: ((reason: Error) => void) | undefined;
  #uidValidity = 0;
  #readOnly: boolean;
  /** Whether the cache already contains the folder's current state. */
  #isStateStored = false;
  /** The number of messages in the folder, as the server last reported it. */
  #exists = 0;
  #state: CachedState = { uidValidity: 0, modSeq: 0n, lastListed: 0 };
  /** Whether all UIDs and flags must be requested again, because the server may have reported changes without UIDs. */
  #hasUnknownChanges = false;

  constructor(address: ServerAddress, access: ServerAccess, options: MailboxOptions) {
    this.#options = options;
    this.#readOnly = options.readOnly === true;
    this.#cache = new FolderCache(options.cacheDirectory, formatServerAddress(address));
    this.#session = new FolderSession({
      address,
      access,
      readOnly: this.#readOnly,
      signal: options.signal,
      onReconnect: ({ exists }) => {
        this.#exists = exists;
        this.#hasUnknownChanges = true;
      },
      listener: {
        onExists: (count) => {
          this.#exists = count;
        },
        onExpunge: () => {
          this.#exists = Math.max(0, this.#exists - 1);
          this.#hasUnknownChanges = true;
        },
        onVanished: (ranges, isEarlier) => {
          const before = this.#table.present;
          this.#table.removeRanges(ranges);
          if (!isEarlier) this.#exists -= before - this.#table.present;
        },
        onFlags: ({ uid, flags }) => {
          const message = uid === undefined ? undefined : this.#table.numberOf(uid);
          if (uid === undefined) this.#hasUnknownChanges = true;
          else if (message !== undefined && flags !== undefined) this.#table.update(message, bitsOfFlags(flags));
        },
      },
    });
  }

  /**
   * Connects and loads the states of all messages. If an earlier session has stored the states, the server needs to
   * report only the changes.
   */
  async open(): Promise<void> {
    const cached = this.#cache.loadStates(this.#table);
    const { uidValidity, exists, readOnly, highestModSeq } = await this.#session.open(
      cached !== undefined && cached.modSeq > 0n ? cached : undefined,
    );
    const isKnown = cached?.uidValidity === uidValidity && cached.modSeq > 0n && highestModSeq !== undefined;
    const isCurrent = isKnown && this.#session.hasResync;
    if (isCurrent) this.#table.dropGone();
    else if (!isKnown) this.#table.clear();
    this.#uidValidity = uidValidity;
    this.#exists = exists;
    this.#readOnly ||= readOnly;
    this.#cache.openFacts(uidValidity);
    this.#state = {
      uidValidity,
      modSeq: highestModSeq ?? 0n,
      lastListed: cached?.uidValidity === uidValidity ? cached.lastListed : 0,
    };
    await this.#session.run(async (connection) => {
      if (isKnown && !isCurrent) await updateStates(connection, this.#table, cached.modSeq);
      if (isKnown) await this.#addArrived(connection);
      if (this.#table.present !== this.#exists) {
        this.#table.clear();
        if (this.#exists > 0) await loadAllStates(connection, this.#table);
      }
      await this.#addArrived(connection);
    });
    this.#count = this.#table.count;
    this.#table.markNew(this.#state.lastListed);
    this.#isStateStored = isCurrent && cached.modSeq === highestModSeq;
    this.#exists = this.#table.present;
  }

  get path(): string {
    return this.#session.name;
  }

  get readOnly(): boolean {
    return this.#readOnly;
  }

  get count(): number {
    return this.#count;
  }

  flags(message: number): number {
    return this.#table.state(message);
  }

  mark(message: number, set: number, clear = 0): void {
    if ((set & Flag.Deleted) !== 0) this.#deleted.add(message);
    if ((clear & Flag.Deleted) !== 0) this.#deleted.delete(message);
    this.#table.setState(message, (this.#table.state(message) & ~clear) | set);
  }

  letters(message: number): string {
    return lettersOfBits(this.#table.bits(message));
  }

  key(message: number): string {
    return keyOfUid(this.#uidValidity, this.#table.uid(message));
  }

  /** Returns the facts to show about a message in lists; undefined if these facts have never been loaded. */
  facts(message: number): ListFacts | undefined {
    return this.#cache.findListFacts(this.#table.uid(message));
  }

  /** Returns a header that contains the known facts, or a header that reports that the message is gone. */
  makeHeader(message: number): Buffer {
    const known = this.isGone(message) ? undefined : this.#cache.makeHeader(this.#table.uid(message));
    return known ?? makeSubstituteHeader(new MessageUnreadable(message, undefined));
  }

  async *openMessages(messages: readonly number[], need: MessageNeed): AsyncIterable<MessageWindow> {
    for (let from = 0; from < messages.length; ) {
      const to = this.#endOfWindow(messages, from, need);
      const some = messages.slice(from, to);
      if (this.#openWindows === 0) this.#loaded.makeRoom();
      await this.#load(some, need);
      this.#openWindows++;
      try {
        yield { messages: some, stored: new LoadedWindow(this, this.#loaded, this.#replaced, need) };
      } finally {
        this.#openWindows--;
      }
      from = to;
    }
  }

  async narrow(messages: readonly number[], term: ServerTerm): Promise<readonly number[]> {
    if (messages.length < fewMessages) return messages;
    const found = await this.#runReading(async (connection) => {
      // Gmail searches for whole words, so its results would be incomplete.
      const keys = makeSearchKeys(term, connection.can("X-GM-EXT-1"));
      if (keys === undefined) return undefined;
      return connection.search(...keys).catch((error: unknown) => {
        if (error instanceof ImapFailed && error.reason === "refused") return undefined;
        throw error;
      });
    });
    if (found === undefined) return messages;
    const uids = new Set(found);
    return messages.filter((message) => uids.has(this.#table.uid(message)));
  }

  async sortBySize(isDescending: boolean): Promise<readonly number[] | undefined> {
    if (this.#replaced.size > 0) return undefined;
    const found = await this.#session.run(async (connection) =>
      connection.can("SORT") ? connection.sort(isDescending ? ["REVERSE", "SIZE"] : ["SIZE"]) : undefined,
    );
    // The result is used only if it contains exactly the session's messages. Mail may have arrived, and other clients
    // may have removed messages.
    const numbers = found?.flatMap((uid) => this.#table.numberOf(uid) ?? []);
    const sorted = new Set(numbers?.filter((message) => message <= this.#count));
    const isComplete = sorted.size === this.#count && found !== undefined;
    return isComplete ? [...sorted] : undefined;
  }

  replace(message: number, bytes: Buffer): void {
    this.#replaced.set(message, bytes);
    this.mark(message, Flag.StatusChanged);
  }

  async poll(): Promise<number> {
    await this.findGone();
    return this.#showArrived();
  }

  async findGone(): Promise<void> {
    await this.#session.run(async (connection) => {
      await connection.noop();
      if (this.#hasUnknownChanges) {
        this.#hasUnknownChanges = false;
        const { lastUid } = this.#table;
        await loadAllStates(connection, this.#table);
        this.#table.markNew(lastUid);
      } else await this.#addArrived(connection);
      this.#exists = this.#table.present;
    });
  }

  /** Makes newly arrived messages visible to the session. @returns the number of these messages */
  #showArrived(): number {
    const before = this.#count;
    this.#count = this.#table.count;
    return this.#count - before;
  }

  /** Adds newly arrived messages to the table. */
  async #addArrived(connection: ImapConnection): Promise<void> {
    // The server may report more messages during this loop, and it reports each of them only once.
    for (let seen = -1; this.#exists > this.#table.present && this.#exists !== seen; ) {
      seen = this.#exists;
      const found = await connection.search({ word: "UID" }, { set: `${this.#table.lastUid + 1}:*` });
      await loadStatesOf(connection, this.#table, found);
    }
  }

  async commit(plan: CommitPlan): Promise<CommitResult> {
    this.#isCommitting = true;
    try {
      return await this.#commit(plan);
    } finally {
      this.#isCommitting = false;
    }
  }

  async #commit(plan: CommitPlan): Promise<CommitResult> {
    if (this.#readOnly) throw new MailError(`${this.path}: Read-only; nothing was changed`, Exit.NoPerm);
    const known = this.count;
    plan.signal?.throwIfAborted();
    await this.findGone();
    plan.signal?.throwIfAborted();
    const outcome = await commitFolder(
      {
        mailbox: this,
        session: this.#session,
        table: this.#table,
        cache: this.#cache,
        known,
        replaced: this.#replaced,
        deleted: this.#deleted,
      },
      plan,
      this.#options,
    );
    const arrived = this.#showArrived();
    this.#isStateStored = false;
    // If `plan.required` is set, the commit changes only the messages in that list. The other messages have not
    // appeared in any list. Mail that arrived during the commit has not appeared in any list, either.
    if (plan.required === undefined)
      this.#state = { ...this.#state, lastListed: known === 0 ? 0 : this.#table.uid(known) };
    return { ...outcome, arrived, empty: this.#table.present === 0 };
  }

  async close(): Promise<void> {
    this.#loaded.close();
    if (this.#uidValidity > 0) {
      if (!this.#isStateStored) this.#cache.saveStates(this.#table, this.#state);
      this.#cache.close(this.#uidValidity, this.#table.present);
    }
    await this.#session.close();
  }

  async transfer(
    messages: readonly number[],
    destination: string,
    how: "copy" | "move",
  ): Promise<Transferred | undefined> {
    if (!areInSameAccount(this.path, destination)) return undefined;
    const folder = parseServerAddress(destination).folder || "INBOX";
    const opened = { session: this.#session, table: this.#table };
    await requireMessages(opened, messages);
    if (how === "copy") return { created: await copyOnServer(opened, messages, folder) };
    if (this.#readOnly) throw new MailError(`${this.path}: Read-only; nothing was moved`, Exit.NoPerm);
    const inOrder = [...messages].sort((a, b) => a - b);
    await confirmIdentity(opened, this.#cache, inOrder);
    // Flags that this session has changed are stored first, so that the messages have them in their new folder, too.
    await storeFlags(opened, messages);
    return moveOnServer(opened, messages, folder, () => expungeMessages(opened, inOrder));
  }

  countReported(): number {
    this.#session.watch();
    return this.#exists;
  }

  stopLoading(reason: Error): void {
    this.#stopReading?.(reason);
    this.#session.stopTask();
  }

  /** Runs a task that only reads, and that `stopLoading` may stop. The next task connects again. */
  async #runReading<T>(task: (connection: ImapConnection) => Promise<T>): Promise<T> {
    let stopped: Error | undefined;
    try {
      return await this.#session.run((connection) => {
        this.#stopReading = (reason) => {
          if (this.#isCommitting) return;
          stopped ??= reason;
          connection.destroy();
        };
        return task(connection).catch((error: unknown) => {
          throw stopped ?? error;
        });
      });
    } finally {
      this.#stopReading = undefined;
    }
  }

  /** Returns whether a message no longer exists on the server. */
  isGone(message: number): boolean {
    return this.#table.isGone(message);
  }

  /** Returns a message's size as the server reports it, with CRLF newlines; 0 if it is unknown. */
  serverSize(message: number): number {
    return this.#cache.find(this.#table.uid(message))?.size ?? 0;
  }

  /** Loads omitted parts of a message. @returns whether a part was loaded */
  loadOmitted(message: number, ranges: readonly ByteRange[]): Promise<boolean> {
    return this.#runReading((connection) => loadOmittedParts(this.#loadingOn(connection), message, ranges));
  }

  #loadingOn(connection: ImapConnection): Loading {
    return { connection, table: this.#table, cache: this.#cache, loaded: this.#loaded };
  }

  /** Returns the index after the last message of the window that begins at index `from`. */
  #endOfWindow(messages: readonly number[], from: number, need: MessageNeed): number {
    if (need === "facts") return Math.min(messages.length, from + mostFacts);
    if (need === "header") return Math.min(messages.length, from + mostHeaders);
    let bytes = 0;
    let to = from;
    while (to < messages.length && to - from < mostMessages && (to === from || bytes < mostBytes)) {
      bytes += this.#cache.find(this.#table.uid(messages[to] as number))?.size ?? mostBytes / mostMessages;
      to++;
    }
    return to;
  }

  /** Loads the given messages, except for those that are already loaded. */
  async #load(messages: readonly number[], need: MessageNeed): Promise<void> {
    const wanted = messages.filter(
      (message) =>
        !this.#replaced.has(message) &&
        !this.isGone(message) &&
        this.#loaded.find(message, need) === undefined &&
        (need !== "facts" || !this.#cache.hasPlainFacts(this.#table.uid(message))),
    );
    if (wanted.length === 0) return;
    await this.#runReading((connection) => loadMessages(this.#loadingOn(connection), wanted, need));
  }
}
