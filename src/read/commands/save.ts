/** The save, copy, write and move commands, which append messages to a file. */

import { expandFileName, storeOptions } from "../../config/paths.ts";
import { splitLastWord } from "../../config/words.ts";
import { Exit, MailError, UserMistake } from "../../errors.ts";
import { type Appended, appendBytes } from "../../mailbox/append.ts";
import { gatherMessages } from "../../mailbox/gathered.ts";
import { Flag, type Mailbox } from "../../mailbox/mailbox.ts";
import { MessageUnreadable } from "../../mailbox/mailbox-errors.ts";
import { readHeader } from "../../mailbox/windows.ts";
import { fileNamedAfter } from "../../message/file-named-after.ts";
import { isServerAddress } from "../../message/server-name.ts";
import { isSystemError, strerror } from "../../system-error.ts";
import { markMessage } from "../changes/mark.ts";
import { selectMessages, takesMessages } from "../message-list/message-list.ts";
import { authorOf } from "../send/author.ts";
import { bodies, type MessagesToWrite, type Write, wholeMessages } from "../send/write-messages.ts";
import { type Command, declareCommand, type Takes } from "../session/command.ts";
import { makeCurrent, nearestMessage, showAsCurrent } from "../session/cursor.ts";
import { makeInterruptible } from "../session/interrupts.ts";
import type { Session } from "../session/session.ts";
import { partsForm } from "../show/part-files.ts";
import { selectKeptFields } from "../show/print-message.ts";
import { deleteMessages } from "./marking.ts";
import { type PartsToSave, partsToSave, saveParts } from "./parts.ts";

/** A message list followed by a file name. A single word is the file name, even if it is a number. */
const takesListAndFile: Takes<MessagesToWrite | PartsToSave> = {
  synopsis: "[msglist] file",
  parse: async (session, rest, name) => {
    const form = partsForm(rest);
    if (form !== undefined) return partsToSave(session, form);
    const { before: list, word: file } = splitLastWord(rest, session.terminal.rich);
    if (file === "") throw new UserMistake("No file specified.");
    const { folder } = session;
    const listed = folder !== undefined && list.trim() !== "";
    const found = listed ? await selectMessages(session, list, { orElse: "nothing" }) : [];
    if (found === undefined) return undefined;
    const one = folder === undefined || listed ? undefined : nearestMessage(folder, false);
    const messages = one === undefined ? found : [one];
    // If the typed message list selects no message, the file is still created, but nothing is appended to it.
    if (messages.length === 0 && list.trim() === "") throw new UserMistake(`No messages to ${name}.`);
    const path = expandFileName(session, file);
    // As in bsd-mailx, the command fails without an error message if the file name is an empty quoted word.
    return path === "" ? undefined : { messages, path };
  },
};

function saveRow(name: string, summary: string, write: Write, mark: number): Command {
  return declareCommand({
    name,
    task: "file",
    takes: takesListAndFile,
    summary,
    example: `${name} 1-3 +archive`,
    barred: name === "copy" ? [] : ["sending"],
    run: (session, argument) => {
      return "parts" in argument ? saveParts(session, argument) : writeAndMark(session, argument, write, mark);
    },
  });
}

/**
 * Moves messages. If both mailboxes are folders on the same server, moves the messages immediately. Otherwise appends
 * the messages, and marks the originals as deleted.
 */
async function moveMessages(session: Session, argument: MessagesToWrite | PartsToSave): Promise<void> {
  if ("parts" in argument) throw new UserMistake("move: parts cannot be moved; use save -p");
  const { folder, terminal } = session;
  const { messages, path } = argument;
  const moved = isServerAddress(path) ? await folder?.mailbox.transfer?.(messages, path, "move") : undefined;
  if (moved === undefined) await writeAndMark(session, argument, wholeMessages, 0);
  if (folder === undefined) return;
  if (moved === undefined) {
    deleteMessages(folder, messages);
    return;
  }
  const count = `${messages.length} message${messages.length === 1 ? "" : "s"}`;
  terminal.out(`"${path}" ${moved.created ? "[New file]" : "[Appended]"}: ${count} moved at once\n`);
  if (moved.notice !== undefined) terminal.err(`${session.program}: ${moved.notice}\n`);
  makeCurrent(folder, nearestMessage(folder, false) ?? 1);
}

