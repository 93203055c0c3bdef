/**
 * Writes and reads the journal that makes the commit of a Maildir atomic. The journal lists the messages to be removed,
 * and contains all data that must first be written elsewhere.
 *
 * The journal consists of four parts: one line of JSON; the names that are removed or changed; the moved messages, as
 * mbox text or, if they are moved to a Maildir, as frames; and the edited messages, as frames. A journal under its
 * final name is complete (journal-file.ts). If a crash leaves a journal behind, the commit is completed the next time
 * the Maildir is opened. Each step skips work that has already been done.
 */
import { closeSync } from "node:fs";
import { readPieces, readRange, writeAll, writePieces } from "../file-ranges.ts";
import { firstLine, openLeftJournal, setAside, writeJournalFile } from "../journal-file.ts";
import { type JournalPlace, placesForJournal, removeJournal } from "../journal-place.ts";
import type { StateChange } from "./flags.ts";

export interface MaildirWork {
  readonly version: 1;
  readonly path: string;
  /** Destination of moved messages: a Maildir, or an mbox with its old length (-1 if it was missing). */
  readonly moved: { readonly path: string; readonly at: "start" | "end" | "maildir"; readonly oldSize: number } | null;
  /** Lengths in bytes of the three parts after the first line. */
  readonly bases: number;
  readonly movedLength: number;
  readonly edited: number;
}

export interface Parts {
  /** The bases (unique name parts) of the messages to be removed. */
  readonly bases: readonly string[];
  /** Changes to the messages that stay, by base. */
  readonly changes: ReadonlyMap<string, StateChange>;
  /** Called again if a disk is full and the journal must be written to its next possible place. */
  readonly moved: () => Iterable<Uint8Array>;
  readonly edited: () => Iterable<Uint8Array>;
}

const suffix = ".maildir";

/** Space reserved in the first line for the lengths, which are known only at the end. */
const lengthDigits = 60;

/** The journal of one Maildir commit: its description, names and bytes. */
export class MaildirJournal {
  readonly work: MaildirWork;
  readonly place: JournalPlace;
  readonly #descriptor: number;
  readonly #start: number;

  private constructor(work: MaildirWork, descriptor: number, place: JournalPlace, start: number) {
    this.work = work;
    this.place = place;
    this.#descriptor = descriptor;
    this.#start = start;
  }

  /**
   * Writes a journal.
   *
   * @throws MailError with the reason; in that case, no journal remains, and nothing has been changed
   */
  static write(directory: string, work: Pick<MaildirWork, "path" | "moved">, parts: Parts): Promise<MaildirJournal> {
    const places = placesForJournal(work.path, suffix, directory, work.moved?.path);
    return writeJournalFile(places, work.path, (descriptor, place) => {
      const whole = (bases: number, movedLength: number, edited: number): MaildirWork => ({
        version: 1,
        ...work,
        bases,
        movedLength,
        edited,
      });
      const width = Buffer.byteLength(JSON.stringify(whole(0, 0, 0))) + lengthDigits;
      const bases = Buffer.from(JSON.stringify({ going: parts.bases, changes: [...parts.changes] }));
      const movedAt = writePieces(descriptor, [bases], width + 1);
      const editedAt = writePieces(descriptor, parts.moved(), movedAt);
      const end = writePieces(descriptor, parts.edited(), editedAt);
      const done = whole(bases.length, editedAt - movedAt, end - editedAt);
      writeAll(descriptor, firstLine(done, width + 1), 0);
      return new MaildirJournal(done, descriptor, place, width + 1);
    });
  }

  /** Opens the journal that a crash has left behind for this Maildir. @returns undefined if there is none */
  static left(directory: string, maildir: string): MaildirJournal | undefined {
    const lengthBehind = ({ bases, movedLength, edited }: MaildirWork) => bases + movedLength + edited;
    const left = openLeftJournal<MaildirWork>(maildir, suffix, directory, 1, lengthBehind);
    if (left === undefined) return undefined;
    const journal = new MaildirJournal(left.work, left.descriptor, left.place, left.start);
    if (journal.#isReadable()) return journal;
    journal.close();
    setAside(left.place, maildir);
    return undefined;
  }

  /** Returns the bases of the messages that are removed, and the changes to the names of other messages. */
  names(): { readonly going: ReadonlySet<string>; readonly changes: ReadonlyMap<string, StateChange> } {
    const { going, changes } = JSON.parse(readRange(this.#descriptor, this.#start, this.#movedAt).toString()) as {
      going: string[];
      changes: [string, StateChange][];
    };
    return { going: new Set(going), changes: new Map(changes) };
  }

  moved(): Iterable<Buffer> {
    return readPieces(this.#descriptor, this.#movedAt, this.#editedAt);
  }

  edited(): Iterable<Buffer> {
    return readPieces(this.#descriptor, this.#editedAt, this.#editedAt + this.work.edited);
  }

  /** Removes the journal after the commit has been done or undone. */
  drop(): void {
    removeJournal(this.place);
    this.close();
  }

  /** Closes the journal without removing it, so that the commit is completed the next time the Maildir is opened. */
  close(): void {
    closeSync(this.#descriptor);
  }

  #isReadable(): boolean {
    try {
      this.names();
      return true;
    } catch {
      return false;
    }
  }

  get #movedAt(): number {
    return this.#start + this.work.bases;
  }

  get #editedAt(): number {
    return this.#movedAt + this.work.movedLength;
  }
}
