/**
 * The changes of messages' states in a session, command by command, so that `undo` can take them back.
 *
 * What a session has changed and not yet written is also put down in a file, once it is worth it (pending.ts): the next
 * session offers what a killed one had pending.
 */
import { Flag, type Mailbox } from "../../mailbox/mailbox.ts";
import type { Change, PendingFile, Step } from "./pending.ts";

/** Bits that a person knows of; a change of others alone is nothing to be taken back. */
const known = Flag.Read | Flag.Touched | Flag.Deleted | Flag.Saved | Flag.Preserved | Flag.ToMbox;
/** A session in a pipe that lives longer than this, in milliseconds, could be killed before it ends. */
const shortLife = 1000;

/** Records a session's changes in steps, and undoes them. */
export class UndoHistory {
  readonly #mailbox: Mailbox;
  readonly #stateDirectory: string;
  readonly #opened = Date.now();
  readonly #steps: Step[] = [];
  /** States before the command that runs now. */
  #before = new Map<number, number>();
  readonly #edited = new Set<number>();
  #file: PendingFile | undefined;

  constructor(mailbox: Mailbox, stateDirectory: string) {
    this.#mailbox = mailbox;
    this.#stateDirectory = stateDirectory;
  }

  /** Records the state of a message before a command changes it for the first time. */
  recordMark(message: number): void {
    if (!this.#before.has(message)) this.#before.set(message, this.#mailbox.flags(message));
  }

  /** Records that a message is about to get a new text. */
  recordEdit(message: number): void {
    this.#edited.add(message);
  }

  /** What was marked outlives the session, unless it is written or given up. */
  get isKept(): boolean {
    return this.#file !== undefined && this.#steps.length > 0;
  }

  /** Messages that have a new text. */
  get edited(): ReadonlySet<number> {
    return this.#edited;
  }

  /** The command has ended: what it changed is one step. @param keep the session is one that a person types into */
  async close(line: string, current: number, keep: boolean): Promise<void> {
    const changes = this.#changes();
    if (changes.length === 0) return;
    const step = { line, current, changes };
    this.#steps.push(step);
    if (this.#file !== undefined) this.#file.add(step);
    else if (keep || Date.now() - this.#opened > shortLife) await this.#writeDown();
  }

  #changes(): Change[] {
    const changes: Change[] = [];
    for (const [message, before] of this.#before) {
      const after = this.#mailbox.flags(message);
      // That it is new no more is told by leaving, and nothing to be taken back.
      if (((before ^ after) & known) !== 0 || (after & ~before & Flag.New) !== 0)
        changes.push({ message, before, after });
    }
    this.#before = new Map();
    return changes;
  }

  /** Takes back the last step. @returns undefined when there is none */
  undo(): Step | undefined {
    const step = this.#steps.pop();
    if (step === undefined) return undefined;
    for (const { message, before, after } of step.changes) {
      let changed = before ^ after;
      // The new text of a message that was edited is still to be written.
      if (this.#edited.has(message)) changed &= ~Flag.StatusChanged;
      this.#mailbox.mark(message, before & changed, ~before & changed);
    }
    this.#file?.undo();
    return step;
  }

  /** Starts the file at once, before another one that says the same is removed. */
  async keep(): Promise<void> {
    if (this.#file === undefined && this.#steps.length > 0) await this.#writeDown();
  }

  /** Nothing is pending any more: it was written, or given up. */
  forget(): void {
    this.#steps.length = 0;
    this.#file?.remove();
    this.#file = undefined;
  }

  async #writeDown(): Promise<void> {
    const { PendingFile } = await import("./pending.ts");
    this.#file = PendingFile.create(this.#mailbox, this.#stateDirectory);
    for (const step of this.#steps) this.#file.add(step);
  }
}
