/** Reads mail: opens the mailbox, prints its summary and runs the session. */

import type { CommandLine } from "../cli/command-line.ts";
import { Exit, type ExitCode } from "../errors.ts";
import { wrapWords } from "../terminal/wrap-words.ts";
import { folderFromCommandLine } from "./folder/given-folder.ts";
import { offerPending } from "./folder/offer-pending.ts";
import { NoMail, openWithMail, summarizeFolder } from "./folder/open-folder.ts";
import { leaveFolder } from "./folder/quit.ts";
import { printHeaderLines, showHeaders } from "./header-list/header-window.ts";
import { runSession } from "./interpreter/loop.ts";
import { offerUnfinished } from "./send/unfinished.ts";
import { CommandInterrupted } from "./session/mistakes.ts";
import type { Session } from "./session/session.ts";

const banner = "Mail version 8.1.2 01/15/2001.  Type ? for help.";

/** Opens the mailbox named on the command line, and lists its headers or runs a session. */
export async function readMail(session: Session, given: CommandLine): Promise<ExitCode> {
  const { terminal, config } = session;
  if (given.exists) return reportWhetherMailExists(session, given);
  if (!given.headers) await offerUnfinished(session);
  // Leave the folder that a start-up file may have opened.
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
  // An interrupt never ends the session. Long-running commands check for interrupts, and an interrupt also stops the
  // loading of messages from a server.
  const release = terminal.onInterrupt(() => {
    session.interrupted = true;
    session.folder?.mailbox.stopLoading?.(new CommandInterrupted());
  });
  const ending = await runSession(session);
  if (ending === "quit") await leaveFolder(session);
  release();
  if (ending === "exit") session.folder?.history.forget();
  await session.folder?.mailbox.close();
  return session.failure ?? (ending === "lost" ? Exit.Failure : Exit.Ok);
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
