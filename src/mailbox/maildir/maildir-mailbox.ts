import { accessSync, type BigIntStats, constants, statSync } from "node:fs";
import { join } from "node:path";
import { Exit, MailError } from "../../errors.ts";
import { notify } from "../../notices.ts";
import { isSystemError, strerror } from "../../system-error.ts";
import { headerOf } from "../header-bytes.ts";
import type { MailboxOptions } from "../mailbox.ts";
import {
  type CommitPlan,
  type CommitResult,
  type Counts,
  Flag,
  type Mailbox,
  type MessagePiece,
  type MessageWindow,
  type StoredMessages,
} from "../mailbox.ts";
import { CannotFinish, MessageUnreadable, makeSubstituteHeader } from "../mailbox-errors.ts";
import { oneByOne } from "../pieces.ts";
import { openAtOnce } from "../windows.ts";
import { commitMaildir, finishLockedMaildir, finishMaildirCommit } from "./commit.ts";
import { removeAbandoned } from "./directory.ts";
import { baseOf, lettersOf } from "./file-name.ts";
import { lockMaildir } from "./lock.ts";
import { MessageFile, MessageReader } from "./message-file.ts";
import { MessageTable } from "./message-table.ts";

const pieceSize = 1 << 20;
/**
 * Time in nanoseconds. If a listing was made within this time after the directory's last change, it is not reused,
 * because a second change may have the same timestamp.
 */
const sameInstant = 1_000_000_000n;

/** Finishes an interrupted quit. @returns false if only another user can finish it: the Maildir is then read-only */
async function finishMaildirIfPossible(path: string, options: MailboxOptions): Promise<boolean> {
  try {
    await finishMaildirCommit(path, options);
    return true;
  } catch (error) {
    if (!(error instanceof CannotFinish)) throw error;
    notify(error.message);
    return false;
  }
}

/** Opens a Maildir, which requires two directory listings. An interrupted commit is finished first. */
export async function openMaildir(path: string, options: MailboxOptions): Promise<Mailbox> {
  const readOnly = options.readOnly === true || !canWrite(path) || !(await finishMaildirIfPossible(path, options));
  if (!readOnly) {
    removeAbandoned(path);
  }
  const mailbox = new MaildirMailbox(path, readOnly, options);
  await mailbox.poll();
  return mailbox;
}

