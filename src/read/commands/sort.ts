/** The commands sort, thread and unsort, which change the order of the header list. */

import { joinAlternatives, UserMistake } from "../../errors.ts";
import type { Mailbox } from "../../mailbox/mailbox.ts";
import { showHeaders } from "../header-list/header-window.ts";
import { type Command, declareCommand, type Takes } from "../session/command.ts";
import { takesNothing } from "../session/command-arguments.ts";
import { type DisplayOrder, makeDisplayOrder, sortKeys } from "../session/display-order.ts";
import { isInterrupted } from "../session/interrupts.ts";
import { CommandInterrupted } from "../session/mistakes.ts";
import type { Folder, Session } from "../session/session.ts";

type Key = (typeof sortKeys)[number];

interface Order {
  readonly key: Key;
  /** Whether the latest, alphabetically last or largest message is first. */
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

type Pause = (message: number) => Promise<void>;

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
      ? orderByThread(folder, pause)
      : orderByKey(folder, order, pause));
  } finally {
    tell(count, count);
  }
  await showHeaders(session);
}

async function orderByKey(folder: Folder, { key, descending }: Order, pause: Pause): Promise<DisplayOrder> {
  const { mailbox } = folder;
  const order = Array.from({ length: mailbox.count }, (_, index) => index + 1);
  const values: readonly (number | string)[] =
    key === "size" ? await listSizes(mailbox, order) : await readSortKeys(folder, key, pause);
  const sign = descending ? -1 : 1;
  order.sort((a, b) => {
    const [first = 0, second = 0] = [values[a - 1], values[b - 1]];
    return first < second ? -sign : first > second ? sign : a - b;
  });
  return makeDisplayOrder(`Sorted by ${key}${descending ? ", descending" : ""}`, order);
}

async function listSizes(mailbox: Mailbox, numbers: readonly number[]): Promise<number[]> {
  const sizes: number[] = [];
  for await (const { messages, stored } of mailbox.openMessages(numbers, "header"))
    for (const message of messages) sizes.push(stored.size(message));
  return sizes;
}

async function readSortKeys({ mailbox }: Folder, key: Key, pause: Pause): Promise<readonly (number | string)[]> {
  const { columnOf } = await import("../header-list/sort-columns.ts");
  return await columnOf(mailbox, key === "from" || key === "subject" ? key : "date", pause);
}

async function orderByThread({ mailbox }: Folder, pause: Pause): Promise<DisplayOrder> {
  const { columnOf } = await import("../header-list/sort-columns.ts");
  const { threadsOf } = await import("../header-list/threads.ts");
  const threading = await columnOf(mailbox, "threading", pause);
  const { order, depths } = threadsOf(
    threading.map(({ ids }) => ids),
    threading.map(({ date }) => date),
  );
  return makeDisplayOrder("In threads", order, depths);
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
    summary: "Show the header list as a tree of messages and replies, as sort thread does.",
    example: "thread",
    barred: ["sending"],
    run: (session) => sortMessages(session, { key: "thread", descending: false }),
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
