/** Determines the mailbox named on the command line. */
import type { CommandLine } from "../../cli/command-line.ts";
import { expandFileName } from "../../config/paths.ts";
import { Exit, type ExitCode, type MailError } from "../../errors.ts";
import { isSystemError } from "../../system-error.ts";
import type { Session } from "../session/session.ts";
import { emptyFolder, type FolderName, folderNamed, systemFolder } from "./open-folder.ts";

/** Returns the folder named on the command line. */
export function folderFromCommandLine(session: Session, given: CommandLine): FolderName {
  if (given.batch && !given.file && given.user === undefined) return emptyFolder();
  if (!given.file) return systemFolder(session, given.user);
  if (given.piped !== undefined) return { path: given.piped, name: "-", system: false, readOnly: true };
  const [typed = "&"] = given.words;
  return folderNamed(typed, expandFileName(session, typed));
}

/**
 * Returns the exit code for a mailbox that could not be opened. The exit code is never 1, because 1 means that no
 * messages were found.
 */
export function failureToOpen({ exit, cause }: MailError): ExitCode {
  if (exit !== Exit.Failure) return exit;
  return isSystemError(cause) && (cause.code === "EACCES" || cause.code === "EPERM") ? Exit.NoPerm : Exit.NoInput;
}
