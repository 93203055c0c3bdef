/**
 * Waits for a message that matches a query (--wait).
 *
 * The watch begins before the mailbox is opened, so that no message can arrive unnoticed in between. If the system
 * reports no changes, as on a network file system, the mailbox is checked once per second.
 */
import { statSync } from "node:fs";
import type { CommandLine, RequestedWait } from "../cli/command-line.ts";
import { Exit, type ExitCode, MailError } from "../errors.ts";
import type { Mailbox } from "../mailbox/mailbox.ts";
import { MailboxChanged, MessagesMoved, MessageUnreadable } from "../mailbox/mailbox-errors.ts";
import { openMessage, readHeader } from "../mailbox/windows.ts";
import { isServerAddress } from "../message/server-name.ts";
import { failureToOpen, folderFromCommandLine } from "../read/folder/given-folder.ts";
import { type FolderName, NoMail, openFolder } from "../read/folder/open-folder.ts";
import { readKeys } from "../read/message-list/message-ids.ts";
import { checkQuery, findByQuery } from "../read/message-list/message-list.ts";
import { ListMistake } from "../read/query/query.ts";
import type { Folder, Session } from "../read/session/session.ts";
import { makePrinter } from "../read/without-session/listing.ts";
import { ChangeWatch } from "./change-watch.ts";

/** Prints the first matching message. @throws MailError with Exit.TempFail if the time limit expires */
export async function waitForMail(session: Session, given: CommandLine, wait: RequestedWait): Promise<ExitCode> {
  const deadline = performance.now() + wait.seconds * 1000;
  const name = folderFromCommandLine(session, given);
  const query = given.words.slice(given.file ? 1 : 0).join(" ") || "*";
  const start = { acceptsPresent: wait.acceptsPresent, size: sizeOfFile(name.path) };
  const watch = new ChangeWatch(name.path);
  const arrivals = new Arrivals(session, name);
  try {
    await arrivals.open(start);
    for (;;) {
      const { folder } = arrivals;
      const found = await findFirst(session, folder, query, arrivals.take());
      if (folder !== undefined && found !== undefined) {
        await makePrinter(session, folder, given)({ messages: [found] });
        return Exit.Ok;
      }
      const left = deadline - performance.now();
      if (left <= 0) throw makeTimeError(wait.seconds);
      await watch.wait(left, () => arrivals.areReported());
      await arrivals.check();
    }
  } finally {
    watch.close();
    await arrivals.close();
  }
}

function makeTimeError(seconds: number): MailError {
  return new MailError(`no matching message arrived within ${seconds} s`, Exit.TempFail, {
    reason: "timed out",
  });
}

/** Returns the first of the given messages that matches a query. @param folder undefined if the mailbox does not exist */
async function findFirst(
  session: Session,
  folder: Folder | undefined,
  query: string,
  among: readonly number[],
): Promise<number | undefined> {
  try {
    if (folder === undefined) await checkQuery(session, query);
    else for await (const [first] of findByQuery(session, folder, query, among)) return first;
    return undefined;
  } catch (error) {
    if (!(error instanceof ListMistake)) throw error;
    throw new MailError(error.message, Exit.Usage, { cause: error, reason: "invalid query" });
  }
}

interface WaitStart {
  /** Whether to treat messages from before the start of the wait as pending. */
  readonly acceptsPresent: boolean;
  /** The size of the file when the wait began; undefined if the mailbox is not a file. */
  readonly size: number | undefined;
}

/**
 * Returns the size in bytes of the file that contains a mailbox, or 0 if the file is missing. Returns undefined for a
 * Maildir or a mailbox on a server.
 */
function sizeOfFile(path: string): number | undefined {
  if (isServerAddress(path)) return undefined;
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true ? undefined : (found?.size ?? 0);
}

/**
 * Returns the number of the first message that was appended to a file after the file had the given size. If no message
 * starts at this offset, for example because another program has rewritten the file, the number of the next message is
 * returned.
 */
async function findFirstAppended(mailbox: Mailbox, size: number | undefined): Promise<number> {
  const next = mailbox.count + 1;
  if (size === undefined) return next;
  for (let message = mailbox.count; message > 0; message--) {
    const offset = await openMessage(mailbox, message, "header", (stored) => stored.offset?.(message) ?? -1);
    if (offset === size) return message;
    if (offset < size) return next;
  }
  return next;
}

/** Tracks the messages in a mailbox that have not yet been compared with the query. */
class Arrivals {
  readonly #session: Session;
  readonly #name: FolderName;
  #folder: Folder | undefined;
  #inode: bigint | undefined;
  /** The number of messages that a mailbox on a server contained at the last check. */
  #present = 0;
  #pending: number[] = [];
  /**
   * The last message that was compared with the query; 0 if no message has been compared since the mailbox was opened.
   */
  #compared = 0;
  /** For each key, the number of messages that are not pending; used if another program may renumber messages. */
  #known = new Map<string, number>();

  constructor(session: Session, name: FolderName) {
    this.#session = session;
    this.#name = name;
  }

