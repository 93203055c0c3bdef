/**
 * Defines a session's view of a mailbox of any format: its numbered messages as bytes, their states, and a single
 * commit.
 *
 * Messages are numbered from 1. Message bytes are not decoded at this level.
 */

import type { FactTable, ListFacts } from "./list-facts.ts";
import type { AccessServer } from "./server-access.ts";
import type { ServerTerm } from "./server-term.ts";

/**
 * A message's state, as bits. When the mailbox is opened, New and Read are set according to the Status fields. The
 * session sets the other bits.
 */
export const Flag = {
  /**
   * When the mailbox was opened, the message's Status field had no O, so the message had not appeared in any header
   * list. Reading the message does not clear this bit.
   */
  New: 1 << 0,
  /** The message's Status field contained an R, or the message was read in this session. */
  Read: 1 << 1,
  /** Displayed, saved or marked in this session, so `quit` moves it to mbox. */
  Touched: 1 << 2,
  Deleted: 1 << 3,
  /** Saved or written to a file in this session. */
  Saved: 1 << 4,
  /** Marked by `hold`: stays in the system mailbox. */
  Preserved: 1 << 5,
  /** Marked by `mbox` or `touch`: moved to mbox. */
  ToMbox: 1 << 6,
  /** Marked as read, unread or deleted in this session: its Status in the file may be out of date. */
  StatusChanged: 1 << 7,
  /** Marks that were set or removed in this session (marks.ts). Setting one of these bits clears its counterpart. */
  Flagged: 1 << 8,
  Unflagged: 1 << 9,
  Answered: 1 << 10,
  Unanswered: 1 << 11,
  Draft: 1 << 12,
  NotDraft: 1 << 13,
  /** Forwarded in this session. This mark cannot be removed. */
  Forwarded: 1 << 14,
} as const;

/** Consecutive messages with the same flags. */
export interface FlagTally {
  readonly flags: number;
  readonly count: number;
  /** The number of the first message. */
  readonly first: number;
}

export interface Counts {
  /**
   * Number of lines as stored, including the From_ line and the final empty line; undefined if the message is on a
   * server and has not been loaded.
   */
  readonly lines: number | undefined;
  /** Number of bytes as stored, without the CRs of CRLF newlines. */
  readonly characters: number;
}

/**
 * The fate of a message at the end of a session: it stays and is no longer new ("keep"), is removed ("drop"), or is
 * moved to mbox. A message with the fate "as-is" stays, and not even its Status changes.
 */
export type Fate = "keep" | "drop" | "mbox" | "as-is";

export interface CommitPlan {
  /**
   * Returns the fate of a message. The message's number, flags and contents are those of the session, even if another
   * program has moved the message.
   */
  readonly fate: (message: number) => Fate;
  /** The mailbox to which messages with the fate "mbox" are added. A missing file is created with mode 0600. */
  readonly mbox?: {
    readonly path: string;
    readonly at: "start" | "end";
    /** Returns whether a header field is copied. Without this function, all fields are copied. */
    readonly keepField?: ((lowerName: string) => boolean) | undefined;
  };
  /**
   * Messages that must still be in the mailbox once it is locked. If a required message is missing, nothing is changed.
   */
  readonly required?: readonly number[];
  /** Aborts the commit if nothing has been written yet. The error is the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface CommitResult {
  /**
   * Number of messages that were delivered during the session, were found after the lock had been acquired, and were
   * kept.
   */
  readonly arrived: number;
  /** Whether the mailbox has no messages left. */
  readonly empty: boolean;
  /** Number of messages moved to mbox. */
  readonly moved?: number;
  /** Number of the session's messages that stayed. */
  readonly held?: number;
  /**
   * A notice for the user if another program changed the mailbox. The notice describes the change and how it was
   * resolved.
   */
  readonly notice?: string;
}

export interface MessagePiece {
  readonly message: number;
  /** The piece's offset in the stored message. The message's From_ line is at offset 0. */
  readonly at: number;
  /** Valid only until the next piece is requested, because the memory is reused. */
  readonly bytes: Buffer;
}

