/** The --folders option, which lists the mailboxes in the folder directory or on a server. */
import { readdirSync } from "node:fs";
import { folderDirectory } from "../../config/paths.ts";
import { Exit, type ExitCode, MailError } from "../../errors.ts";
import { listFoldersOf } from "../../mailbox/open.ts";
import { formatJson } from "../../message/safe-text.ts";
import { isServerAddress } from "../../message/server-name.ts";
import { addPathToError } from "../../system-error.ts";
import { serverAccess } from "../session/access-options.ts";
import type { Session } from "../session/session.ts";
import { type NamedFolder, printFolderNames } from "../show/folder-names.ts";
import { schemaVersion } from "./json-line.ts";

/**
 * Prints the names of the folders, one per line, as text or JSON objects.
 *
 * @throws MailError if the `folder` variable is not set, or the server cannot be used
 */
export async function printFolders(session: Session, json: boolean): Promise<ExitCode> {
  const directory = folderDirectory(session.config);
  if (directory === undefined) {
    throw new MailError("folder: not set; set folder=DIRECTORY or folder=imaps://HOST", Exit.Config, {
      reason: "no folder directory",
    });
  }
  const folders = await findFolders(session, directory);
  if (!json) printFolderNames(folders, session.terminal);
  else {
    for (const { name, use } of folders)
      session.terminal.out(`${formatJson({ version: schemaVersion, name: name.toWellFormed(), use: use ?? null })}\n`);
  }
  return Exit.Ok;
}

async function findFolders(session: Session, directory: string): Promise<readonly NamedFolder[]> {
  if (isServerAddress(directory)) return listFoldersOf(directory, { accessServer: serverAccess(session) });
  try {
    const names = readdirSync(directory).filter((name) => !name.startsWith("."));
    return names.sort().map((name) => ({ name, use: undefined }));
  } catch (error) {
    throw addPathToError(directory, error);
  }
}
