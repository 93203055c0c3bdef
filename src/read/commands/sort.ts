/** The sort, thread, collapse, expand and unsort commands, which change the header list. */

import { joinAlternatives, UserMistake } from "../../errors.ts";
import { showHeaders } from "../header-list/header-window.ts";
import type { Pause } from "../header-list/sort-columns.ts";
import { takesMessages } from "../message-list/message-list.ts";
import { collapseThreads, expandThreads, restoreCollapsed } from "../session/collapse.ts";
import { type Command, declareCommand, type Takes } from "../session/command.ts";
import { takesNothing } from "../session/command-arguments.ts";
import { type DisplayOrder, makeDisplayOrder, makeThreadOrder, sortKeys } from "../session/display-order.ts";
import { isInterrupted } from "../session/interrupts.ts";
import { CommandInterrupted } from "../session/mistakes.ts";
import type { Folder, Session } from "../session/session.ts";

type Key = (typeof sortKeys)[number];

interface Order {
  readonly key: Key;
  /** Whether the message that is latest, alphabetically last or largest comes first. */
  readonly descending: boolean;
}

const takesOrder: Takes<Order | "told"> = {
  synopsis: "[[-]date | from | subject | size | thread]",
  parse: ({ folder, terminal }, rest) => {
    const [, minus = "", word = ""] = /^\s*(-?)(\S*)\s*$/.exec(rest) ?? [];
    if (word === "" && minus === "") {
      terminal.out(`${folder?.displayOrder?.inWords ?? "In the order of the mailbox"}\n`);
      return "told";
    }
    const key = sortKeys.find((name) => word !== "" && name.startsWith(word));
    if (key === undefined) throw new UserMistake(`Can't sort by "${rest.trim()}"; use ${joinAlternatives(sortKeys)}`);
    return { key, descending: minus === "-" };
  },
};

async function sortMessages(session: Session, order: Order): Promise<void> {
  const { folder } = session;
  if (folder === undefined) return;
  const { count } = folder.mailbox;
  const tell = session.terminal.progress("Sorting");
  const pause = async (message: number) => {
    if (await isInterrupted(session)) throw new CommandInterrupted();
    tell(message, count + 1);
  };
  try {
    folder.displayOrder = await (order.key === "thread"
      ? orderByThread(folder, order, pause)
      : orderByKey(folder, order, pause));
  } finally {
    tell(count, count);
  }
  await showHeaders(session);
}

async function orderByKey({ mailbox }: Folder, { key, descending }: Order, pause: Pause): Promise<DisplayOrder> {
  const { sortByKey } = await import("../header-list/sort-by-key.ts");
  const order = await sortByKey(mailbox, key === "thread" ? "date" : key, descending, pause);
  return makeDisplayOrder(`Sorted by ${key}${descending ? ", descending" : ""}`, order);
}

async function orderByThread(
  { mailbox, displayOrder }: Folder,
  { descending }: Order,
  pause: Pause,
): Promise<DisplayOrder> {
  const { readForest } = await import("../header-list/sort-columns.ts");
  const { order, depths } = (await readForest(mailbox, pause)).arrange({ newestLast: descending });
  const collapsed = displayOrder?.threads?.collapsed ?? new Set();
  return makeThreadOrder(`In threads${descending ? ", newest last" : ""}`, { order, depths, collapsed });
}

type Collapse = (folder: Folder, messages: readonly number[]) => number;

/** Hides or shows replies, shows the header list, and records how to undo the change. */
async function changeCollapsed(
  session: Session,
  messages: readonly number[],
  change: Collapse,
  failure: string,
): Promise<void> {
  const { folder } = session;
  if (folder === undefined) return;
  const before = folder.displayOrder?.threads?.collapsed;
  if (before === undefined) throw new UserMistake("The list is not threaded; type thread first");
  const count = change(folder, messages);
  if (count === 0) throw new UserMistake(failure);
  const undone = `${count} ${count === 1 ? "thread" : "threads"} ${change === collapseThreads ? "expanded" : "collapsed"}`;
  folder.history.recordView(undone, () => restoreCollapsed(folder, before));
  await showHeaders(session);
}

export const sortCommands: readonly Command[] = [
  declareCommand({
    name: "sort",
    task: "read",
    takes: takesOrder,
    summary: "Sort the header list; message numbers do not change. With no arguments, show the current order.",
    example: "sort -date",
    barred: ["sending"],
    run: (session, order) => (order === "told" ? undefined : sortMessages(session, order)),
  }),
  declareCommand({
    name: "thread",
    task: "read",
    takes: takesNothing,
    summary:
      "Show messages and their replies as a tree; the thread that contains the newest message comes first. Same as sort thread.",
    example: "thread",
    barred: ["sending"],
    run: (session) => sortMessages(session, { key: "thread", descending: false }),
  }),
  declareCommand({
    name: "collapse",
    task: "read",
    takes: takesMessages(),
    summary:
      "In a threaded list, hide the replies to messages. If a message has no replies, collapse its whole thread.",
    example: "collapse *",
    barred: ["sending"],
    run: (session, messages) => changeCollapsed(session, messages, collapseThreads, "No replies to hide"),
  }),
  declareCommand({
    name: "expand",
    synonyms: ["uncollapse"],
    task: "read",
    takes: takesMessages(),
    summary: "Show the hidden replies to messages again. Printing a collapsed message does the same.",
    example: "expand *",
    barred: ["sending"],
    run: (session, messages) => changeCollapsed(session, messages, expandThreads, "No hidden replies"),
  }),
  declareCommand({
    name: "unsort",
    task: "read",
    takes: takesNothing,
    summary: "Show the header list in mailbox order again.",
    example: "unsort",
    barred: ["sending"],
    run: async (session) => {
      if (session.folder === undefined) return;
      delete session.folder.displayOrder;
      await showHeaders(session);
    },
  }),
];