/** Messages that follow each other, both in a list of messages and in memory. */
export interface MessageRun {
  readonly messages: readonly number[];
  /**
   * The messages' bytes; undefined if the run is a single message that is too large to be loaded or is stored
   * elsewhere. The bytes are valid only until the next run is requested, because the memory is reused.
   */
  readonly bytes: Buffer | undefined;
  /** The offset in `bytes` at which each message ends. */
  readonly ends: readonly number[];
}

/** Messages to be copied under a lock. */
export interface LockedCopy {
  readonly messages: readonly number[];
  /** The path of the file to which the messages are appended. */
  readonly target: string;
  /** Aborts the wait for the lock; the error is the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The part of each message that a task reads. "facts" means its ListFacts, or its header if they are unknown. "text"
 * means the text that is displayed, and "whole" means all bytes.
 */
export type MessageNeed = "facts" | "header" | "text" | "whole";

/** The state of each message, which can be read without opening a window. */
export interface MessageStates {
  /** Returns bits of Flag. */
  flags(message: number): number;
  /**
   * Returns a message's stored flags, including those that other clients have set, as letters of a Maildir file name. A
   * format that stores flags in the header lacks this method.
   */
  letters?(message: number): string;
  /**
   * Returns the facts that are known about a message; undefined if none is known and the message must be read. A format
   * that keeps no facts lacks this method.
   */
  facts?(message: number): ListFacts | undefined;
  /**
   * Returns a key that identifies a message as long as it is in the mailbox. In an mbox, the key is a hash of the
   * message's content (message-key.ts), so identical copies have the same key. In a Maildir, the key is the unique part
   * of the file's name.
   *
   * @param bytes the stored message, if the caller has already read it
   */
  key(message: number, bytes?: Buffer): string;
}

/** A range of bytes, from `start` (inclusive) to `end` (exclusive). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The keys by which messages are ranked for alphabetical sorting. */
export type RankedKey = "from" | "subject";

/** The rank of a message that has not been ranked. */
export const unknownRank = 0xffff_ffff;

/** Messages whose bytes can be read. Callers obtain this object by opening a window (MessageWindow). */
export interface StoredMessages extends MessageStates {
  /** Returns the stored message's size in bytes, including its From_ line. */
  size(message: number): number;
  /**
   * Returns the From_ line and the header, as stored, including the empty line that ends the header. An overlong header
   * is truncated (header-bytes.ts).
   */
  header(message: number): Buffer;
  /** Returns bytes `start` (inclusive) to `end` (exclusive) of the stored message, counted from its From_ line. */
  read(message: number, start: number, end: number): Buffer;
  /**
   * Returns the same bytes as `read`. The bytes are valid only until the mailbox is read again, because the memory is
   * reused. If a format does not store messages in one file, it lacks this method.
   */
  readBriefly?(message: number, start: number, end: number): Buffer;
  /**
   * Yields complete messages or only their headers, using large reads in file order. If a format does not store
   * messages in one file, it lacks this method, and `messagePieces` reads the messages one at a time. A message is a
   * single piece unless it is longer than 8 MiB.
   *
   * @param messages in ascending order
   */
  pieces?(messages: readonly number[], part: "whole" | "header"): Iterable<MessagePiece>;
  /**
   * Yields all of the given messages in runs, using large reads. If a format does not store messages in one file, it
   * lacks this method, and `messageRuns` yields one message per run.
   */
  runs?(messages: readonly number[]): Iterable<MessageRun>;
  /** Returns the message's offset in the file; undefined if each message is a file. */
  offset?(message: number): number;
  /**
   * Loads parts of a message that were replaced with filler because they are not displayed. The offsets of the bytes
   * after a loaded part may change. A mailbox on this machine lacks this method.
   *
   * @param ranges the bytes to be read, as offsets in the stored message
   * @returns whether a part was loaded
   */
  loadOmitted?(message: number, ranges: readonly ByteRange[]): Promise<boolean>;
  /**
   * Returns the table of facts about the messages; the row of the first message is row 0. Returns undefined if there is
   * no such table. A format that keeps no facts lacks this method.
   */
  factTable?(): FactTable | undefined;
  /**
   * Returns whether columns of a message's row in the table are known, after reading them if possible.
   *
   * @param columns a combination of columnBits
   */
  requireFacts?(message: number, columns: number): boolean;
  /**
   * Counts a message's lines and characters. The first call reads the message; the result is cached.
   *
   * @param bytes the stored message, if the caller has already read it
   */
  counts(message: number, bytes?: Buffer): Counts;
}

/** The result of copying or moving messages on a server. */
export interface Transferred {
  /** Whether the destination was created. */
  readonly created: boolean;
  /** A notice for the user if the server could not complete the transfer. */
  readonly notice?: string;
  /** The messages that another program removed before they could be moved. */
  readonly missing?: readonly number[];
}

/**
 * A function that a long task calls before it processes a message. If the task must wait, for example so that Ctrl-C can
 * be noticed, the function returns a promise. The promise is rejected if the user has interrupted the task.
 */
export type Pause = (message: number) => Promise<void> | undefined;

/**
 * Requested messages that can be read together. Their bytes can be read until the next window is requested.
 */
export interface MessageWindow {
  readonly messages: readonly number[];
  readonly stored: StoredMessages;
}

export interface Mailbox extends MessageStates {
  /** The mailbox's absolute path, or its address if it is on a server. */
  readonly path: string;
  readonly readOnly: boolean;
  /** Number of messages. */
  readonly count: number;
  /** Whether computing a message's key requires reading the complete message. */
  readonly isKeyedByContent: boolean;

