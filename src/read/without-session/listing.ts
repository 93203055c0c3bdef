/** The options --json, --count, --print and -L, which read a mailbox without a session and without changing it. */
import type { CommandLine } from "../../cli/command-line.ts";
import { Exit, type ExitCode, MailError } from "../../errors.ts";
import { messagePieces } from "../../mailbox/pieces.ts";
import { isSystemError } from "../../system-error.ts";
import { printHeaderLines } from "../header-list/header-window.ts";
import { findMessages } from "../message-list/message-list.ts";
import { ListMistake, NoneFound } from "../query/query.ts";
import type { Folder, Session } from "../session/session.ts";
import { printDecoded } from "../show/print-decoded.ts";
import { printMessages } from "../show/print-message.ts";
import { jsonLine } from "./json-line.ts";

/**
 * Prints or counts the selected messages.
 *
 * @param words a message list or query; without words, all messages are selected
 * @returns the exit code, as in grep(1): 0 if any message matches, 1 if none does
 * @throws MailError with Exit.Usage for a mistake in the list
 */
export async function listSelected(session: Session, given: CommandLine, words: readonly string[]): Promise<ExitCode> {
  const { folder } = session;
  let count = 0;
  try {
    if (folder !== undefined && folder.mailbox.count > 0) {
      for await (const messages of findMessages(session, folder, words.join(" ") || "*")) {
        count += messages.length;
        if (given.count || given.exists) continue;
        if (given.search === undefined) await printSelected(session, folder, messages, given.json);
        else await printHeaderLines(session, folder, messages);
      }
    }
  } catch (error) {
    // The reader of the pipe has closed it, as head(1) does.
    if (isSystemError(error) && error.code === "EPIPE") return Exit.Ok;
    if (!(error instanceof ListMistake)) throw error;
    if (!(error instanceof NoneFound)) throw new MailError(error.message, Exit.Usage);
  }
  if (given.count) session.terminal.out(given.json ? `${JSON.stringify({ version: 1, count })}\n` : `${count}\n`);
  return count > 0 ? Exit.Ok : Exit.Failure;
}

async function printSelected(
  session: Session,
  folder: Folder,
  messages: readonly number[],
  json: boolean,
): Promise<void> {
  const { terminal, config } = session;
  const print = config.settings.get("decode") ? printDecoded : printMessages;
  if (json) {
    for await (const { messages: opened, stored } of folder.mailbox.openMessages(messages, "whole")) {
      for (const { message, at, bytes } of messagePieces(stored, opened, "whole")) {
        if (at === 0) terminal.out(jsonLine(stored, message, bytes));
      }
    }
  } else await print(session, folder, messages, { allFields: false, paged: false }, () => {});
}