function canWrite(path: string): boolean {
  try {
    for (const place of ["new", "cur"]) accessSync(join(path, place), constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

class MaildirMailbox implements Mailbox, StoredMessages {
  readonly path: string;
  readonly readOnly: boolean;
  readonly #options: MailboxOptions;
  readonly #table: MessageTable;
  readonly #counts = new Map<number, Counts>();
  readonly #replaced = new Map<number, Buffer>();
  /**
   * The file that was read last. The file stays open, because a message's header line, counts and text are read one
   * after the other.
   */
  #open: { readonly message: number; readonly file: MessageFile } | undefined;
  /** The message that `MessageReader` read most recently, and the message's size. */
  #sized: { readonly message: number; readonly size: number } | undefined;
  #seen = "";
  /** The number of messages that the session can see. Messages with higher numbers have arrived since the last poll. */
  #count = 0;

  constructor(path: string, readOnly: boolean, options: MailboxOptions) {
    this.path = path;
    this.readOnly = readOnly;
    this.#options = options;
    this.#table = new MessageTable(path);
  }

  get count(): number {
    return this.#count;
  }

  flags(message: number): number {
    return this.#table.entry(message).flags;
  }

  mark(message: number, set: number, clear = 0): void {
    const entry = this.#table.entry(message);
    entry.flags = (entry.flags & ~clear) | set;
  }

  readonly isKeyedByContent = false;

  key(message: number): string {
    return baseOf(this.#table.entry(message).name);
  }

  letters(message: number): string {
    return lettersOf(this.#table.entry(message).name);
  }

  openMessages(messages: readonly number[]): AsyncIterable<MessageWindow> {
    return openAtOnce(this, messages);
  }

  /**
   * Returns the header. If a message cannot be read, a substitute header states the reason, so that a header list can show
   * the rest.
   */
  header(message: number): Buffer {
    return this.#placeholder(message) ?? this.#header(message);
  }

  /**
   * Returns the size. If a message cannot be read, its reported size is greater than the size of its substitute header.
   * Reading beyond the header fails, so no caller mistakes the header for the complete message.
   */
  size(message: number): number {
    const unreadable = this.#placeholder(message);
    return unreadable === undefined ? this.#size(message) : unreadable.length + 1;
  }

  read(message: number, start: number, end: number): Buffer {
    return this.#replaced.get(message)?.subarray(start, end) ?? this.#file(message).read(start, end);
  }

  *pieces(messages: readonly number[], part: "whole" | "header"): Iterable<MessagePiece> {
    const reader = new MessageReader();
    for (const message of messages) {
      const bytes = this.#readAtOnce(reader, message, part);
      if (bytes === undefined) yield* oneByOne(this, [message], part);
      else {
        if (part === "whole") this.#sized = { message, size: bytes.length };
        yield { message, at: 0, bytes };
      }
    }
  }

  counts(message: number): Counts {
    const known = this.#counts.get(message);
    if (known !== undefined) return known;
    const counts = { lines: 0, characters: 0 };
    try {
      const size = this.size(message);
      let before = 0;
      for (let at = 0; at < size; at += pieceSize) {
        const piece = this.read(message, at, Math.min(size, at + pieceSize));
        counts.characters += piece.length;
        for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, end + 1)) {
          counts.lines++;
          if ((end > 0 ? piece[end - 1] : before) === 13) counts.characters--;
        }
        before = piece[piece.length - 1] ?? 0;
      }
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
    }
    this.#counts.set(message, counts);
    return counts;
  }

  replace(message: number, bytes: Buffer): void {
    this.#replaced.set(message, bytes);
    this.#counts.delete(message);
    this.mark(message, Flag.StatusChanged);
  }

  isGone(message: number): boolean {
    return this.#table.entry(message).gone;
  }

  async poll(): Promise<number> {
    const states = ["new", "cur"].map((place) => statSync(join(this.path, place), { bigint: true }));
    const stamp = states.map(({ mtimeNs, ino }) => `${ino} ${mtimeNs}`).join(" ");
    if (stamp !== this.#seen) {
      this.#table.look();
      this.#seen = states.some(isRecent) ? "" : stamp;
    }
    return this.#showArrived();
  }

  async findGone(): Promise<void> {
    this.#table.look();
  }

  /** Makes newly arrived messages visible to the session. @returns the number of these messages */
  #showArrived(): number {
    const before = this.#count;
    this.#count = this.#table.count;
    return this.#count - before;
  }

  async commit(plan: CommitPlan): Promise<CommitResult> {
    if (this.readOnly) throw new MailError(`${this.path}: Read-only; nothing was changed`, Exit.NoPerm);
    const release = await lockMaildir(this.path, this.#options.lockwait);
    try {
      await finishLockedMaildir(this.path, this.#options);
      const known = this.count;
      this.#table.look();
      const leaving = { mailbox: this, table: this.#table, known, plan, replaced: this.#replaced };
      const { held, moved, missed } = await commitMaildir(leaving, this.#options);
      const arrived = this.#showArrived();
      const notice = `${this.path}: changed by another program during the session; changed messages that no longer exist: ${missed}`;
      return { arrived, empty: held + arrived === 0, moved, held, ...(missed === 0 ? {} : { notice }) };
    } finally {
      await release();
    }
  }

  async close(): Promise<void> {
    this.#closeFile();
  }

  #closeFile(): void {
    this.#open?.file.close();
    this.#open = undefined;
  }

  /** Returns the substitute header of a message that cannot be read; undefined for any other message. */
  #placeholder(message: number): Buffer | undefined {
    try {
      this.#size(message);
      return undefined;
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      return makeSubstituteHeader(error);
    }
  }

  /** Reads a message or its header in a single read. @returns undefined if it needs `MessageFile` */
  #readAtOnce(reader: MessageReader, message: number, part: "whole" | "header"): Buffer | undefined {
    if (this.#replaced.has(message)) return undefined;
    const { place, name } = this.#table.entry(message);
    try {
      return reader.read(`${this.path}/${place}/${name}`, part);
    } catch (error) {
      if (isSystemError(error)) return undefined;
      throw error;
    }
  }

  #size(message: number): number {
    if (this.#sized?.message === message && !this.#replaced.has(message)) return this.#sized.size;
    return this.#replaced.get(message)?.length ?? this.#file(message).size;
  }

  #header(message: number): Buffer {
    return headerOf(this.#size(message), (length) => this.read(message, 0, length));
  }

  #file(message: number): MessageFile {
    if (this.#open?.message === message) return this.#open.file;
    const file = this.#openFile(message);
    this.#closeFile();
    this.#open = { message, file };
    return file;
  }

  /** Opens a message's file. @throws MailError with the system's reason */
  #openFile(message: number): MessageFile {
    const entry = this.#table.entry(message);
    for (let tries = 0; ; tries++) {
      try {
        return new MessageFile(`${this.path}/${entry.place}/${entry.name}`);
      } catch (error) {
        if (!isSystemError(error)) throw error;
        if (error.code !== "ENOENT") throw new MessageUnreadable(message, strerror(error), error);
        if (tries > 2 || !this.#renamed(message)) throw new MessageUnreadable(message, undefined, error);
      }
    }
  }

  /** Searches for a file that another client has renamed. @returns whether it still exists */
  #renamed(message: number): boolean {
    this.#seen = "";
    return this.#table.find(message);
  }
}

function isRecent({ mtimeNs }: BigIntStats): boolean {
  return BigInt(Date.now()) * 1_000_000n - mtimeNs < sameInstant;
}