  /** Sets and clears bits of Flag. The changes stay in memory until the commit. */
  mark(message: number, set: number, clear?: number): void;

  /**
   * Yields runs of messages with the same flags, beginning with message `from`. If a format lacks this method,
   * `tallyOf` reads the flags of each message.
   */
  tally?(from: number): Iterable<FlagTally>;

  /**
   * Announces that the facts about messages will be requested, so that the mailbox can load or collect them together.
   * Opening messages for their facts or headers has the same effect.
   */
  prepareFacts?(messages: readonly number[]): void;

  /**
   * Returns the rank of each message by a key, as `keepRanks` stored it, or unknownRank. The rank of the first message
   * is at index 0. Returns undefined if no ranks can be stored. A format that keeps no facts lacks this method.
   */
  ranks?(key: RankedKey): Uint32Array | undefined;

  /**
   * Stores the ranks that result from sorting the messages by a key. A format that keeps no facts lacks this method.
   */
  keepRanks?(key: RankedKey, ranks: Uint32Array): void;

  /**
   * Yields windows that together contain the given messages in the given order. A mailbox on this machine yields one
   * window with all of them. A mailbox on a server loads each window's messages before it yields the window.
   *
   * @param need the part of each message that the caller will read; reading more may fail
   */
  openMessages(messages: readonly number[], need: MessageNeed): AsyncIterable<MessageWindow>;

  /**
   * Returns those of the given messages that may satisfy a condition, as determined by the server or by the known
   * facts. The caller must then check each of these messages. This method is missing if the format has neither a server
   * nor known facts.
   */
  narrow?(messages: readonly number[], term: ServerTerm, pause: Pause): Promise<readonly number[]>;

  /**
   * Returns the numbers of all messages in order of size, without loading any message. Messages of equal size are in
   * ascending order of message number. Returns undefined if the server cannot sort. A mailbox on this machine lacks
   * this method.
   */
  sortBySize?(isDescending: boolean): Promise<readonly number[] | undefined>;

  /**
   * Runs a task that copies messages from the file to `target`, while no program that uses fcntl() locks can rewrite
   * the file. This method is missing if the format needs no such lock.
   *
   * @throws MailboxBusy if another program does not release its lock; MessagesMoved if that program has moved the
   *   messages; otherwise, the task's own error
   */
  readUnderLock?<T>(copy: LockedCopy, task: () => Promise<T>): Promise<T>;

