/**
 * Sorts messages for the header list. If a mailbox keeps facts, it also keeps the rank of each message by sender and by
 * subject, so that a later session compares only the messages that have arrived since then.
 */
import { type Mailbox, type RankedKey, unknownRank } from "../../mailbox/mailbox.ts";
import { Candidate } from "../query/candidate.ts";
import { columnOf, listMessages, type Pause, readSortKey } from "./sort-columns.ts";

/** All messages are sorted again if the ranks of more than this fraction of them are unknown. */
const smallPart = 1 / 32;

export type SortKey = RankedKey | "date" | "size";

/** Returns all messages sorted by a key; messages with equal keys are in ascending order of their numbers. */
export async function sortByKey(
  mailbox: Mailbox,
  key: SortKey,
  isDescending: boolean,
  pause: Pause,
): Promise<readonly number[]> {
  if (key === "size") return sortBySize(mailbox, isDescending);
  if (key !== "date") return sortByText(mailbox, key, isDescending, pause);
  return sortByValues(await columnOf(mailbox, key, pause), isDescending);
}

/** Returns all messages sorted by sender or subject; messages with equal keys are in ascending order. */
async function sortByText(
  mailbox: Mailbox,
  key: RankedKey,
  isDescending: boolean,
  pause: Pause,
): Promise<readonly number[]> {
  const messages = listMessages(mailbox);
  mailbox.prepareFacts?.(messages);
  const ranks = mailbox.ranks?.(key);
  if (ranks === undefined) return sortByValues(await columnOf(mailbox, key, pause), isDescending);
  const unranked = messages.filter((message) => ranks[message - 1] === unknownRank);
  if (unranked.length > mailbox.count * smallPart) {
    rankByValues(ranks, await columnOf(mailbox, key, pause));
    mailbox.keepRanks?.(key, ranks);
    unranked.length = 0;
  }
  const ranked = sortByRanks(ranks, isDescending);
  if (unranked.length === 0) return ranked;
  for await (const { stored } of mailbox.openMessages(messages, "facts"))
    return mergeUnranked(ranked, unranked, isDescending, (message) => readSortKey(key, new Candidate(stored, message)));
  return ranked;
}

/** Sets the rank of each message to the number of distinct values that precede its value. */
function rankByValues(ranks: Uint32Array, values: readonly string[]): void {
  let rank = 0;
  let before: number | undefined;
  for (const message of sortByValues(values, false)) {
    if (before !== undefined && values[message - 1] !== values[before - 1]) rank++;
    ranks[message - 1] = rank;
    before = message;
  }
}

/** Returns the messages whose rank is known, sorted by rank. */
function sortByRanks(ranks: Uint32Array, isDescending: boolean): number[] {
  // At first, the number of messages with each rank; later, the position of the next message with that rank.
  const positions = new Uint32Array(ranks.length);
  for (const rank of ranks) if (rank !== unknownRank) (positions[rank] as number)++;
  let total = 0;
  for (let index = 0; index < positions.length; index++) {
    const rank = isDescending ? positions.length - 1 - index : index;
    const count = positions[rank] as number;
    positions[rank] = total;
    total += count;
  }
  const order = new Array<number>(total).fill(0);
  for (let index = 0; index < ranks.length; index++) {
    const rank = ranks[index] as number;
    if (rank !== unknownRank) order[(positions[rank] as number)++] = index + 1;
  }
  return order;
}

/**
 * Inserts messages without a rank into a sorted list.
 *
 * @param readKey returns the value by which a message is sorted
 */
function mergeUnranked(
  ranked: readonly number[],
  unranked: readonly number[],
  isDescending: boolean,
  readKey: (message: number) => string,
): number[] {
  const sign = isDescending ? -1 : 1;
  const compare = (a: string, b: string) => (a < b ? -sign : a > b ? sign : 0);
  const keyed = unranked.map((message) => ({ message, key: readKey(message) }));
  keyed.sort((a, b) => compare(a.key, b.key) || a.message - b.message);
  const merged: number[] = [];
  let copied = 0;
  for (const { message, key } of keyed) {
    let [low, high] = [copied, ranked.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = ranked[middle] as number;
      if ((compare(readKey(other), key) || other - message) < 0) low = middle + 1;
      else high = middle;
    }
    while (copied < low) merged.push(ranked[copied++] as number);
    merged.push(message);
  }
  while (copied < ranked.length) merged.push(ranked[copied++] as number);
  return merged;
}

/** Returns all messages sorted by size. Messages of equal size are in ascending order of message number. */
async function sortBySize(mailbox: Mailbox, isDescending: boolean): Promise<readonly number[]> {
  const sorted = await mailbox.sortBySize?.(isDescending);
  if (sorted !== undefined) return sorted;
  const sizes: number[] = [];
  for await (const { messages, stored } of mailbox.openMessages(listMessages(mailbox), "facts"))
    for (const message of messages) sizes.push(stored.size(message));
  return sortByValues(sizes, isDescending);
}

/**
 * Returns all messages sorted by their values. Messages with equal values are in ascending order of message number.
 *
 * @param values the value of each message; that of the first message is at index 0
 */
function sortByValues(values: readonly (number | string)[], isDescending: boolean): number[] {
  const sign = isDescending ? -1 : 1;
  const messages = Array.from(values.keys(), (index) => index + 1);
  return messages.sort((a, b) => {
    const [first, second] = [values[a - 1] as number | string, values[b - 1] as number | string];
    return first < second ? -sign : first > second ? sign : a - b;
  });
}
