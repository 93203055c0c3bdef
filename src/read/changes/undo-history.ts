/**
 * Records a session's changes to message states, grouped by command, so that `undo` can reverse them.
 *
 * Interactive and long-running sessions also record their pending changes in a file (pending.ts). If such a session is
 * killed, the next session offers to restore its changes.
 */
import { Flag, type Mailbox } from "../../mailbox/mailbox.ts";
import { markBits } from "../../mailbox/marks.ts";
import type { Change, PendingFile, Step } from "./pending.ts";

/** The bits that are visible to users. A change that affects none of these bits cannot be undone. */
const known = Flag.Read | Flag.Touched | Flag.Deleted | Flag.Saved | Flag.Preserved | Flag.ToMbox | markBits;
/**
 * The time, in milliseconds, after which a session that reads from a pipe begins to record its changes in a file, in
 * case the session is killed.
 */
const shortLife = 1000;

/** A change in the order or extent of the header list. */
interface ViewChange {
  readonly undone: string;
  readonly undo: () => void;
}

interface UndoStep extends Step {
  readonly view: ViewChange | undefined;
}

function hasChanges({ changes }: Step): boolean {
  return changes.length > 0;
}

/** Records a session's changes, one step per command, and undoes them. */
export class UndoHistory {
  readonly #mailbox: Mailbox;
  readonly #stateDirectory: string;
  readonly #opened = Date.now();
  readonly #steps: UndoStep[] = [];
  /**
   * The messages that the current command has changed, in the order in which they were changed, and the previous state
   * of each message.
   */
  #marked: number[] = [];
  #before: number[] = [];
  /** The change that the current command makes to the header list. */
  #view: ViewChange | undefined;
  readonly #edited = new Set<number>();
  #file: PendingFile | undefined;

  constructor(mailbox: Mailbox, stateDirectory: string) {
    this.#mailbox = mailbox;
    this.#stateDirectory = stateDirectory;
  }

  /** Records the state of a message before a command changes it. */
  recordMark(message: number): void {
    if (message === this.#marked.at(-1)) return;
    this.#marked.push(message);
    this.#before.push(this.#mailbox.flags(message));
  }

  /**
   * Records a change that the current command makes to the header list. Such changes are not stored for the next
   * session.
   *
   * @param undone a description of what `undo` reverses
   */
  recordView(undone: string, undo: () => void): void {
    this.#view = { undone, undo };
  }

  /** Records that a message is about to be replaced by an edited version. */
  recordEdit(message: number): void {
    this.#edited.add(message);
  }

  /** Whether the next session can restore this session's changes. */
  get isKept(): boolean {
    return this.#file !== undefined && this.#steps.some(hasChanges);
  }

  /** The numbers of the edited messages. */
  get edited(): ReadonlySet<number> {
    return this.#edited;
  }

  /**
   * Records, as one step, the changes made by the command that has just finished.
   *
   * @param keep whether the session is interactive
   */
  async close(line: string, current: number, keep: boolean): Promise<void> {
    const changes = this.#changes();
    const view = this.#view;
    this.#view = undefined;
    if (changes.length === 0 && view === undefined) return;
    const step = { line, current, changes, view };
    this.#steps.push(step);
    if (changes.length === 0) return;
    if (this.#file !== undefined) await this.#file.add(step);
    else if (keep || Date.now() - this.#opened > shortLife) await this.#writeDown();
  }

  #changes(): Change[] {
    const changes: Change[] = [];
    const marked = this.#marked;
    // If the messages are in strictly ascending order, no message was changed twice.
    const isOrdered = marked.every((message, at) => at === 0 || message > (marked[at - 1] as number));
    const recorded = new Set<number>();
    for (const [at, message] of marked.entries()) {
      if (!isOrdered) {
        if (recorded.has(message)) continue;
        recorded.add(message);
      }
      const before = this.#before[at] as number;
      const after = this.#mailbox.flags(message);
      // If only the New bit was removed, the change is a side effect of leaving the mailbox and is not recorded.
      if (((before ^ after) & known) !== 0 || (after & ~before & Flag.New) !== 0)
        changes.push({ message, before, after });
    }
    this.#marked = [];
    this.#before = [];
    return changes;
  }

  /** Undoes the last step. @returns undefined if no step is left */
  undo(): UndoStep | undefined {
    const step = this.#steps.pop();
    if (step === undefined) return undefined;
    for (const { message, before, after } of step.changes) {
      let changed = before ^ after;
      // An edited message must still be written, so its StatusChanged bit is kept.
      if (this.#edited.has(message)) changed &= ~Flag.StatusChanged;
      this.#mailbox.mark(message, before & changed, ~before & changed);
    }
    if (hasChanges(step)) this.#file?.undo();
    step.view?.undo();
    return step;
  }

  /**
   * Creates the file immediately if there are changes, so that an older file that contains the same changes can be
   * removed.
   */
  async keep(): Promise<void> {
    if (this.#file === undefined && this.#steps.some(hasChanges)) await this.#writeDown();
  }

  /** Discards all steps and removes the file, after the changes have been written or abandoned. */
  forget(): void {
    this.#steps.length = 0;
    this.#file?.remove();
    this.#file = undefined;
  }

  async #writeDown(): Promise<void> {
    const { PendingFile } = await import("./pending.ts");
    this.#file = PendingFile.create(this.#mailbox, this.#stateDirectory);
    for (const step of this.#steps.filter(hasChanges)) await this.#file.add(step);
  }
}
