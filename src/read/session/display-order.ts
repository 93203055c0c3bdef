/**
 * The keys by which the header list can be sorted. Message numbers, ranges, ^ and $ are not affected by sorting.
 * The display order determines the header windows, the next and previous message, and the order in which commands
 * process messages.
 */
export const sortKeys = ["date", "from", "subject", "size", "thread"] as const;

export interface DisplayOrder {
  /** A description such as `Sorted by date`. */
  readonly inWords: string;
  /** The message numbers in display order. */
  readonly order: readonly number[];
  /** The place of each message, counted from 1 and indexed by message number. */
  readonly places: Uint32Array;
  /** The depth of each message in its thread, indexed by message number. */
  readonly depths?: Uint16Array;
}

/**
 * Returns a display order.
 *
 * @param order message numbers
 * @param depths each message's depth in its thread, by message number
 */
export function makeDisplayOrder(inWords: string, order: readonly number[], depths?: Uint16Array): DisplayOrder {
  const places = new Uint32Array(order.length + 1);
  for (const [index, message] of order.entries()) places[message] = index + 1;
  return { inWords, order, places, ...(depths === undefined ? {} : { depths }) };
}

/** The part of a folder that determines its display order. */
interface Listed {
  readonly displayOrder?: DisplayOrder;
}

/** Returns the place of a message in the list, from 1. Messages that arrived after sorting are at the end. */
export function placeOf({ displayOrder }: Listed, message: number): number {
  return displayOrder?.places[message] || message;
}

/** Returns the message at a place in the display order; both are counted from 1. */
export function messageAt({ displayOrder }: Listed, place: number): number {
  return displayOrder?.order[place - 1] ?? place;
}

/** Returns messages in the display order. */
export function sortForDisplay(folder: Listed, messages: readonly number[]): readonly number[] {
  if (folder.displayOrder === undefined) return messages;
  return [...messages].sort((a, b) => placeOf(folder, a) - placeOf(folder, b));
}

const deepest = 9;

/** Returns the indentation and arrow that precede the subject of a reply in a thread. */
export function threadMark({ displayOrder }: Listed, message: number): string {
  const depth = Math.min(displayOrder?.depths?.[message] ?? 0, deepest);
  return depth === 0 ? "" : `${"  ".repeat(depth - 1)}\`-> `;
}