  /** The open mailbox; undefined if the mailbox does not exist yet. */
  get folder(): Folder | undefined {
    return this.#folder;
  }

  /** Opens the mailbox. Messages that arrived after the wait began are pending. */
  async open({ acceptsPresent, size }: WaitStart): Promise<void> {
    await this.#openAnew();
    if (this.#folder === undefined) return;
    const first = acceptsPresent ? 1 : await findFirstAppended(this.#folder.mailbox, size);
    const all = listFrom(this.#folder, 1);
    this.#pending = all.slice(first - 1);
    await this.#remember(all.slice(0, first - 1));
  }

  /** Returns whether a server has reported a change in the number of messages. */
  areReported(): boolean {
    const mailbox = this.#folder?.mailbox;
    return mailbox?.countReported !== undefined && mailbox.countReported() !== this.#present;
  }

  /** Returns the pending messages and empties the list of them. */
  take(): readonly number[] {
    this.#compared = this.#pending.at(-1) ?? this.#compared;
    return this.#pending.splice(0);
  }

  /** Adds newly arrived messages to the pending messages. */
  async check(): Promise<void> {
    if (this.#folder === undefined) return this.open({ acceptsPresent: true, size: 0 });
    const { mailbox } = this.#folder;
    const before = mailbox.count;
    if (this.#isReplaced()) return this.#reopen();
    try {
      await this.#remember(listFrom(this.#folder, 1).slice(this.#rememberedCount()));
      const mayGrow = mailbox.isKeyedByContent && this.#compared > 0 && this.#compared === before;
      const size = mayGrow ? await sizeOf(mailbox, before) : 0;
      await mailbox.poll();
      // A message that was incomplete when it was compared with the query is compared again.
      const hasGrown = mayGrow && (await sizeOf(mailbox, before)) > size;
      this.#pending = listFrom(this.#folder, hasGrown ? before : before + 1);
      if (this.#pending.length === 0 && before > 0 && !isServerAddress(mailbox.path)) await readHeader(mailbox, before);
      this.#countPresent();
    } catch (error) {
      if (!isRewritten(error)) throw error;
      await this.#reopen();
    }
  }

  async close(): Promise<void> {
    await this.#folder?.mailbox.close();
    this.#folder = undefined;
  }

  async #openAnew(): Promise<void> {
    try {
      this.#folder = await openFolder(this.#session, { ...this.#name, unnoticed: true, mustBeMailbox: true });
      this.#session.folder = this.#folder;
      this.#compared = 0;
      this.#inode = inodeOf(this.#folder.mailbox.path);
      this.#countPresent();
    } catch (error) {
      // The system mailbox may not exist until mail arrives.
      if (error instanceof NoMail) return;
      if (!(error instanceof MailError)) throw error;
      throw new MailError(error.message, failureToOpen(error), { cause: error });
    }
  }

  /** Reopens a mailbox that another program has rewritten. Messages are recognized by their keys. */
  async #reopen(): Promise<void> {
    await this.close();
    await this.#openAnew();
    if (this.#folder === undefined) return;
    const all = listFrom(this.#folder, 1);
    const keys = await readKeys(this.#folder.mailbox, all);
    const left = new Map(this.#known);
    this.#pending = all.filter((message) => {
      const key = keys.get(message) ?? "";
      const count = left.get(key) ?? 0;
      left.set(key, count - 1);
      return count <= 0;
    });
    this.#known = new Map();
    await this.#remember(all.filter((message) => !this.#pending.includes(message)));
  }

  #countPresent(): void {
    const mailbox = this.#folder?.mailbox;
    if (mailbox?.isGone === undefined) return;
    this.#present = 0;
    for (let message = 1; message <= mailbox.count; message++) if (!mailbox.isGone(message)) this.#present++;
  }

  #isReplaced(): boolean {
    const path = this.#folder?.mailbox.path ?? "";
    return !isServerAddress(path) && inodeOf(path) !== this.#inode;
  }

  #rememberedCount(): number {
    return [...this.#known.values()].reduce((sum, count) => sum + count, 0);
  }

  async #remember(messages: readonly number[]): Promise<void> {
    const mailbox = this.#folder?.mailbox;
    if (mailbox?.isKeyedByContent !== true) return;
    for (const key of (await readKeys(mailbox, messages)).values())
      this.#known.set(key, (this.#known.get(key) ?? 0) + 1);
  }
}

function listFrom({ mailbox }: Folder, first: number): number[] {
  return Array.from({ length: Math.max(0, mailbox.count + 1 - first) }, (_, index) => first + index);
}

function sizeOf(mailbox: Mailbox, message: number): Promise<number> {
  return openMessage(mailbox, message, "header", (stored) => stored.size(message));
}

function inodeOf(path: string): bigint | undefined {
  return isServerAddress(path) ? undefined : statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

function isRewritten(error: unknown): boolean {
  return error instanceof MessagesMoved || error instanceof MailboxChanged || error instanceof MessageUnreadable;
}
