/** The headers, z, from, size and = commands, which describe messages without printing them. */

import { UserMistake } from "../../errors.ts";
import {
  printHeaderLines,
  reportDisplayOrder,
  showWindow,
  windowSize,
  windowStart,
} from "../header-list/header-window.ts";
import { takesMessages } from "../message-list/message-list.ts";
import { type Command, declareCommand, type Takes } from "../session/command.ts";
import { makeCurrent } from "../session/cursor.ts";
import { countPlaces, messageAt, placeOf } from "../session/display-order.ts";
import type { Session } from "../session/session.ts";

const takesSign: Takes<string> = { synopsis: "[+ | -]", parse: (_session, rest) => rest.trim() };

async function showHeaderScreen(session: Session, [message]: readonly number[]): Promise<void> {
  const { folder } = session;
  if (folder === undefined || message === undefined) return;
  folder.screen = windowStart(placeOf(folder, message), windowSize(session));
  // As in bsd-mailx, the first message in the window becomes current, unless the argument is the current message.
  makeCurrent(folder, folder.current === message ? message : messageAt(folder, folder.screen));
  await showWindow(session, folder);
}

async function scrollHeaders(session: Session, argument: string): Promise<boolean> {
  const { folder, terminal } = session;
  const size = windowSize(session);
  const sign = argument[0] ?? "+";
  if (sign !== "+" && sign !== "-") throw new UserMistake(`Unrecognized scrolling command "${argument}"`);
  const start = windowStart(folder?.screen ?? 1, size) + (sign === "-" ? -size : size);
  if (start < 1) terminal.out("On first screenful of messages\n");
  else if (folder === undefined || start > countPlaces(folder)) terminal.out("On last screenful of messages\n");
  else {
    folder.screen = start;
    makeCurrent(folder, messageAt(folder, start));
    return showWindow(session, folder);
  }
  return true;
}

export const headerCommands: readonly Command[] = [
  declareCommand({
    name: "headers",
    task: "read",
    takes: takesMessages(),
    summary: "List the page of headers that includes a message.",
    example: "h 40",
    barred: ["sending"],
    run: showHeaderScreen,
  }),
  declareCommand({
    name: "z",
    task: "read",
    takes: takesSign,
    summary: "List the next page of headers; with -, list the previous page.",
    example: "z-",
    run: scrollHeaders,
  }),
  declareCommand({
    name: "from",
    task: "read",
    takes: takesMessages(),
    summary: "List the header lines of messages.",
    example: "f ann",
    barred: ["sending"],
    run: async (session, messages) => {
      const { folder } = session;
      if (folder === undefined) return;
      if (messages.length > 1) reportDisplayOrder(session, folder);
      if (await printHeaderLines(session, folder, messages)) makeCurrent(folder, messages.at(-1) ?? folder.current);
    },
  }),
  declareCommand({
    name: "size",
    task: "read",
    takes: takesMessages(),
    summary: "Show the number of lines and bytes in each message.",
    example: "size *",
    barred: ["sending"],
    run: async ({ folder, terminal }, messages) => {
      if (folder === undefined) return;
      for await (const { messages: opened, stored } of folder.mailbox.openMessages(messages, "header")) {
        for (const message of opened) {
          const { lines, characters } = stored.counts(message);
          terminal.out(`${message}: ${lines === undefined ? "" : `${lines}/`}${characters}\n`);
        }
      }
    },
  }),
  declareCommand({
    name: "=",
    task: "read",
    takes: { synopsis: "", parse: () => true },
    summary: "Show the number of the current message.",
    example: "=",
    barred: ["sending"],
    run: ({ folder, terminal }) => {
      terminal.out(`${folder?.current || 1}\n`);
    },
  }),
];
