/** Opening a mailbox as the folder of a session, and what is said of it then. */
import { storeOptions, systemMailbox } from "../config/files.ts";
import { MailError } from "../errors.ts";
import { settleAppends } from "../mailbox/append-intent.ts";
import { Flag } from "../mailbox/mailbox.ts";
import { openMailbox } from "../mailbox/open.ts";
import type { Folder, Session } from "./session.ts";

export interface FolderName {
  readonly path: string;
  /** As it is shown. */
  readonly name: string;
  readonly system: boolean;
}

/** No mailbox, or an empty one; said without the program's name in front. */
export class NoMail extends MailError {}

export async function openFolder(session: Session, { path, name, system }: FolderName): Promise<Folder> {
  const { config } = session;
  const options = storeOptions(config);
  for (const notice of await settleAppends(options.stateDirectory))
    session.terminal.err(`${session.program}: ${notice}\n`);
  const mailbox = await openMailbox(path, options);
  const folder: Folder = {
    mailbox,
    name,
    system,
    current: 0,
    previous: session.folder?.mailbox.path,
    atStart: true,
    screen: 1,
  };
  folder.current = firstToRead(folder);
  return folder;
}

/** The spool of the user, or of another one (-u). */
export function systemFolder(session: Session, user?: string): FolderName {
  const path = systemMailbox(session.config, user);
  return { path, name: path, system: true };
}

/** The first new message, else the first unread one, else the first. */
export function firstToRead({ mailbox }: Folder, from = 1): number {
  let unread = 0;
  for (let message = from; message <= mailbox.count; message++) {
    const flags = mailbox.flags(message);
    if ((flags & (Flag.New | Flag.Read)) === Flag.New) return message;
    if (unread === 0 && (flags & Flag.Read) === 0) unread = message;
  }
  return unread || Math.min(mailbox.count, 1);
}

/** `"NAME": 3 messages 1 new 2 unread` */
export function summary({ mailbox, name }: Folder): string {
  const counted = { new: 0, unread: 0, deleted: 0, saved: 0 };
  for (let message = 1; message <= mailbox.count; message++) {
    const flags = mailbox.flags(message);
    if (flags & Flag.New) counted.new++;
    if ((flags & Flag.Read) === 0) counted.unread++;
    if (flags & Flag.Deleted) counted.deleted++;
    if (flags & Flag.Saved) counted.saved++;
  }
  if (counted.unread === counted.new) counted.unread = 0;
  const parts = Object.entries(counted).flatMap(([what, number]) => (number > 0 ? [` ${number} ${what}`] : []));
  const { count, readOnly } = mailbox;
  return `"${name}": ${count} message${count === 1 ? "" : "s"}${parts.join("")}${readOnly ? " [Read only]" : ""}`;
}

/** What was new has been told: from now on it is unread. */
export function tellNew({ mailbox }: Folder): void {
  for (let message = 1; message <= mailbox.count; message++) {
    if (mailbox.flags(message) & Flag.New) mailbox.mark(message, Flag.StatusChanged, Flag.New);
  }
}
