/** Opens a mailbox as the folder of a session, and formats its summary line. */

import { resolve } from "node:path";
import { folderDirectory, mailboxOptions, systemMailbox } from "../../config/paths.ts";
import { Exit, MailError } from "../../errors.ts";
import { Flag, tallyOf } from "../../mailbox/mailbox.ts";
import { NotAMailbox } from "../../mailbox/mailbox-errors.ts";
import { isPipe, openMailbox } from "../../mailbox/open.ts";
import { emptyMailbox } from "../../mailbox/packed/piped.ts";
import { nameBelow } from "../../mailbox/server-address.ts";
import { settleAppends } from "../../mailbox/settle-appends.ts";
import { isServerAddress } from "../../message/server-name.ts";
import { isSystemError } from "../../system-error.ts";
import { markMessage } from "../changes/mark.ts";
import { UndoHistory } from "../changes/undo-history.ts";
import { serverAccess } from "../session/access-options.ts";
import { makeInterruptible } from "../session/interrupts.ts";
import type { Folder, Session } from "../session/session.ts";

export interface FolderName {
  readonly path: string;
  /** The expanded name; a relative path if the user typed a relative path. */
  readonly name: string;
  readonly system: boolean;
  /** The owner of the system mailbox, if it belongs to another user. */
  readonly owner?: string | undefined;
  /** Whether the file is a copy that must not be written to. */
  readonly readOnly?: true;
  /**
   * Whether the mailbox is read by a program rather than by a person. If so, the mailbox's access time is left
   * unchanged.
   */
  readonly unnoticed?: boolean;
  /** The option of the same name in MailboxOptions; true by default if the input is a terminal. */
  readonly mustBeMailbox?: boolean;
}

/** The error for a missing or empty mailbox. */
export class NoMail extends MailError {
  override readonly form = "bare";

  constructor(message: string) {
    super(message, Exit.Failure, { reason: "no mail" });
  }
}

/** Opens a mailbox as a folder. @throws NoMail for a missing system mailbox, MailError if a mailbox cannot be opened */
export async function openFolder(session: Session, folderName: FolderName): Promise<Folder> {
  const { path, name, system, unnoticed = false } = folderName;
  const readOnly = folderName.readOnly ?? session.config.settings.get("readonly");
  const mustBeMailbox = folderName.mustBeMailbox ?? session.terminal.inputIsTerminal;
  const { config } = session;
  // Opening a named pipe could block forever if it has no writer, so a pipe is opened only with -f.
  if (system && isPipe(path)) throw new NotAMailbox(path);
  const options = mailboxOptions(config);
  for (const notice of await settleAppends(options.stateDirectory))
    session.terminal.err(`${session.program}: ${notice}\n`);
  const onProgress = session.terminal.progress(name, "bytes");
  const mailbox = await makeInterruptible(session, `${name}: interrupted; the mailbox was not changed`, (signal) =>
    openMailbox(path, {
      ...options,
      accessServer: serverAccess(session),
      onProgress,
      signal,
      unnoticed,
      mustBeMailbox,
      ...(readOnly ? { readOnly } : {}),
    }),
  ).catch((error: unknown) => {
    throw system && isMissing(error) ? makeNoMailError(session, folderName) : error;
  });
  const folder: Folder = {
    mailbox,
    history: new UndoHistory(mailbox, options.stateDirectory),
    name: isServerAddress(name) ? mailbox.path : name,
    system,
    current: 0,
    previous: previousName(session),
    atStart: true,
    screen: 1,
  };
  folder.current = findFirstToRead(folder);
  return folder;
}

/**
 * Opens an empty folder. If the current folder has been closed and the next folder cannot be opened, the session
 * continues with an empty folder.
 */
export function openEmptyFolder(session: Session): Promise<Folder> {
  return openFolder(session, emptyFolder());
}

/** Returns the name of an empty folder, which can be opened as long as the process runs. @throws MailError */
export function emptyFolder(): FolderName {
  return { path: emptyMailbox(), name: "/dev/null", system: false, readOnly: true };
}

/** Returns the error for a mailbox without mail, worded as in bsd-mailx. */
export function makeNoMailError({ config }: Session, { owner }: FolderName): NoMail {
  return new NoMail(`No mail for ${owner ?? config.identity.user}`);
}

