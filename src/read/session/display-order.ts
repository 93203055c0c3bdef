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
   * The position of each message in the list, indexed by message number. Positions are counted from 1. A hidden message
   * has the position of the message that hides it.
   */
  readonly places: Uint32Array;
  readonly threads?: ThreadOrder;
}

export interface ThreadOrder {
  /** All message numbers, including those in collapsed threads. */
  readonly order: readonly number[];
  /** The index of each message in `order`; the array is indexed by message number. */
  readonly indexes: Uint32Array;
  /** The depth of each message in its thread; the array is indexed by message number. */
  readonly depths: Uint16Array;
  /** The messages whose replies are hidden. */
  readonly collapsed: ReadonlySet<number>;
}

/** The position of a listed message in its thread. */
export interface Branch {
  readonly message: number;
  /** The branch of the message to which this message replies; undefined for the first message of the thread. */
  readonly parent: Branch | undefined;
  /** Whether the list contains a later reply to this message's parent. */
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
  for (let index = 0; index < order.length; index++) places[order[index] as number] = index + 1;
  return { inWords, order, places };
}

/** Returns the display order of a threaded list, which omits the replies to collapsed messages. */
export function makeThreadOrder(inWords: string, threads: Omit<ThreadOrder, "indexes">): DisplayOrder {
  const { depths, collapsed } = threads;
  const indexes = new Uint32Array(threads.order.length + 1);
  const places = new Uint32Array(threads.order.length + 1);
  const order: number[] = [];
  let hiddenBelow = Number.POSITIVE_INFINITY;
  for (let index = 0; index < threads.order.length; index++) {
    const message = threads.order[index] as number;
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

/** The properties of a folder that determine its display order. */
interface Listed {
  readonly displayOrder?: DisplayOrder;
  readonly mailbox: { readonly count: number };
}

/** Returns the number of messages that arrived after the list was sorted. New messages are listed at the end. */
export function countNewcomers({ displayOrder, mailbox }: Listed): number {
  return displayOrder === undefined ? 0 : mailbox.count - (displayOrder.places.length - 1);
}

/** Returns the number of positions in the list. */
export function countPlaces(folder: Listed): number {
  const { displayOrder, mailbox } = folder;
  return displayOrder === undefined ? mailbox.count : displayOrder.order.length + countNewcomers(folder);
}

/** Returns the position of a message in the list, counted from 1. */
export function placeOf({ displayOrder }: Pick<Listed, "displayOrder">, message: number): number {
  if (displayOrder === undefined) return message;
  const { order, places } = displayOrder;
  return places[message] ?? message - (places.length - 1) + order.length;
}

/** Returns the number of the message at a position in the list. Positions are counted from 1. */
export function messageAt({ displayOrder }: Pick<Listed, "displayOrder">, place: number): number {
  if (displayOrder === undefined) return place;
  const { order, places } = displayOrder;
  return order[place - 1] ?? place - order.length + places.length - 1;
}

/** Returns messages in display order, including messages in collapsed threads. */
export function sortForDisplay(
  { displayOrder }: Pick<Listed, "displayOrder">,
  messages: readonly number[],
): readonly number[] {
  if (displayOrder === undefined) return messages;
  const ranks = displayOrder.threads?.indexes ?? displayOrder.places;
  return [...messages].sort((a, b) => (ranks[a] ?? a) - (ranks[b] ?? b));
}
