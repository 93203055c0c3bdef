/**
 * An order of the header list that is not the mailbox's. Numbers, ranges, ^ and $ go on meaning the mailbox's; windows,
 * the next and the previous message, and the order in which a list's messages are taken follow the view.
 */
export const sortKeys = ["date", "from", "subject", "size", "thread"] as const;

export interface DisplayOrder {
  /** `Sorted by date`. */
  readonly inWords: string;
  /** Messages in their order. */
  readonly order: readonly number[];
  /** From 1, by message number. */
  readonly places: Uint32Array;
  /** How far a message stands in, by message number: whose answer it is. */
  readonly depths?: Uint16Array;
}

/** Returns a display order. @param order message numbers @param depths in their threads, by message */
export function makeDisplayOrder(inWords: string, order: readonly number[], depths?: Uint16Array): DisplayOrder {
  const places = new Uint32Array(order.length + 1);
  for (const [index, message] of order.entries()) places[message] = index + 1;
  return { inWords, order, places, ...(depths === undefined ? {} : { depths }) };
}

/** A folder. */
interface Listed {
  readonly displayOrder?: DisplayOrder;
}

/** Where a message stands in the list, from 1. What came after the view was made stands behind it. */
export function placeOf({ displayOrder }: Listed, message: number): number {
  return displayOrder?.places[message] || message;
}

/** Returns the message at a place of the display order; both count from 1. */
export function messageAt({ displayOrder }: Listed, place: number): number {
  return displayOrder?.order[place - 1] ?? place;
}

/** Returns messages in the display order. */
export function sortForDisplay(folder: Listed, messages: readonly number[]): readonly number[] {
  if (folder.displayOrder === undefined) return messages;
  return [...messages].sort((a, b) => placeOf(folder, a) - placeOf(folder, b));
}

const deepest = 9;

/** What stands before a subject in a thread. */
export function threadMark({ displayOrder }: Listed, message: number): string {
  const depth = Math.min(displayOrder?.depths?.[message] ?? 0, deepest);
  return depth === 0 ? "" : `${"  ".repeat(depth - 1)}\`-> `;
}