async function writeAndMark(session: Session, argument: MessagesToWrite, write: Write, mark: number): Promise<void> {
  const { folder, terminal } = session;
  // The name is printed after the messages have been written, because a progress bar would overwrite it.
  const name = `"${argument.path}" `;
  try {
    // While a start-up file is being run, no folder is open. As in bsd-mailx, the file is created anyway.
    const { created } =
      folder === undefined
        ? await appendBytes(argument.path, [], storeOptions(session.config))
        : await saveMessages(session, folder.mailbox, argument, write);
    terminal.out(`${name}${created ? "[New file]" : "[Appended]"}\n`);
  } catch (error) {
    terminal.out(name);
    if (!(error instanceof MailError)) throw error;
    const reason =
      error instanceof MessageUnreadable
        ? `${error.message}; nothing was added`
        : isSystemError(error.cause)
          ? `fopen: ${strerror(error.cause)}`
          : error.message;
    // An invalid file name or an interrupt does not change the exit code. A disk error changes the exit code, so that
    // scripts can detect the error.
    const exit = session.interrupted ? Exit.Failure : error.exit;
    if (exit !== Exit.Failure) session.failure = exit;
    throw new MailError(reason, exit, { cause: error });
  }
  if (folder === undefined) return;
  for (const message of argument.messages) {
    showAsCurrent(folder, message);
    markMessage(folder, message, mark);
  }
}

/** Copies messages to a mailbox. On a terminal, Ctrl-C interrupts the copying. */
export async function saveMessages(
  session: Session,
  mailbox: Mailbox,
  argument: MessagesToWrite,
  write: Write,
): Promise<Appended> {
  const { messages, path } = argument;
  const keepsAll = write === wholeMessages && selectKeptFields(session.config.saved) === undefined;
  const copied = keepsAll && isServerAddress(path) ? await mailbox.transfer?.(messages, path, "copy") : undefined;
  if (copied !== undefined) return copied;
  const save = (signal?: AbortSignal) =>
    gatherMessages(mailbox, messages, signal, (stored) => {
      const task = () => write(session, stored, argument, signal);
      return mailbox.readUnderLock?.({ messages, target: path, signal }, task) ?? task();
    });
  if (!session.terminal.inputIsTerminal) return save();
  const undone = `${path}: interrupted; nothing was added`;
  const done = `${path}: interrupted too late; everything was added`;
  return makeInterruptible(session, undone, save, done);
}

/**
 * Returns the table row for a command that saves to a file in the current directory. The file is named after the author
 * of the first message (POSIX mailx).
 */
function authorRow(name: string, summary: string, mark: number): Command {
  return declareCommand({
    name,
    task: "file",
    inFull: true,
    takes: takesMessages(),
    summary,
    example: `${name} 1-3`,
    barred: ["sending"],
    run: async (session, messages) => {
      const { folder } = session;
      const [first] = messages;
      if (folder === undefined || first === undefined) return;
      const path = fileNamedAfter(authorOf(await readHeader(folder.mailbox, first)));
      if (path === undefined) throw new UserMistake(`Message ${first} has no author; name a file.`);
      return writeAndMark(session, { messages, path }, wholeMessages, mark);
    },
  });
}

export const saveCommands: readonly Command[] = [
  saveRow(
    "save",
    "Append messages to a file. When mail quits, the messages are removed from the system mailbox.",
    wholeMessages,
    Flag.Saved,
  ),
  saveRow("copy", "Append messages to a file.", wholeMessages, 0),
  declareCommand({
    name: "move",
    task: "file",
    inFull: true,
    takes: takesListAndFile,
    summary:
      "Append messages to a file, and mark them as deleted. Between folders on the same server, messages are moved immediately.",
    example: "move 1-3 +archive",
    barred: ["sending"],
    run: moveMessages,
  }),
  authorRow("Save", "Save messages in a file named after the author of the first message.", Flag.Saved),
  authorRow("Copy", "Copy messages to a file named after the author of the first message.", 0),
  saveRow("write", "Append the bodies of messages to a file.", bodies, Flag.Saved),
];
