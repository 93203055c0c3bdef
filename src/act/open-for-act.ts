/** Opens the mailbox for an action on messages. */
import type { CommandLine } from "../cli/command-line.ts";
import { MailError } from "../errors.ts";
import { failureToOpen, folderFromCommandLine } from "../read/folder/given-folder.ts";
import { type FolderName, NoMail, openWithMail } from "../read/folder/open-folder.ts";
import type { Folder, Session } from "../read/session/session.ts";

/**
 * Opens a mailbox. Returns undefined if there is no mail.
 *
 * @param name the mailbox; by default, the mailbox named on the command line
 */
export async function openForAct(session: Session, given: CommandLine, name?: FolderName): Promise<Folder | undefined> {
  try {
    return await openWithMail(session, { ...(name ?? folderFromCommandLine(session, given)), mustBeMailbox: true });
  } catch (error) {
    if (error instanceof NoMail) return undefined;
    if (!(error instanceof MailError)) throw error;
    throw new MailError(error.message, failureToOpen(error), { cause: error });
  }
}
