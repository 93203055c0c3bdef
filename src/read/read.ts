/** Reads mail: opens the mailbox, prints its summary and runs the session. */

import type { CommandLine } from "../cli/command-line.ts";
import { isListing } from "../cli/command-line.ts";
import { expandFileName } from "../config/paths.ts";
import { Exit, type ExitCode, MailError } from "../errors.ts";
import { emptyMailbox } from "../mailbox/packed/piped.ts";
import { isSystemError } from "../system-error.ts";
import { wrapWords } from "../terminal/wrap-words.ts";
import { type FolderName, folderNamed, NoMail, openWithMail, summarizeFolder, systemFolder } from "./folder/folder.ts";
import { offerPending } from "./folder/offer-pending.ts";
import { leaveFolder } from "./folder/quit.ts";
import { printHeaderLines, showHeaders } from "./header-list/header-window.ts";
import { runSession } from "./interpreter/loop.ts";
import { offerUnfinished } from "./send/unfinished.ts";
import type { Session } from "./session/session.ts";

const banner = "Mail version 8.1.2 01/15/2001.  Type ? for help.";

/** Returns the folder that the command line names. */
export function folderFromCommandLine(session: Session, given: CommandLine): FolderName {
  if (given.batch && !given.file && given.user === undefined) {
    return { path: emptyMailbox(), name: "/dev/null", system: false, readOnly: true };
  }
  if (!given.file) return systemFolder(session, given.user);
  if (given.piped !== undefined) return { path: given.piped, name: "-", system: false, readOnly: true };
  const [typed = "&"] = given.words;
  return folderNamed(typed, expandFileName(session, typed));
}

/** Opens the mailbox that the command line names, and reads it, lists it or runs a session. */
export async function readMail(session: Session, given: CommandLine): Promise<ExitCode> {
  const { terminal, config } = session;
  if (isListing(given)) return listMessages(session, given);
  if (given.exists) return reportWhetherMailExists(session, given);
  if (!given.headers) await offerUnfinished(session);
  // A start-up file may have opened a folder.
  await leaveFolder(session);
  await session.folder?.mailbox.close();
  const folder = await openWithMail(session, { ...folderFromCommandLine(session, given), unnoticed: given.headers });
  session.folder = folder;
  if (given.headers) {
    const all = Array.from({ length: folder.mailbox.count }, (_, index) => index + 1);
    await printHeaderLines(session, folder, all);
    return Exit.Ok;
  }
  if (!config.settings.get("quiet"))
    terminal.out(`${terminal.rich ? wrapWords(banner, terminal.size().columns) : banner}\n`);
  if (!given.batch) terminal.out(`${summarizeFolder(session, folder)}\n`);
  if (folder.mailbox.count > 0 && !config.settings.get("noheader")) await showHeaders(session);
  await offerPending(session);
  // An interrupt never ends the session. Long-running commands check for it.
  const release = terminal.onInterrupt(() => {
    session.interrupted = true;
  });
  const ending = await runSession(session);
  if (ending === "quit") await leaveFolder(session);
  release();
  if (ending === "exit") session.folder?.history.forget();
  await session.folder?.mailbox.close();
  return session.failure ?? (ending === "lost" ? Exit.Failure : Exit.Ok);
}

async function listMessages(session: Session, given: CommandLine): Promise<ExitCode> {
  const { listSelected: list } = await import("./without-session/listing.ts");
  try {
    session.folder = await openWithMail(session, {
      ...folderFromCommandLine(session, given),
      unnoticed: true,
      mustBeMailbox: true,
    });
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    // An empty mailbox is not an error: there is nothing to list.
    if (!(error instanceof NoMail)) throw new MailError(error.message, failureToOpen(error), error);
  }
  const query = given.search === undefined ? given.words.slice(given.file ? 1 : 0) : [given.search];
  const exit = await list(session, given, query);
  await session.folder?.mailbox.close();
  return exit;
}

/**
 * Returns the exit code for a mailbox that could not be opened. Exit code 1 means that nothing was found, so it cannot
 * be used here.
 */
export function failureToOpen({ exit, cause }: MailError): ExitCode {
  if (exit !== Exit.Failure) return exit;
  return isSystemError(cause) && (cause.code === "EACCES" || cause.code === "EPERM") ? Exit.NoPerm : Exit.NoInput;
}

async function reportWhetherMailExists(session: Session, given: CommandLine): Promise<ExitCode> {
  try {
    const name = { ...folderFromCommandLine(session, given), unnoticed: true, mustBeMailbox: false };
    const { mailbox } = await openWithMail(session, name);
    return mailbox.count > 0 ? Exit.Ok : Exit.Failure;
  } catch (error) {
    if (error instanceof NoMail) return Exit.Failure;
    throw error;
  }
}
