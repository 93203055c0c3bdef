/**
 * The --json, --count, --print and -L options, which read a mailbox without starting a session or changing the mailbox.
 */
import type { CommandLine, ListForm } from "../../cli/command-line.ts";
import { Exit, type ExitCode, MailError } from "../../errors.ts";
import { pushAll } from "../../message/lists.ts";
import { isSystemError } from "../../system-error.ts";
import { failureToOpen, folderFromCommandLine } from "../folder/given-folder.ts";
import { NoMail, openWithMail } from "../folder/open-folder.ts";
import { printHeaderLines } from "../header-list/header-window.ts";
import { findByIds, parseIds, readKeys } from "../message-list/message-ids.ts";
import {
  checkList,
  checkQuery,
  findByQuery,
  findMessages,
  findMessagesBackwards,
} from "../message-list/message-list.ts";
import { ListMistake, NoneFound } from "../query/query.ts";
import type { Folder, Session } from "../session/session.ts";
import { printDecoded } from "../show/print-decoded.ts";
import { printMessages } from "../show/print-message.ts";
import { JsonBlock } from "./json-block.ts";
import { jsonLine, schemaVersion } from "./json-line.ts";
import type { ListedBatch } from "./list-order.ts";

/** Opens the mailbox named on the command line, and prints or counts its messages. @returns the exit code */
export async function listMailbox(session: Session, given: CommandLine): Promise<ExitCode> {
  try {
    session.folder = await openWithMail(session, {
      ...folderFromCommandLine(session, given),
      unnoticed: true,
      mustBeMailbox: true,
    });
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    // An empty mailbox is not an error: there is nothing to list.
    if (!(error instanceof NoMail)) throw new MailError(error.message, failureToOpen(error), { cause: error });
  }
  const query = given.search === undefined ? given.words.slice(given.file ? 1 : 0) : [given.search];
  const exit = await listSelected(session, given, query);
  await session.folder?.mailbox.close();
  return exit;
}

/**
 * Prints or counts the selected messages.
 *
 * @param words a message list or query; without words, all messages are selected
 * @returns the exit code, as in grep(1): 0 if any message matches, 1 if none does
 * @throws MailError with Exit.Usage if the list contains a mistake
 */
async function listSelected(session: Session, given: CommandLine, words: readonly string[]): Promise<ExitCode> {
  const { folder } = session;
  let count = 0;
  try {
    if (folder !== undefined && folder.mailbox.count > 0) {
      const print = makePrinter(session, folder, given);
      for await (const batch of chooseMessages(session, folder, given, words)) {
        count += batch.messages.length;
        await print(batch);
      }
    } else if (words.length > 0) await (given.list.show ? checkQuery : checkList)(session, words.join(" "));
  } catch (error) {
    // The program that reads the output has closed the pipe, as head(1) does.
    if (isSystemError(error) && error.code === "EPIPE") return Exit.Ok;
    if (!(error instanceof ListMistake)) throw error;
    if (!(error instanceof NoneFound)) {
      throw new MailError(error.message, Exit.Usage, { cause: error, reason: "invalid query", remedy: error.remedy });
    }
  }
  const ids = count === 0 && given.list.show ? parseIds(folder?.mailbox, words) : undefined;
  if (ids !== undefined) throw new MailError(`${ids[0]}: no such message`, Exit.Failure, { reason: "gone" });
  if (given.count)
    session.terminal.out(given.json ? `${JSON.stringify({ version: schemaVersion, count })}\n` : `${count}\n`);
  return count > 0 ? Exit.Ok : Exit.Failure;
}

/** Yields the selected messages in the order in which they are printed. */
async function* chooseMessages(
  session: Session,
  folder: Folder,
  { list }: CommandLine,
  words: readonly string[],
): AsyncIterable<ListedBatch> {
  if (list.show) {
    yield { messages: await findOne(session, folder, words) };
    return;
  }
  const find = list.newest ? findMessagesBackwards : findMessages;
  const found = find(session, folder, words.join(" ") || "*");
  if (list.sort !== undefined || list.thread) {
    const { orderList } = await import("./list-order.ts");
    yield* orderList(folder, list, found);
    return;
  }
  if (words.length === 0 && list.limit === undefined) {
    const all: number[] = [];
    for await (const batch of found) pushAll(all, batch);
    folder.mailbox.prepareFacts?.(all);
    yield { messages: all };
    return;
  }
  let left = list.limit ?? Number.POSITIVE_INFINITY;
  for await (const batch of found) {
    const messages = left < batch.length ? batch.slice(0, left) : batch;
    yield { messages };
    left -= messages.length;
    if (left <= 0) return;
  }
}

/**
 * Returns the message that --show selects, or an empty array if no message matches.
 *
 * @throws MailError if a query matches several messages
 */
async function findOne(session: Session, folder: Folder, words: readonly string[]): Promise<number[]> {
  const ids = parseIds(folder.mailbox, words);
  if (ids !== undefined) {
    const found = (await findByIds(folder.mailbox, ids)).filter((message) => message !== undefined);
    if (ids.length === 1) return found;
    throw makeSeveralError(ids.length);
  }
  const found: number[] = [];
  for await (const some of findByQuery(session, folder, words.join(" "))) pushAll(found, some);
  if (found.length > 1) throw makeSeveralError(found.length);
  return found;
}

function makeSeveralError(count: number): MailError {
  return new MailError(`--show: ${count} messages match, but only one can be shown`, Exit.Usage, {
    reason: "too many matches",
    remedy: "name the message by its id",
  });
}

type Print = (batch: ListedBatch) => Promise<unknown> | undefined;

/** Returns a function that prints messages in the form that the command line requests. */
export function makePrinter(session: Session, folder: Folder, given: CommandLine): Print {
  if (given.count || given.exists) return () => undefined;
  if (given.search !== undefined) return ({ messages }) => printHeaderLines(session, folder, messages);
  if (given.json) return (batch) => printJson(session, folder, batch, given.list);
  const print = session.config.settings.get("decode") ? printDecoded : printMessages;
  return ({ messages }) => print(session, folder, messages, { allFields: false, paged: false }, () => {});
}

async function printJson(
  { terminal }: Session,
  { mailbox }: Folder,
  { messages, places }: ListedBatch,
  list: ListForm,
): Promise<void> {
  const details = list.show ? { parts: true, text: true, allHeaders: true } : list;
  if (places === undefined && !details.parts && !details.text && !details.allHeaders) {
    for await (const { messages: opened, stored } of mailbox.openMessages(messages, "whole")) {
      const block = opened.length === mailbox.count ? JsonBlock.open(stored) : undefined;
      for (const message of opened) {
        if (block?.add(message) === true) {
          if (block.isFull) terminal.out(block.take());
          continue;
        }
        if (block !== undefined) terminal.out(block.take());
        const line = jsonLine(stored, message);
        terminal.out(typeof line === "string" ? line : await line);
      }
      if (block !== undefined) terminal.out(block.take());
    }
    return;
  }
  const { readDetails } = await import("./json-details.ts");
  const roots = await readKeys(mailbox, [...new Set(messages.map((message) => places?.get(message)?.root ?? 0))]);
  for await (const { messages: opened, stored } of mailbox.openMessages(messages, "whole")) {
    for (const message of opened) {
      const place = places?.get(message);
      const thread = place === undefined ? {} : { thread: { root: roots.get(place.root), depth: place.depth } };
      const more = { ...thread, ...(await readDetails(stored, message, details)) };
      terminal.out(await jsonLine(stored, message, more));
    }
  }
}
