/**
 * The keys by which the header list can be sorted. Message numbers, ranges, ^ and $ are not affected by sorting.
 * The display order determines the header windows, the next and previous message, and the order in which commands
 * process messages.
 */
export const sortKeys = ["date", "from", "subject", "size", "thread"] as const;

export interface DisplayOrder {
  /** A description such as `Sorted by date`. */
  readonly inWords: string;
  /** The numbers of the listed messages in display order. Messages in collapsed threads are not listed. */
  readonly order: readonly number[];
  /**
   * The place of each message, counted from 1 and indexed by message number. A message that is not listed has the place
   * of the message that hides it.
   */
  readonly places: Uint32Array;
  readonly threads?: ThreadOrder;
}

export interface ThreadOrder {
  /** All message numbers, including those in collapsed threads. */
  readonly order: readonly number[];
  /** The index of each message in `order`, by message number. */
  readonly indexes: Uint32Array;
  /** The depth of each message in its thread, by message number. */
  readonly depths: Uint16Array;
  /** The messages whose replies are hidden. */
  readonly collapsed: ReadonlySet<number>;
}

/** The position of a listed message in its thread. */
export interface Branch {
  readonly message: number;
  /** The branch of the message above to which this one replies; undefined for the first message of the thread. */
  readonly parent: Branch | undefined;
  /** Whether another listed reply to the same message follows. */
  hasNext: boolean;
}

/** The messages that a collapsed message hides. */
export interface HiddenReplies {
  readonly count: number;
  readonly unread: number;
}

/**
 * Returns a display order.
 *
 * @param order message numbers
 */
export function makeDisplayOrder(inWords: string, order: readonly number[]): DisplayOrder {
  const places = new Uint32Array(order.length + 1);
  for (const [index, message] of order.entries()) places[message] = index + 1;
  return { inWords, order, places };
}

/** Returns the display order of threads, in which the replies to collapsed messages are not listed. */
export function makeThreadOrder(inWords: string, threads: Omit<ThreadOrder, "indexes">): DisplayOrder {
  const { depths, collapsed } = threads;
  const indexes = new Uint32Array(threads.order.length + 1);
  const places = new Uint32Array(threads.order.length + 1);
  const order: number[] = [];
  let hiddenBelow = Number.POSITIVE_INFINITY;
  for (const [index, message] of threads.order.entries()) {
    indexes[message] = index;
    const depth = depths[message] as number;
    if (depth <= hiddenBelow) {
      order.push(message);
      hiddenBelow = collapsed.has(message) ? depth : Number.POSITIVE_INFINITY;
    }
    places[message] = order.length;
  }
  return { inWords, order, places, threads: { ...threads, indexes } };
}

/** The part of a folder that determines its display order. */
interface Listed {
  readonly displayOrder?: DisplayOrder;
  readonly mailbox: { readonly count: number };
}

/** Returns the number of messages that arrived after sorting. They are listed at the end. */
export function countNewcomers({ displayOrder, mailbox }: Listed): number {
  return displayOrder === undefined ? 0 : mailbox.count - (displayOrder.places.length - 1);
}

/** Returns the number of places in the list. */
export function countPlaces(folder: Listed): number {
  const { displayOrder, mailbox } = folder;
  return displayOrder === undefined ? mailbox.count : displayOrder.order.length + countNewcomers(folder);
}

/** Returns the place of a message in the list, from 1. */
export function placeOf({ displayOrder }: Pick<Listed, "displayOrder">, message: number): number {
  if (displayOrder === undefined) return message;
  const { order, places } = displayOrder;
  return places[message] ?? message - (places.length - 1) + order.length;
}

/** Returns the message at a place in the list; both are counted from 1. */
export function messageAt({ displayOrder }: Pick<Listed, "displayOrder">, place: number): number {
  if (displayOrder === undefined) return place;
  const { order, places } = displayOrder;
  return order[place - 1] ?? place - order.length + places.length - 1;
}

/** Returns messages in the display order. Messages in collapsed threads are included. */
export function sortForDisplay(
  { displayOrder }: Pick<Listed, "displayOrder">,
  messages: readonly number[],
): readonly number[] {
  if (displayOrder === undefined) return messages;
  const ranks = displayOrder.threads?.indexes ?? displayOrder.places;
  return [...messages].sort((a, b) => (ranks[a] ?? a) - (ranks[b] ?? b));
}
