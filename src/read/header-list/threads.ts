/**
 * Threads by Message-ID, References and In-Reply-To (RFC 5322, section 3.6.4).
 *
 * The parent of a message is the nearest message to which it refers. Messages that refer to the same missing message
 * form a thread, in which the first message is the parent of the others. A reference that would create a cycle is
 * ignored.
 *
 * By default, the thread that contains the newest message comes first. Within a thread, replies to the same message are
 * sorted by date.
 */

/**
 * The messages, and the missing messages to which they refer, in arrays indexed by node number. Creating an object for
 * each of a hundred thousand nodes would take longer than the rest of the work.
 */
class Forest {
  /** The message number of each node; 0 if the message is not in the mailbox. */
  readonly messages: number[] = [];
  /** The parent of each node; -1 if it has none. */
  readonly parents: number[] = [];
  readonly ownDates: number[] = [];
  /** The date of the earliest message in each subtree. */
  readonly dates: number[] = [];
  readonly #byId = new Map<string, number>();

  get count(): number {
    return this.messages.length;
  }

  add(): number {
    this.messages.push(0);
    this.parents.push(-1);
    this.ownDates.push(0);
    return this.dates.push(Number.POSITIVE_INFINITY) - 1;
  }

  nodeOf(id: string): number {
    let node = this.#byId.get(id);
    if (node === undefined) {
      node = this.add();
      this.#byId.set(id, node);
    }
    return node;
  }

  /** Sets a node's parent, unless this would create a cycle. */
  attach(node: number, above: number): void {
    let steps = 0;
    for (let up = above; up >= 0; up = this.parents[up] as number) {
      if (up === node || ++steps > longestWay) return;
    }
    this.parents[node] = above;
  }
}

export interface Threads {
  readonly order: readonly number[];
  /** The depth in the thread, by message number. */
  readonly depths: Uint16Array;
}

/** The maximum depth of a thread, far greater than that of real threads. Deeper messages are not linked. */
const longestWay = 2000;

/**
 * Arranges messages in threads.
 *
 * @param ids for each message, its own Message-ID ("" if missing) and the Message-IDs to which it refers, nearest last
 * @param dates the date of each message, in milliseconds
 */
export function threadsOf(
  ids: readonly (readonly string[])[],
  dates: readonly number[],
  { newestLast = false }: { newestLast?: boolean } = {},
): Threads {
  const forest = new Forest();
  const { messages, parents, ownDates } = forest;
  for (const [index, [own = "", ...references]] of ids.entries()) {
    let node = own === "" ? forest.add() : forest.nodeOf(own);
    // A second message with the same Message-ID gets its own node.
    if (messages[node] !== 0) node = forest.add();
    messages[node] = index + 1;
    ownDates[node] = dates[index] ?? 0;
    forest.dates[node] = dates[index] ?? 0;
    let above = -1;
    for (const id of references) {
      const here = forest.nodeOf(id);
      if (above >= 0 && (parents[here] as number) < 0) forest.attach(here, above);
      above = here;
    }
    // A message's own references override those in other messages.
    if (above >= 0) forest.attach(node, above);
  }
  passDatesUp(forest);
  return listThreads(forest, newestLast);
}

function passDatesUp({ count, parents, dates }: Forest): void {
  for (let node = 0; node < count; node++) {
    const date = dates[node] as number;
    for (let up = parents[node] as number; up >= 0 && (dates[up] as number) > date; up = parents[up] as number)
      dates[up] = date;
  }
}

/** Linked lists of each node's children, sorted by date. -1 marks the end of a list. */
interface Children {
  readonly first: Int32Array;
  readonly next: Int32Array;
}

function linkChildren({ count, messages, parents, dates }: Forest): Children {
  const compare = (a: number, b: number) =>
    (dates[a] as number) - (dates[b] as number) || (messages[a] as number) - (messages[b] as number);
  const byDate = Array.from({ length: count }, (_, node) => node).sort(compare);
  const [first, next] = [new Int32Array(count).fill(-1), new Int32Array(count).fill(-1)];
  for (let at = count - 1; at >= 0; at--) {
    const node = byDate[at] as number;
    const parent = parents[node] as number;
    if (parent < 0) continue;
    next[node] = first[parent] as number;
    first[parent] = node;
  }
  return { first, next };
}

interface Thread {
  /**
   * The index of the thread's first message in the list of all threads' messages, and the index after that of its last
   * message.
   */
  readonly start: number;
  readonly end: number;
  readonly newest: number;
  readonly last: number;
}

function listThreads(forest: Forest, newestLast: boolean): Threads {
  const { count, parents } = forest;
  const children = linkChildren(forest);
  const depths = new Uint16Array(count + 1);
  const listed: number[] = [];
  const threads: Thread[] = [];
  for (let root = 0; root < count; root++) {
    if ((parents[root] as number) >= 0) continue;
    const start = listed.length;
    const newest = listThread(forest, children, root, listed, depths);
    threads.push({ start, end: listed.length, newest, last: listed.length > start ? (listed.at(-1) as number) : 0 });
  }
  threads.sort((a, b) => b.newest - a.newest || b.last - a.last);
  if (newestLast) threads.reverse();
  const order: number[] = [];
  for (const { start, end } of threads) for (let at = start; at < end; at++) order.push(listed[at] as number);
  return { order, depths };
}

/** Appends the messages of a thread, in display order, to a list, and stores their depths. @returns the newest date */
function listThread(
  { messages, ownDates }: Forest,
  { first, next }: Children,
  root: number,
  listed: number[],
  depths: Uint16Array,
): number {
  let newest = Number.NEGATIVE_INFINITY;
  const waiting = [{ node: root, depth: 0 }];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const { node, depth } = place;
    const message = messages[node] as number;
    if (message !== 0) {
      listed.push(message);
      depths[message] = depth;
      newest = Math.max(newest, ownDates[node] as number);
    }
    const children: number[] = [];
    for (let child = first[node] as number; child >= 0; child = next[child] as number) children.push(child);
    for (let at = children.length - 1; at >= 0; at--) {
      const isLower = message !== 0 || at > 0;
      waiting.push({ node: children[at] as number, depth: isLower ? depth + 1 : depth });
    }
  }
  return newest;
}
