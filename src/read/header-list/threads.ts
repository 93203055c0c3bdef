/**
 * Threads by Message-ID, References and In-Reply-To (RFC 5322, section 3.6.4).
 *
 * The parent of a message is the nearest message to which it refers. Messages that refer to the same missing message
 * form a thread: the first is the parent of the others. A reference that would create a cycle is ignored.
 *
 * By default, the thread with the newest message is first. Within a thread, the messages are in the order of their dates.
 */

interface Node {
  /** The message number; 0 if the message is not in the mailbox. */
  message: number;
  parent: Node | undefined;
  readonly children: Node[];
  ownDate: number;
  /** The date of the earliest message in the subtree. */
  date: number;
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
 * @param ids for each message its own Message-ID ("" if missing) and those to which it refers, nearest last
 * @param dates for each message, in milliseconds
 */
export function threadsOf(
  ids: readonly (readonly string[])[],
  dates: readonly number[],
  { newestLast = false }: { newestLast?: boolean } = {},
): Threads {
  const nodes = new Map<string, Node>();
  const all: Node[] = [];
  const make = (): Node => {
    const node: Node = { message: 0, parent: undefined, children: [], ownDate: 0, date: Number.POSITIVE_INFINITY };
    all.push(node);
    return node;
  };
  const nodeOf = (id: string): Node => {
    const known = nodes.get(id);
    if (known !== undefined) return known;
    const node = make();
    nodes.set(id, node);
    return node;
  };
  for (const [index, [own = "", ...references]] of ids.entries()) {
    let node = own === "" ? make() : nodeOf(own);
    // A second message with the same Message-ID gets its own node.
    if (node.message !== 0) node = make();
    node.message = index + 1;
    node.ownDate = dates[index] ?? 0;
    node.date = node.ownDate;
    let above: Node | undefined;
    for (const id of references) {
      const here = nodeOf(id);
      if (above !== undefined && here.parent === undefined) attachToParent(here, above);
      above = here;
    }
    // A message's own references override those in other messages.
    if (above !== undefined) attachToParent(node, above);
  }
  return walkThreads(all, newestLast);
}

function attachToParent(node: Node, above: Node): void {
  let steps = 0;
  for (let up: Node | undefined = above; up !== undefined; up = up.parent) {
    if (up === node || ++steps > longestWay) return;
  }
  node.parent = above;
}

function walkThreads(all: readonly Node[], newestLast: boolean): Threads {
  for (const node of all) {
    node.parent?.children.push(node);
    for (let up = node.parent; up !== undefined && up.date > node.date; up = up.parent) up.date = node.date;
  }
  const depths = new Uint16Array(all.length + 1);
  const threads = all.filter(({ parent }) => parent === undefined).map((root) => listThread(root, depths));
  threads.sort((a, b) => b.newest - a.newest || (b.messages.at(-1) ?? 0) - (a.messages.at(-1) ?? 0));
  if (newestLast) threads.reverse();
  return { order: threads.flatMap(({ messages }) => messages), depths };
}

/** Returns the messages of a thread in display order, and stores their depths. */
function listThread(root: Node, depths: Uint16Array): { messages: number[]; newest: number } {
  const messages: number[] = [];
  let newest = Number.NEGATIVE_INFINITY;
  const waiting = [{ node: root, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, depth } = next;
    if (node.message !== 0) {
      messages.push(node.message);
      depths[node.message] = depth;
      newest = Math.max(newest, node.ownDate);
    }
    const children = node.children.sort((a, b) => a.date - b.date || a.message - b.message);
    for (let at = children.length - 1; at >= 0; at--) {
      const lower = node.message !== 0 || at > 0;
      waiting.push({ node: children[at] as Node, depth: lower ? depth + 1 : depth });
    }
  }
  return { messages, newest };
}