function isMissing(error: unknown): boolean {
  return error instanceof MailError && isSystemError(error.cause) && error.cause.code === "ENOENT";
}

/** Opens a folder as openFolder does, and also throws NoMail for an empty system mailbox. */
export async function openWithMail(session: Session, name: FolderName): Promise<Folder> {
  const folder = await openFolder(session, name);
  if (!name.system || folder.mailbox.count > 0) return folder;
  await folder.mailbox.close();
  throw makeNoMailError(session, name);
}

/** Returns the folder that a typed name denotes. @param path the expansion of the typed name */
export function folderNamed(typed: string, path: string): FolderName {
  const system = typed.startsWith("%");
  return { path, name: path, system, owner: system && typed.length > 1 ? typed.slice(1) : undefined };
}

function previousName({ folder }: Session): string | undefined {
  if (folder === undefined) return undefined;
  // After a change of directory, the relative name may refer to a different file.
  return resolve(folder.name) === folder.mailbox.path ? folder.name : folder.mailbox.path;
}

/** Returns the folder for the user's own spool, or for another user's spool (-u). */
export function systemFolder(session: Session, user?: string): FolderName {
  const path = systemMailbox(session.config, user);
  return { path, name: path, system: true, owner: user };
}

/**
 * Returns the first new message, even if the message has been read in this session. If no message is new, returns the
 * first unread message or, if all messages have been read, the first message.
 */
export function findFirstToRead({ mailbox }: Folder, from = 1): number {
  const tallies = [...tallyOf(mailbox, from)];
  const firstWith = (wanted: (flags: number) => boolean) =>
    tallies.reduce(
      (least, { flags, first }) => (wanted(flags) ? Math.min(least, first) : least),
      Number.POSITIVE_INFINITY,
    );
  const fresh = firstWith((flags) => (flags & Flag.New) !== 0);
  if (Number.isFinite(fresh)) return fresh;
  const unread = firstWith((flags) => (flags & Flag.Read) === 0);
  return Number.isFinite(unread) ? unread : Math.min(mailbox.count, 1);
}

/** Returns the summary line, such as `"NAME": 3 messages 1 new 2 unread`. */
export function summarizeFolder(session: Session, folder: Folder): string {
  const { mailbox } = folder;
  const counted = { new: 0, unread: 0, deleted: 0, saved: 0 };
  for (const { flags, count } of tallyOf(mailbox)) {
    if (flags & Flag.New) counted.new += count;
    if ((flags & Flag.Read) === 0) counted.unread += count;
    if (flags & Flag.Deleted) counted.deleted += count;
    if (flags & Flag.Saved) counted.saved += count;
  }
  if (counted.unread <= counted.new) counted.unread = 0;
  const parts = Object.entries(counted).flatMap(([what, number]) => (number > 0 ? [` ${number} ${what}`] : []));
  const { count, readOnly } = mailbox;
  return `"${folderNameToShow(session, folder)}": ${count} message${count === 1 ? "" : "s"}${parts.join("")}${readOnly ? " [Read only]" : ""}`;
}

/** Returns +NAME if the folder is in the folder directory, otherwise the folder's name. */
function folderNameToShow({ config }: Session, { name }: Folder): string {
  const directory = folderDirectory(config);
  if (isServerAddress(name)) {
    const below = directory !== undefined && isServerAddress(directory) ? nameBelow(directory, name) : undefined;
    return below === undefined ? name : `+${below}`;
  }
  const inside = directory !== undefined && name.startsWith(`${directory}/`);
  return inside ? `+${name.slice(directory.length + 1)}` : name;
}

/** Marks new messages as unread, after they have been reported as new. */
export function tellNew(folder: Folder): void {
  const { mailbox } = folder;
  for (let message = 1; message <= mailbox.count; message++) {
    if (mailbox.flags(message) & Flag.New) markMessage(folder, message, Flag.StatusChanged, Flag.New);
  }
}

/**
 * Reads the mail that was delivered since the last check. The first new message becomes current.
 *
 * @returns the number of messages that arrived
 */
export async function takeInNewMail(folder: Folder): Promise<number> {
  const before = folder.mailbox.count;
  const arrived = await folder.mailbox.poll();
  if (arrived > 0) {
    folder.current = findFirstToRead(folder, before + 1);
    folder.atStart = true;
  }
  return arrived;
}
