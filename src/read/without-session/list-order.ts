/** Orders the messages that --json prints: sorted, or in threads. */
import type { ListForm } from "../../cli/command-line.ts";
import { pushAll } from "../../message/lists.ts";
import { type SortKey, sortByKey } from "../header-list/sort-by-key.ts";
import { readForest } from "../header-list/sort-columns.ts";
import { divideMessages } from "../query/filter.ts";
import type { Folder } from "../session/session.ts";

/** The position of a message in its thread. */
export interface ThreadPlace {
  /** The number of the thread's first message. */
  readonly root: number;
  readonly depth: number;
}

export interface ListedBatch {
  readonly messages: readonly number[];
  /** The position of each message in its thread; set only with --thread. */
  readonly places?: ReadonlyMap<number, ThreadPlace>;
}

const noPause = async () => {};

/**
 * Yields the messages of a list in the order in which they are printed, in batches.
 *
 * @param found yields the messages that the list or query selects
 */
export async function* orderList(
  folder: Folder,
  form: ListForm,
  found: AsyncIterable<readonly number[]>,
): AsyncIterable<ListedBatch> {
  const left = form.limit ?? Number.POSITIVE_INFINITY;
  const selected: number[] = [];
  for await (const batch of found) pushAll(selected, batch);
  if (!form.thread) {
    const sorted = await sortSelected(folder, form.sort ?? "date", selected);
    for (const messages of divideMessages(sorted.slice(0, left))) yield { messages };
    return;
  }
  const { order, places } = await arrangeThreads(folder);
  const wanted = new Set(selected);
  const messages = order.filter((message) => wanted.has(message)).slice(0, left);
  for (const batch of divideMessages(messages)) yield { messages: batch, places };
}

/** @param key a key that the sort command accepts; a minus sign reverses the order */
async function sortSelected({ mailbox }: Folder, key: string, messages: readonly number[]): Promise<readonly number[]> {
  const wanted = new Set(messages);
  const sorted = await sortByKey(mailbox, key.replace("-", "") as SortKey, key.startsWith("-"), noPause);
  return sorted.filter((message) => wanted.has(message));
}

async function arrangeThreads({ mailbox }: Folder): Promise<{
  order: readonly number[];
  places: ReadonlyMap<number, ThreadPlace>;
}> {
  const { order, depths } = (await readForest(mailbox, noPause)).arrange();
  const places = new Map<number, ThreadPlace>();
  let root = 0;
  for (const message of order) {
    const depth = depths[message] ?? 0;
    if (depth === 0) root = message;
    places.set(message, { root, depth });
  }
  return { order, places };
}
