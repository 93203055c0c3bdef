/** The next, print, more and top commands, and their variants. */
import { Flag, type StoredMessages } from "../../mailbox/mailbox.ts";
import { selectMessages, takesMessages } from "../message-list/message-list.ts";
import { expandThreads } from "../session/collapse.ts";
import { type Command, declareCommand, type Takes } from "../session/command.ts";
import { makeCurrent, showAsCurrent } from "../session/cursor.ts";
import { countPlaces, messageAt, placeOf } from "../session/display-order.ts";
import type { Folder, Session } from "../session/session.ts";
import { partsForm, partsOf } from "../show/part-files.ts";
import { printDecoded, printParts } from "../show/print-decoded.ts";
import { bodyPieces, formatShownBody, type Printing, printMessages } from "../show/print-message.ts";
import { choosePartNumbers, type PartsOfMessages } from "./parts.ts";

/** How many bytes at the end of a message are searched for an empty line. */
const longestEmptyLine = 1024;

const plain: Printing = { allFields: false, paged: false };

/** Prints messages. Each message in turn becomes current and is marked as read. */
export async function showStored(
  session: Session,
  messages: readonly number[],
  printing: Printing = plain,
): Promise<void> {
  const { folder } = session;
  if (folder === undefined) return;
  expandThreads(folder, messages);
  const print = session.config.settings.get("decode") ? printDecoded : printMessages;
  await print(session, folder, messages, printing, makeVisitor(folder));
}

function makeVisitor(folder: Folder): (message: number) => void {
  return (message) => {
    showAsCurrent(folder, message);
    makeCurrent(folder, message);
  };
}

/** Prints only the given parts of each message, as text (`print -p N`). */
async function showParts(session: Session, { messages, parts }: PartsOfMessages, printing: Printing): Promise<void> {
  const { folder } = session;
  if (folder === undefined) return;
  expandThreads(folder, messages);
  const chosen = new Map<number, string>();
  // A missing part is reported before any part is printed.
  for await (const { messages: opened, stored } of folder.mailbox.openMessages(messages, "text")) {
    for (const message of opened) {
      const numbers = await choosePartNumbers(session, stored, message, parts);
      if (numbers === undefined) continue;
      await partsOf(stored, message, numbers);
      chosen.set(message, numbers);
    }
  }
  await printParts(session, folder, messages, printing, makeVisitor(folder), async (stored, message) => {
    const numbers = chosen.get(message);
    return numbers === undefined ? [] : partsOf(stored, message, numbers);
  });
}

const takesMessagesOrParts: Takes<readonly number[] | PartsOfMessages> = {
  synopsis: "[msglist]",
  parse: async (session, rest) => {
    const form = partsForm(rest);
    const messages = await selectMessages(session, form?.rest ?? rest);
    return messages === undefined || form === undefined ? messages : { messages, parts: form.parts };
  },
};

function printRow(name: string, synonym: string, summary: string, printing: Printing): Command {
  return declareCommand({
    name,
    synonyms: [synonym],
    task: "read",
    takes: takesMessagesOrParts,
    summary,
    example: `${name} 1-3`,
    barred: ["sending"],
    run: (session, argument) =>
      "parts" in argument ? showParts(session, argument, printing) : showStored(session, argument, printing),
  });
}

async function printNext(session: Session, messages: readonly number[]): Promise<void> {
  const { folder } = session;
  if (folder === undefined) return;
  const { mailbox, current } = folder;
  const here = placeOf(folder, current);
  const listed = messages.find((message) => placeOf(folder, message) > here) ?? messages[0];
  if (listed !== undefined) return showStored(session, [listed]);
  // bsd-mailx prints nothing in an empty folder.
  if (folder.atStart && mailbox.count === 0) return;
  const skipped = Flag.Deleted | Flag.Saved;
  const last = countPlaces(folder);
  for (let place = folder.atStart ? Math.max(here, 1) : here + 1; place <= last; place++) {
    const message = messageAt(folder, place);
    if ((mailbox.flags(message) & skipped) === 0 || (folder.atStart && message === current))
      return showStored(session, [message]);
  }
  session.terminal.out("At EOF\n");
}

/**
 * Prints the first `toplines` lines (default 5) of each message, starting after the From_ line. No header fields are
 * omitted.
 */
async function printTop(session: Session, messages: readonly number[]): Promise<void> {
  const { folder, terminal, config } = session;
  if (folder === undefined) return;
  const set = config.settings.get("toplines");
  const asked = set === undefined ? 5 : Number.parseInt(set, 10) || 0;
  const lines = 1 + (asked < 0 || asked > 10_000 ? 5 : asked);
  let lastWasEmpty = true;
  expandThreads(folder, messages);
  for await (const { messages: opened, stored } of folder.mailbox.openMessages(messages, "whole")) {
    for (const message of opened) {
      showAsCurrent(folder, message);
      makeCurrent(folder, message);
      terminal.out(`${config.settings.get("quiet") ? "" : `Message ${message}:\n`}${lastWasEmpty ? "" : "\n"}`);
      let end: Uint8Array = Buffer.alloc(0);
      for (const piece of readFirstLines(stored, message, lines)) {
        terminal.out(piece);
        end = Buffer.concat([end, piece]).subarray(-longestEmptyLine);
      }
      if (end.at(-1) !== 10) terminal.out("\n");
      lastWasEmpty = /(^|\n)[ \t]*\n$/.test(Buffer.from(end).toString("latin1"));
    }
  }
}

/** Yields the given number of lines from the start of a stored message, including its From_ line, with LF newlines. */
function* readFirstLines(stored: StoredMessages, message: number, lines: number): Iterable<Uint8Array> {
  let left = lines;
  for (const piece of plainText(stored, message)) {
    let end = 0;
    while (left > 0) {
      const newline = piece.indexOf(10, end);
      if (newline < 0) break;
      end = newline + 1;
      left--;
    }
    yield left > 0 ? piece : piece.subarray(0, end);
    if (left === 0) return;
  }
}

function* plainText(stored: StoredMessages, message: number): Iterable<Uint8Array> {
  yield Buffer.from(stored.header(message).toString("latin1").replaceAll("\r\n", "\n"), "latin1");
  yield* formatShownBody(bodyPieces(stored, message));
}

export const printCommands: readonly Command[] = [
  declareCommand({
    name: "next",
    task: "read",
    takes: takesMessages({ orElse: "nothing" }),
    summary: "Print the next message, or the next message in a list. An empty line does the same.",
    example: "next ann",
    barred: ["sending"],
    run: printNext,
  }),
  printRow("print", "type", "Print messages.", plain),
  printRow("Print", "Type", "Print messages with all their header fields.", { allFields: true, paged: false }),
  printRow("more", "page", "Print messages through the pager.", { allFields: false, paged: true }),
  printRow("More", "Page", "Print messages with all their header fields through the pager.", {
    allFields: true,
    paged: true,
  }),
  declareCommand({
    name: "top",
    task: "read",
    takes: takesMessages(),
    summary: "Print the first lines of messages.",
    example: "top 2-4",
    barred: ["sending"],
    run: printTop,
  }),
];
