/**
 * What a session sees of a mailbox, whatever its format: numbered messages as bytes, their state, and one commit.
 *
 * Messages are numbered from 1. Nothing here decodes: text is made only to be shown.
 */

/** The state of a message, as bits. Status letters of the file set New and Read at opening; the rest is the session's. */
export const Flag = {
  /** Its Status field had no O when the mailbox was opened: nobody had seen it in a header list. Stays so when read. */
  New: 1 << 0,
  /** Its Status field had an R, or it was read in this session. */
  Read: 1 << 1,
  /** Looked at, saved or marked in this session, so that quit moves it to mbox. */
  Touched: 1 << 2,
  Deleted: 1 << 3,
  /** Saved or written to a file in this session. */
  Saved: 1 << 4,
  /** `hold`: stays in the system mailbox. */
  Preserved: 1 << 5,
  /** `mbox` or `touch`: goes to mbox. */
  ToMbox: 1 << 6,
  /** Read, unread or deleted in this session: its Status in the file may be out of date. */
  StatusChanged: 1 << 7,
} as const;

/** Messages that have the same flags. */
export interface FlagTally {
  readonly flags: number;
  readonly count: number;
  /** The first of them. */
  readonly first: number;
}

export interface Counts {
  /** Lines as stored: the From_ line and the empty line at the end included. */
  readonly lines: number;
  /** Bytes as stored, CRs of CRLF line ends not counted. */
  readonly characters: number;
}

/** Where a message goes at the end of a session. */
export type Fate = "keep" | "drop" | "mbox";

export interface CommitPlan {
  /** For each message; called once a message, in order. */
  readonly fate: (message: number) => Fate;
  /** Where messages of fate "mbox" go, and at which end. The file is created with mode 0600 if need be. */
  readonly mbox?: {
    readonly path: string;
    readonly at: "start" | "end";
    /** Which header fields go along, by lower-case name; all without it. */
    readonly keepField?: ((lowerName: string) => boolean) | undefined;
  };
  /** Ends the commit with the signal's reason, as long as nothing has been written. */
  readonly signal?: AbortSignal;
}

export interface CommitResult {
  /** Messages delivered during the session, found under the lock and kept. */
  readonly arrived: number;
  /** The mailbox has no message left. */
  readonly empty: boolean;
  /** How many messages went to mbox. */
  readonly moved?: number;
  /** How many that the session knew have stayed. */
  readonly held?: number;
  /** What another program did meanwhile and how it was met, in words, for the user to be told. */
  readonly notice?: string;
}

export interface MessagePiece {
  readonly message: number;
  /** Where in the stored message it begins: 0 is its From_ line. */
  readonly at: number;
  /** Only good until the next piece is asked for: the memory is used again. */
  readonly bytes: Buffer;
}

export interface Mailbox {
  /** Absolute path. */
  readonly path: string;
  readonly readOnly: boolean;
  /** How many messages there are. */
  readonly count: number;

  /** Bits of Flag. */
  flags(message: number): number;
  /** Sets and clears bits of Flag. Only in memory until commit. */
  mark(message: number, set: number, clear?: number): void;

  /** Of the messages from one on, how many have the same flags; `tallyOf` does without, by asking for each. */
  tally?(from: number): Iterable<FlagTally>;

  /** Bytes of the stored message, its From_ line included. */
  size(message: number): number;
  /** The From_ line and the header up to and including the empty line that ends it, as stored; not all where it has no end (header-bytes.ts). */
  header(message: number): Buffer;
  /** Bytes `start` (inclusive) to `end` (exclusive) of the stored message, counted from its From_ line. */
  read(message: number, start: number, end: number): Buffer;
  /**
   * Whole messages, or only their headers, by large reads in the order of the file; `messagePieces` does without where a
   * format has no such order. A message comes in one piece unless it is longer than 8 MiB.
   *
   * @param messages ascending
   */
  pieces?(messages: readonly number[], part: "whole" | "header"): Iterable<MessagePiece>;
  /** Offset of the message in the file; undefined where messages are files. */
  offset?(message: number): number;
  /** Read once and remembered; costs a pass over the message. */
  counts(message: number): Counts;

  /** Of a Maildir: the letters in the file's name, as other clients left them. */
  letters?(message: number): string;

  /** Puts other bytes (From_ line to empty line) in the place of a message, at commit (`edit`). */
  replace(message: number, bytes: Buffer): void;

  /** Takes in the messages delivered since the last look. @returns how many there are */
  poll(): Promise<number>;

  /**
   * Writes the session's outcome: locks, moves messages to mbox, drops and keeps messages, sets the Status of those that
   * stay ("O", or "RO" once read). Mail that arrived meanwhile is kept. All or nothing, also at a crash.
   *
   * @throws MailboxBusy when the lock can't be had in time, MailError with the reason for anything else; in each case
   *   the mailbox is as it was
   */
  commit(plan: CommitPlan): Promise<CommitResult>;

  /** Lets go of the file. Nothing is written. */
  close(): void;
}

/** Told now and then while much is read or written. @param done and total in bytes */
export type Progress = (done: number, total: number) => void;

export interface MailboxOptions {
  /** Seconds to wait for another program's lock. */
  readonly lockwait: number;
  /** Private directory for journals; made when first needed. */
  readonly stateDirectory: string;
  /** Private directory for indexes of large mailboxes, which make opening them again cheap. Without it there are none. */
  readonly cacheDirectory?: string | undefined;
  readonly readOnly?: boolean;
  /** Nobody reads the mail now: the time of last access stays, by which shells tell that there is mail to be read. */
  readonly unnoticed?: boolean;
  /** A file without messages is refused if it has other contents. Without it, such a file has no messages, as in bsd-mailx. */
  readonly mustBeMailbox?: boolean;
  readonly onProgress?: Progress | undefined;
  /** Ends opening, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}
