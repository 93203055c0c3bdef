/** Draws the bars and branches that connect the listed messages of a thread. */

import { Flag } from "../../mailbox/mailbox.ts";
import { isDeleted } from "../session/cursor.ts";
import { type Branch, countPlaces, type HiddenReplies, messageAt, placeOf } from "../session/display-order.ts";
import type { Folder, ThreadPosition } from "../session/session.ts";

/** The characters from which a tree is drawn. */
export interface TreeCharacters {
  readonly bar: string;
  readonly branch: string;
  readonly lastBranch: string;
  readonly arrow: string;
  /** Stands for the levels that are omitted because there is no room for them. */
  readonly omission: string;
}

export const unicodeTree: TreeCharacters = { bar: "┃", branch: "┣", lastBranch: "┗", arrow: "▸", omission: "…" };
export const asciiTree: TreeCharacters = { bar: "|", branch: "|", lastBranch: "`", arrow: "->", omission: "..." };

/**
 * Returns the part of the tree that precedes a message's subject; an empty string for the first message of a thread.
 *
 * @param most the maximum number of characters; the outer levels of a longer tree are omitted
 */
export function drawBranch(branch: Branch, tree: TreeCharacters, most: number): string {
  if (branch.parent === undefined) return "";
  let drawn = `${branch.hasNext ? tree.branch : tree.lastBranch}${tree.arrow}`;
  for (let upper = branch.parent; upper.parent !== undefined; upper = upper.parent) {
    if (drawn.length + (upper.parent.parent === undefined ? 1 : 1 + tree.omission.length) > most)
      return tree.omission + drawn;
    drawn = `${upper.hasNext ? tree.bar : " "}${drawn}`;
  }
  return drawn;
}

const widestAsciiTree = 12;

/**
 * Returns the text that precedes the subject in output that does not go to a terminal: the tree, and the number of
 * hidden messages.
 */
export function formatPlainPosition(thread: ThreadPosition | undefined): string {
  if (thread === undefined) return "";
  const drawn = thread.branch === undefined ? "" : drawBranch(thread.branch, asciiTree, widestAsciiTree);
  return `${drawn === "" ? "" : `${drawn} `}${formatHidden(thread.hidden)}`;
}

/** Returns a note such as `[4 hidden, 1 unread] `, or an empty string if no messages are hidden. */
export function formatHidden({ count, unread }: HiddenReplies): string {
  return count === 0 ? "" : `[${count} hidden${unread === 0 ? "" : `, ${unread} unread`}] `;
}

/**
 * Returns a function that finds the branch of a message, or undefined if the message is not in a thread. The function
 * is valid until a message is marked.
 */
export function branchFinder(folder: Folder): (message: number) => Branch | undefined {
  const threads = folder.displayOrder?.threads;
  if (threads === undefined) return () => undefined;
  const branches = new Map<number, Branch>();
  return (message) => {
    if (!branches.has(message)) {
      let first = placeOf(folder, message);
      while ((threads.depths[messageAt(folder, first)] ?? 0) > 0) first--;
      for (const branch of findBranches(folder, threads.depths, first)) branches.set(branch.message, branch);
    }
    return branches.get(message);
  };
}

/** A message on the path from the first message of a thread to the message being processed. */
interface Step {
  readonly depth: number;
  /** Undefined for a deleted message, until its first reply replaces it in the tree. */
  branch: Branch | undefined;
  readonly parent: Branch | undefined;
}

/**
 * Returns the branches of the thread that begins at the given position. Deleted messages are not listed, and have no
 * branches.
 */
function findBranches(folder: Folder, depths: Uint16Array, first: number): Branch[] {
  const branches: Branch[] = [];
  const path: Step[] = [];
  const last = new Map<Branch | undefined, Branch>();
  for (let place = first; place <= countPlaces(folder); place++) {
    const message = messageAt(folder, place);
    const depth = depths[message] ?? 0;
    if (place > first && depth === 0) break;
    while ((path.at(-1)?.depth ?? -1) >= depth) path.pop();
    const above = path.at(-1);
    const parent = above === undefined ? undefined : (above.branch ?? above.parent);
    if (isDeleted(folder, message)) {
      path.push({ depth, branch: undefined, parent });
      continue;
    }
    const branch: Branch = { message, parent, hasNext: false };
    const before = last.get(parent);
    if (before !== undefined) before.hasNext = true;
    last.set(parent, branch);
    for (let at = path.length - 1; at >= 0 && path[at]?.branch === undefined; at--) (path[at] as Step).branch = branch;
    path.push({ depth, branch, parent });
    branches.push(branch);
  }
  return branches;
}

/** Counts the undeleted messages that a collapsed message hides. */
export function countHidden(folder: Folder, message: number): HiddenReplies {
  const threads = folder.displayOrder?.threads;
  let count = 0;
  let unread = 0;
  if (threads?.collapsed.has(message)) {
    const depth = threads.depths[message] as number;
    for (let index = (threads.indexes[message] as number) + 1; index < threads.order.length; index++) {
      const reply = threads.order[index] as number;
      if ((threads.depths[reply] as number) <= depth) break;
      if (isDeleted(folder, reply)) continue;
      count++;
      if ((folder.mailbox.flags(reply) & Flag.Read) === 0) unread++;
    }
  }
  return { count, unread };
}
