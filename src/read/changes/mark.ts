/**
 * Every change of a message's state in a session goes through here, so that `undo` and the pending marks know of it.
 * Nothing else in read/ calls `mark` or `replace` of a mailbox; test/layers.test.ts checks that.
 */
import type { Mailbox } from "../../mailbox/mailbox.ts";
import type { UndoHistory } from "./undo-history.ts";

/** A folder, as far as its messages' states are concerned. */
interface MarkedFolder {
  readonly mailbox: Mailbox;
  readonly history: UndoHistory;
}

/**
 * Sets and clears bits of a message's state, and records the change for `undo`.
 *
 * @param set bits of Flag to set
 * @param clear bits of Flag to clear
 */
export function markMessage({ mailbox, history }: MarkedFolder, message: number, set: number, clear = 0): void {
  history.recordMark(message);
  mailbox.mark(message, set, clear);
}

/** Replaces a message by an edited one, which quit will write, and records that it was edited. */
export function replaceMessage({ mailbox, history }: MarkedFolder, message: number, bytes: Buffer): void {
  history.recordEdit(message);
  mailbox.replace(message, bytes);
}
