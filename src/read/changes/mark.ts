/**
 * Changes message states in a session. All such changes are made here, so that `undo` and the file of pending changes
 * record them. test/layers.test.ts checks that no other file in read/ calls a mailbox's `mark` or `replace`.
 */
import type { Mailbox } from "../../mailbox/mailbox.ts";
import type { UndoHistory } from "./undo-history.ts";

/** The parts of a folder that are needed to change the state of its messages. */
interface MarkedFolder {
  readonly mailbox: Mailbox;
  readonly history: UndoHistory;
}

/**
 * Sets and clears bits of a message's state, and records the change for `undo`.
 *
 * @param set the Flag bits to be set
 * @param clear the Flag bits to be cleared
 */
export function markMessage({ mailbox, history }: MarkedFolder, message: number, set: number, clear = 0): void {
  history.recordMark(message);
  mailbox.mark(message, set, clear);
}

/** Replaces a message with its edited version and records the edit. quit writes the new version to the mailbox. */
export function replaceMessage({ mailbox, history }: MarkedFolder, message: number, bytes: Buffer): void {
  history.recordEdit(message);
  mailbox.replace(message, bytes);
}