  /** Returns whether another client has removed a message. The message keeps its number, but can no longer be read. */
  isGone?(message: number): boolean;

  /**
   * Finds out which messages other clients have removed. Messages that have arrived get their numbers only at the next
   * poll or commit.
   */
  findGone?(): Promise<void>;

  /**
   * Copies or moves messages to another folder on the same server, without waiting for the commit. A mailbox on this
   * machine lacks this method.
   *
   * @param destination the folder's address; a missing folder is created
   * @returns undefined if the destination is on another server or belongs to another user; in that case, nothing is
   *   copied or moved
   * @throws MailError if the server refuses the request
   */
  transfer?(messages: readonly number[], destination: string, how: "copy" | "move"): Promise<Transferred | undefined>;

  /**
   * Returns the number of messages in the folder, as last reported by the server. Also asks the server to report new
   * mail as it arrives. A mailbox on this machine lacks this method.
   */
  countReported?(): number;

  /**
   * Stops loading messages. The reader that is waiting for the messages receives the reason. Any other task, including a
   * commit, fails unless the server responds soon. A mailbox on this machine lacks this method.
   */
  stopLoading?(reason: Error): void;

  /**
   * Replaces a message's bytes, from its From_ line to its final empty line, when the session is committed (`edit`).
   */
  replace(message: number, bytes: Buffer): void;

  /** Adds the messages that were delivered since the last check. @returns the number of messages added */
  poll(): Promise<number>;

  /**
   * Commits the session: acquires the locks, moves messages to mbox, removes the deleted messages, and sets the Status
   * of the remaining messages ("O", or "RO" if read). Mail that has been delivered in the meantime is kept. The commit
   * is atomic, even if a crash interrupts it.
   *
   * @throws MailboxBusy if the lock is not acquired in time, MessagesGone if a required message no longer exists, or
   *   MailError with the reason for any other failure; the mailbox is left unchanged, and the session's messages keep
   *   their numbers
   */
  commit(plan: CommitPlan): Promise<CommitResult>;

  /** Closes the mailbox without writing. */
  close(): Promise<void>;
}

/** A callback that reports progress during long reads and writes. Both parameters are in bytes. */
export type Progress = (done: number, total: number) => void;

export interface MailboxOptions {
  /** How long to wait for another program's lock, in seconds. */
  readonly lockwait: number;
  /** Private directory for journals, created when it is first needed. */
  readonly stateDirectory: string;
  /**
   * Private directory for indexes of large mailboxes. An index speeds up reopening the mailbox. If no directory is
   * given, no index is kept.
   */
  readonly cacheDirectory?: string | undefined;
  readonly readOnly?: boolean;
  /**
   * Whether to preserve the access time because no user is reading the mail. Shells use the access time to detect new
   * mail.
   */
  readonly unnoticed?: boolean;
  /**
   * Whether to refuse a file that has contents but no messages. Without this option, such a file opens as an empty
   * mailbox, as in bsd-mailx.
   */
  readonly mustBeMailbox?: boolean;
  readonly onProgress?: Progress | undefined;
  /** Aborts the opening of the mailbox; the error is the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Returns the settings for reaching a server. Without this function, only mailboxes on this machine can be opened.
   */
  readonly accessServer?: AccessServer | undefined;
}

/** Yields runs of messages with the same flags, beginning with message `from`. */
export function tallyOf(mailbox: Mailbox, from = 1): Iterable<FlagTally> {
  return mailbox.tally?.(from) ?? tallyFlags(mailbox, from);
}

function tallyFlags(mailbox: Mailbox, from: number): Iterable<FlagTally> {
  const found = new Map<number, { flags: number; count: number; first: number }>();
  let last: { flags: number; count: number } | undefined;
  for (let message = from; message <= mailbox.count; message++) {
    const flags = mailbox.flags(message);
    if (last?.flags !== flags) {
      const tally = found.get(flags) ?? { flags, count: 0, first: message };
      found.set(flags, tally);
      last = tally;
    }
    last.count++;
  }
  return found.values();
}
