/** Hides and shows replies in a threaded list. Hidden messages keep their numbers, and can still be selected. */

import { type DisplayOrder, makeThreadOrder, messageAt, placeOf, type ThreadOrder } from "./display-order.ts";
import type { Folder } from "./session.ts";

/**
 * Hides the replies to messages. If a message has no replies, collapses the thread that contains the message.
 *
 * @returns the number of messages whose replies this function has hidden
 */
export function collapseThreads(folder: Folder, messages: readonly number[]): number {
  const { displayOrder } = folder;
  if (displayOrder?.threads === undefined) return 0;
  const { threads } = displayOrder;
  const selected = new Set(messages);
  const collapsed = new Set(threads.collapsed);
  let first = 0;
  let hiddenBelow = Number.POSITIVE_INFINITY;
  for (const [index, message] of threads.order.entries()) {
    const depth = threads.depths[message] as number;
    if (depth === 0) first = message;
    if (depth > hiddenBelow) continue;
    hiddenBelow = collapsed.has(message) ? depth : Number.POSITIVE_INFINITY;
    if (!selected.has(message) || hiddenBelow === depth) continue;
    const hasReplies = depthAt(threads, index + 1) > depth;
    if (!hasReplies && depth === 0) continue;
    collapsed.add(hasReplies ? message : first);
    hiddenBelow = hasReplies ? depth : 0;
  }
  replaceCollapsed(folder, displayOrder, threads, collapsed);
  return collapsed.size - threads.collapsed.size;
}

function depthAt({ order, depths }: ThreadOrder, index: number): number {
  return depths[order[index] ?? 0] ?? 0;
}

/**
 * Shows messages again, with all their replies and all messages above them.
 *
 * @returns the number of messages whose replies were hidden
 */
export function expandThreads(folder: Folder, messages: readonly number[]): number {
  const { displayOrder } = folder;
  const { threads } = displayOrder ?? {};
  if (displayOrder === undefined || threads === undefined || threads.collapsed.size === 0) return 0;
  const selected = new Set(messages);
  const collapsed = new Set(threads.collapsed);
  const above: { readonly message: number; readonly depth: number; readonly isSelected: boolean }[] = [];
  for (const message of threads.order) {
    const depth = threads.depths[message] as number;
    while ((above.at(-1)?.depth ?? -1) >= depth) above.pop();
    const isSelected = selected.has(message) || above.at(-1)?.isSelected === true;
    if (isSelected) collapsed.delete(message);
    if (selected.has(message)) for (const { message: upper } of above) collapsed.delete(upper);
    above.push({ message, depth, isSelected });
  }
  replaceCollapsed(folder, displayOrder, threads, collapsed);
  return threads.collapsed.size - collapsed.size;
}

/** Hides the replies to these messages, and shows all other replies. Does nothing if the list is not threaded. */
export function restoreCollapsed(folder: Folder, collapsed: ReadonlySet<number>): void {
  const { displayOrder } = folder;
  if (displayOrder?.threads !== undefined) replaceCollapsed(folder, displayOrder, displayOrder.threads, collapsed);
}

function replaceCollapsed(
  folder: Folder,
  { inWords }: DisplayOrder,
  threads: ThreadOrder,
  collapsed: ReadonlySet<number>,
): void {
  folder.displayOrder = makeThreadOrder(inWords, { ...threads, collapsed });
  // A hidden message cannot be the current message.
  folder.current = messageAt(folder, placeOf(folder, folder.current));
}
