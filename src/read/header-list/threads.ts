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

export interface Threads {
  /** The message numbers in display order. */
  readonly order: readonly number[];
  /** The depth of each message in its thread; the array is indexed by message number. */
  readonly depths: Uint16Array;
}

/** The maximum depth of a thread, far greater than that of real threads. Deeper messages are not linked. */
const longestWay = 2000;

/**
 * The messages, and the missing messages to which they refer, in arrays indexed by node number. Creating an object for
 * each of a hundred thousand nodes would take longer than the rest of the work.
 */
export class Forest {
  #messageCount = 0;
  /** The message number of each node; 0 if the message is not in the mailbox. */
  readonly #messages: number[] = [];
  /** The parent of each node; -1 if it has none. */
  readonly #parents: number[] = [];
  /** The date of each node's message, in milliseconds. */
  readonly #dates: number[] = [];
  readonly #byId = new Map<string, number>();

  /** The number of messages that have been added. */
  get messageCount(): number {
    return this.#messageCount;
  }

  /**
   * Adds the message with the next number.
   *
   * @param own its own Message-ID; "" if missing
   * @param references the Message-IDs to which it refers, nearest last
   * @param date its date, in milliseconds
   */
  addMessage(own: string, references: readonly string[], date: number): void {
    let node = own === "" ? this.#addNode() : this.#nodeOf(own);
    // A second message with the same Message-ID gets its own node.
    if (this.#messages[node] !== 0) node = this.#addNode();
    this.#messages[node] = ++this.#messageCount;
    this.#dates[node] = date;
    let above = -1;
    for (const id of references) {
      const here = this.#nodeOf(id);
      if (above >= 0 && (this.#parents[here] as number) < 0) this.#attach(here, above);
      above = here;
    }
    // A message's own references override those in other messages.
    if (above >= 0) this.#attach(node, above);
  }

  #addNode(): number {
    this.#messages.push(0);
    this.#parents.push(-1);
    return this.#dates.push(Number.POSITIVE_INFINITY) - 1;
  }

  #nodeOf(id: string): number {
    let node = this.#byId.get(id);
    if (node === undefined) {
      node = this.#addNode();
      this.#byId.set(id, node);
    }
    return node;
  }

  /** Sets a node's parent, unless this would create a cycle. */
  #attach(node: number, above: number): void {
    let steps = 0;
    for (let up = above; up >= 0; up = this.#parents[up] as number) {
      if (up === node || ++steps > longestWay) return;
    }
    this.#parents[node] = above;
  }

  /** Arranges the messages in threads. */
  arrange({ newestLast = false }: { newestLast?: boolean } = {}): Threads {
    const [messages, parents, dates] = [this.#messages, this.#parents, this.#dates];
    const children = linkChildren({ messages, parents, dates: findEarliestDates(parents, dates) });
    return listThreads({ messages, parents, dates }, children, newestLast);
  }
}

/** The arrays of a forest. */
interface Nodes {
  readonly messages: readonly number[];
  readonly parents: readonly number[];
  readonly dates: ArrayLike<number>;
}

/** Returns the date of the earliest message in each node's subtree. */
function findEarliestDates(parents: readonly number[], dates: readonly number[]): Float64Array {
  const earliest = Float64Array.from(dates);
  for (let node = 0; node < parents.length; node++) {
    const date = earliest[node] as number;
    for (let up = parents[node] as number; up >= 0 && (earliest[up] as number) > date; up = parents[up] as number)
      earliest[up] = date;
  }
  return earliest;
}

/** Linked lists of each node's children, sorted by date. -1 marks the end of a list. */
interface Children {
  readonly first: Int32Array;
  readonly next: Int32Array;
}

function linkChildren({ messages, parents, dates }: Nodes): Children {
  const byDate: number[] = [];
  for (let node = 0; node < parents.length; node++) if ((parents[node] as number) >= 0) byDate.push(node);
  byDate.sort(
    (a, b) => (dates[a] as number) - (dates[b] as number) || (messages[a] as number) - (messages[b] as number),
  );
  const [first, next] = [new Int32Array(parents.length).fill(-1), new Int32Array(parents.length).fill(-1)];
  for (let at = byDate.length - 1; at >= 0; at--) {
    const node = byDate[at] as number;
    const parent = parents[node] as number;
    next[node] = first[parent] as number;
    first[parent] = node;
  }
  return { first, next };
}

function listThreads(nodes: Nodes, children: Children, newestLast: boolean): Threads {
  const { parents } = nodes;
  const listed: number[] = [];
  const depths = new Uint16Array(parents.length + 1);
  const levels = new Uint16Array(parents.length);
  // For each thread, the index in `listed` after its last message.
  const ends: number[] = [];
  const newest: number[] = [];
  for (let root = 0; root < parents.length; root++) {
    if ((parents[root] as number) >= 0) continue;
    const start = listed.length;
    const date = listThread(nodes, children, root, listed, depths, levels);
    // A missing message without replies is not listed.
    if (listed.length === start) continue;
    newest.push(date);
    ends.push(listed.length);
  }
  const last = (thread: number) => listed[(ends[thread] as number) - 1] as number;
  const threads = Array.from(ends.keys()).sort(
    (a, b) => (newest[b] as number) - (newest[a] as number) || last(b) - last(a),
  );
  if (newestLast) threads.reverse();
  const order: number[] = [];
  for (const thread of threads) {
    const end = ends[thread] as number;
    for (let at = ends[thread - 1] ?? 0; at < end; at++) order.push(listed[at] as number);
  }
  return { order, depths };
}

/**
 * Appends the messages of a thread, in display order, to a list, and stores their depths.
 *
 * @param levels receives the depth of each node, including nodes of missing messages
 * @returns the newest date
 */
function listThread(
  { messages, parents, dates }: Nodes,
  { first, next }: Children,
  root: number,
  listed: number[],
  depths: Uint16Array,
  levels: Uint16Array,
): number {
  let newest = Number.NEGATIVE_INFINITY;
  let node = root;
  while (node >= 0) {
    const message = messages[node] as number;
    const level = levels[node] as number;
    if (message !== 0) {
      listed.push(message);
      depths[message] = level;
      newest = Math.max(newest, dates[node] as number);
    }
    // The first reply to a missing message takes its place.
    let lower = message === 0 ? level : level + 1;
    const firstChild = first[node] as number;
    for (let child = firstChild; child >= 0; child = next[child] as number) {
      levels[child] = lower;
      lower = level + 1;
    }
    let above = node;
    node = firstChild;
    while (node < 0 && above !== root) {
      node = next[above] as number;
      above = parents[above] as number;
    }
  }
  return newest;
}
