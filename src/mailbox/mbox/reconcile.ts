/** Finds the session's messages again after another program has written to the mailbox. */
import { copyPieces } from "../file-ranges.ts";
import type { MboxFile } from "./mbox-file.ts";
import { identityOf, isStillAt, measureStoredSize, type Remembered } from "./remembered-messages.ts";

export interface Reconciled {
  /** For each message in the current file, its number in the session; 0 if the session has not changed the message. */
  readonly known: Uint32Array;
  /** Number of messages that the session has changed and that no longer exist. */
  readonly gone: number;
}

/**
 * Returns whether the session's messages are still at their offsets and other programs have done no more than append to
 * the file.
 */
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
  return isStillAt(now, last, { identity: identityOf(before, last), size: measureStoredSize(before, last) }, last);
}

/**
 * Finds, in a file that was rewritten, the messages that the session has changed.
 *
 * Identical messages are matched in order.
 *
 * @returns undefined if an edited message cannot be found
 */
export function reconcileMessages(
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
 * Returns whether the bytes appended to a message contain more than the rest of that message. If the message ended
 * without an empty line, the next delivered message looks like part of it.
 */
export function hasSwallowed(now: MboxFile, message: number, oldEnd: number): boolean {
  // Some delivery agents append even if the file does not end in a newline.
  let before = "\n";
  for (const piece of copyPieces(now.descriptor, oldEnd, now.end(message))) {
    const text = before + piece.toString("latin1");
    if (/\nFrom /.test(text)) return true;
    before = text.slice(-5);
  }
  return false;
}
