/**
 * The functions that change a message's state in a session, so that `undo` and the file of pending changes record every
 * change. test/layers.test.ts checks that no other file in read/ calls a mailbox's `mark` or `replace`.
 */
import type { Mailbox } from "../../mailbox/mailbox.ts";
import type { UndoHistory } from "./undo-history.ts";

/** A folder, as far as the state of its messages is concerned. */
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

/** Replaces a message by its edited version, which quit writes, and records the edit. */
export function replaceMessage({ mailbox, history }: MarkedFolder, message: number, bytes: Buffer): void {
  history.recordEdit(message);
  mailbox.replace(message, bytes);
}
