/**
 * An order of the header list that is not the mailbox's. Numbers, ranges, ^ and $ go on meaning the mailbox's; windows,
 * the next and the previous message, and the order in which a list's messages are taken follow the view.
 */
export const sortKeys = ["date", "from", "subject", "size", "thread"] as const;

export interface View {
  /** `Sorted by date`. */
  readonly inWords: string;
  /** Messages in their order. */
  readonly order: readonly number[];
  /** From 1, by message number. */
  readonly places: Uint32Array;
  /** How far a message stands in, by message number: whose answer it is. */
  readonly depths?: Uint16Array;
}

export function viewOf(inWords: string, order: readonly number[], depths?: Uint16Array): View {
  const places = new Uint32Array(order.length + 1);
  for (const [index, message] of order.entries()) places[message] = index + 1;
  return { inWords, order, places, ...(depths === undefined ? {} : { depths }) };
}

/** A folder. */
interface Listed {
  readonly view?: View;
}

/** Where a message stands in the list, from 1. What came after the view was made stands behind it. */
export function placeOf({ view }: Listed, message: number): number {
  return view?.places[message] || message;
}

export function messageAt({ view }: Listed, place: number): number {
  return view?.order[place - 1] ?? place;
}

export function inViewOrder(folder: Listed, messages: readonly number[]): readonly number[] {
  if (folder.view === undefined) return messages;
  return [...messages].sort((a, b) => placeOf(folder, a) - placeOf(folder, b));
}

const deepest = 9;

/** What stands before a subject in a thread. */
export function threadMark({ view }: Listed, message: number): string {
  const depth = Math.min(view?.depths?.[message] ?? 0, deepest);
  return depth === 0 ? "" : `${"  ".repeat(depth - 1)}\`-> `;
}
