/** When another program has written the mailbox during the session: which of its messages are those that we know. */
import { copyPieces } from "../file-ranges.ts";
import { isStillAt, type Remembered } from "./identities.ts";
import type { MboxFile } from "./mbox-file.ts";
import { identityOf, storedSize } from "./message-identity.ts";

export interface Reconciled {
  /** For each message of the file as it is now, its number in the session; 0 for one that the session has not changed. */
  readonly known: Uint32Array;
  /** Messages that the session has changed and that are not there any more. */
  readonly gone: number;
}

/** Returns whether the messages of the session are where they were, and other programs have only appended to the file. */
export function isGrown(before: MboxFile, now: MboxFile, remembered: ReadonlyMap<number, Remembered>): boolean {
  const known = before.count;
  if (now.count < known || now.covered < before.covered) return false;
  const starts = before.index.starts;
  const fresh = now.index.starts;
  for (let i = 0; i < known; i++) if (starts[i] !== fresh[i]) return false;
  for (const [message, one] of remembered) if (!isStillAt(now, message, one, known)) return false;
  return remembered.has(known) || isLastStillThere(before, now);
}

/** Another program may have removed the last message, and new mail may begin where that message began. */
function isLastStillThere(before: MboxFile, now: MboxFile): boolean {
  const last = before.count;
  if (last === 0 || !before.isHeld || before.replaced.has(last)) return true;
  return isStillAt(now, last, { identity: identityOf(before, last), size: storedSize(before, last) }, last);
}

/**
 * Finds the messages that the session has changed in a file that was rewritten.
 *
 * Messages that are the same to the byte are taken in their order.
 *
 * @returns undefined when an edited message is not to be found
 */
export function reconcile(
  before: MboxFile,
  now: MboxFile,
  remembered: ReadonlyMap<number, Remembered>,
): Reconciled | undefined {
  const wanted = new Map<string, number[]>();
  for (const [message, { identity }] of [...remembered].sort(([a], [b]) => a - b)) {
    const same = wanted.get(identity);
    if (same === undefined) wanted.set(identity, [message]);
    else same.push(message);
  }
  const known = new Uint32Array(now.count);
  let found = 0;
  for (let message = 1; message <= now.count; message++) {
    const old = wanted.get(identityOf(now, message))?.shift();
    if (old === undefined) continue;
    known[message - 1] = old;
    found++;
    const edited = before.replaced.get(old);
    if (edited !== undefined) now.replaced.set(message, edited);
  }
  if (now.replaced.size < before.replaced.size) return undefined;
  return { known, gone: remembered.size - found };
}

/**
 * Returns whether what came behind the end of a message is more than the rest of it: it was half delivered when we saw it, or it
 * ended without an empty line, and then the next message, delivered behind it, looks like a part of it.
 */
export function hasSwallowed(now: MboxFile, message: number, oldEnd: number): boolean {
  // Without a line end, too: a careless deliverer appends all the same.
  let before = "\n";
  for (const piece of copyPieces(now.descriptor, oldEnd, now.end(message))) {
    const text = before + piece.toString("latin1");
    if (/\nFrom /.test(text)) return true;
    before = text.slice(-5);
  }
  return false;
}
