/** The file, folder, folders, inc and source commands, which open mailboxes and read files. */

import { expandFileName, folderDirectory, mboxPath } from "../../config/paths.ts";
import { UserMistake } from "../../errors.ts";
import { createFolder, isMissingFolder, listFoldersOf } from "../../mailbox/open.ts";
import { isServerAddress } from "../../message/server-name.ts";
import { isMailboxAt } from "../folder/append-departing.ts";
import { offerPending } from "../folder/offer-pending.ts";
import {
  type FolderName,
  folderNamed,
  makeNoMailError,
  openEmptyFolder,
  openFolder,
  summarizeFolder,
  takeInNewMail,
  tellNew,
} from "../folder/open-folder.ts";
import { leaveFolder } from "../folder/quit.ts";
import { showHeaders } from "../header-list/header-window.ts";
import { serverAccess } from "../session/access-options.ts";
import { type Command, declareCommand } from "../session/command.ts";
import { takesNothing, takesText, takesWords } from "../session/command-arguments.ts";
import { makeInterruptible } from "../session/interrupts.ts";
import type { Folder, Session } from "../session/session.ts";
import { runAndTell } from "./shell.ts";

async function changeFolder(session: Session, [word]: readonly string[]): Promise<void> {
  const { folder, terminal, comfort } = session;
  const asks = word === "?" && comfort !== undefined;
  const typed = asks ? await comfort.chooseFolder() : word;
  if (asks && typed === undefined) return;
  if (typed === undefined) {
    // Start-up files are run before a folder is opened.
    terminal.out(folder === undefined ? '"": 0 messages\n' : `${summarizeFolder(session, folder)}\n`);
    if (folder !== undefined) tellNew(folder);
    return;
  }
  const path = expandFileName(session, typed);
  const name = folderNamed(typed, path);
  const next = await openOrCreateFolder(session, name);
  try {
    await leaveFolder(session);
  } catch (error) {
    await next.mailbox.close();
    throw error;
  }
  await folder?.mailbox.close();
  await enterFolder(session, name, isWrittenAtQuit(session, next) ? await reopenFolder(session, name, next) : next);
}

/**
 * Opens a folder again, because it has been written to.
 *
 * @throws MailError if it cannot be opened; an empty folder is then the current folder
 */
async function reopenFolder(session: Session, name: FolderName, { mailbox }: Folder): Promise<Folder> {
  await mailbox.close();
  try {
    return await openFolder(session, name);
  } catch (error) {
    session.folder = await openEmptyFolder(session);
    throw error;
  }
}

/** Opens a folder. If the folder does not exist on the server, asks a user at a terminal whether to create it. */
async function openOrCreateFolder(session: Session, name: FolderName): Promise<Folder> {
  const { terminal } = session;
  try {
    return await openFolder(session, name);
  } catch (error) {
    if (
      !isMissingFolder(error) ||
      !terminal.rich ||
      !(await terminal.confirm(`${name.path} does not exist. Create it`))
    )
      throw error;
  }
  await createFolder(name.path, { accessServer: serverAccess(session) });
  return openFolder(session, name);
}

/**
 * Makes an open mailbox the current folder, and lists its messages.
 *
 * @throws NoMail if the system mailbox is empty
 */
export async function enterFolder(session: Session, name: FolderName, next: Folder): Promise<void> {
  const { terminal, config } = session;
  session.folder = next;
  // As in bsd-mailx, the empty mailbox is already the current folder when the error is reported. The previous folder is
  // therefore safe from subsequent commands.
  if (next.system && next.mailbox.count === 0) throw makeNoMailError(session, name);
  terminal.out(`${summarizeFolder(session, next)}\n`);
  if (!config.settings.get("noheader")) await showHeaders(session);
  if (session.sourcing === 0) await offerPending(session);
}

/**
 * Returns whether leaving the current folder may have written to the next folder. This is the case if the next folder
 * is the current mailbox, the mbox or the trash folder.
 */
function isWrittenAtQuit(session: Session, { mailbox }: Folder): boolean {
  const { folder, config } = session;
  const trash = config.settings.text("trash");
  const written = [mboxPath(config), ...(trash === undefined || trash === "" ? [] : [expandFileName(session, trash)])];
  return folder?.mailbox.path === mailbox.path || written.some((path) => isMailboxAt(mailbox, path));
}

/** Prints the folders on a server, with their special uses. */
async function printServerFolders(session: Session, directory: string): Promise<void> {
  const folders = await makeInterruptible(session, `${directory}: interrupted; no folder was listed`, (signal) =>
    listFoldersOf(directory, { accessServer: serverAccess(session), signal }),
  );
  const { printFolderNames } = await import("../show/folder-names.ts");
  printFolderNames(folders, session.terminal);
}

/** Runs the LISTER program in the folder directory, or in the home directory if there is no folder directory. */
async function listFolders(session: Session, rest: string): Promise<boolean> {
  const { config } = session;
  const { settings } = config;
  const directory = folderDirectory(config) ?? config.identity.home;
  if (isServerAddress(directory)) {
    await printServerFolders(session, directory);
    return true;
  }
  await runAndTell(session, ["-c", `cd "$1"; ${settings.get("LISTER")} ${rest}`, settings.get("SHELL"), directory]);
  // A failing LISTER does not end the processing of a sourced file.
  return true;
}

export const fileCommands: readonly Command[] = [
  declareCommand({
    name: "folder",
    synonyms: ["file"],
    task: "folder",
    takes: takesWords("[file]", 0, 1),
    summary: "Open another mailbox. With no arguments, describe the current one.",
    example: "folder +archive",
    transparent: true,
    run: changeFolder,
  }),
  declareCommand({
    name: "folders",
    task: "folder",
    inFull: true,
    transparent: true,
    takes: takesText("[argument ...]"),
    summary: "List the files in the folder directory.",
    example: "folders",
    run: listFolders,
  }),
  declareCommand({
    name: "inc",
    task: "folder",
    takes: takesNothing,
    summary: "Add mail that has arrived since the mailbox was opened.",
    example: "inc",
    barred: ["sending"],
    transparent: true,
    run: async (session) => {
      const { folder, terminal } = session;
      if (folder === undefined) throw new UserMistake('"inc" command failed...', { isTolerated: true });
      const arrived = await takeInNewMail(folder);
      terminal.out(arrived > 0 ? `${summarizeFolder(session, folder)}\n` : "No new mail.\n");
    },
  }),
  declareCommand({
    name: "source",
    task: "session",
    takes: takesWords("file", 1, 1),
    summary: "Run the commands in a file.",
    transparent: true,
    example: "source ~/.mailrc",
    run: async (session, [typed = ""]) => {
      return session.source?.(expandFileName(session, typed));
    },
  }),
];
