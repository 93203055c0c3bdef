/**
 * Reads the journal that makes a commit atomic. Before the first byte of a mailbox changes, the journal contains
 * everything needed to repeat the commit.
 *
 * A journal consists of one line of JSON, the spool's new tail, the messages moved to mbox, and a checksum of each page
 * that will be overwritten. A journal under its final name is complete (journal-file.ts), and is removed when the
 * commit is done and synced. If a crash leaves a journal behind, the commit is completed the next time the mailbox is
 * opened. Repeating the commit has no further effect.
 */

import { createHash } from "node:crypto";
import { close, closeSync, fstatSync } from "node:fs";
import { copyPieces, readInto, readRange } from "../file-ranges.ts";
import { openLeftJournal } from "../journal-file.ts";
import { type JournalPlace, removeJournal } from "../journal-place.ts";
import type { MboxWork } from "../to-mbox.ts";
import type { Stretch } from "./block-writer.ts";

export interface Work {
  readonly version: 2;
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  /** The spool's old length. */
  readonly oldSize: number;
  /** The offset and the length of the new tail, which replaces all bytes from the offset on. */
  readonly offset: number;
  readonly tailLength: number;
  /**
   * SHA-256 checksum of the bytes that truncating the spool will remove (at most the first `probeSize` of them). The
   * checksum shows whether the spool has already been truncated.
   */
  readonly probe: string;
  readonly mbox: MboxWork | null;
}

/** The part of the work that is known before the tail and the moved messages are written. */
export type Plan = Omit<Work, "version" | "tailLength" | "mbox" | "probe"> & {
  readonly mbox: Omit<MboxWork, "length"> | null;
};

export const journalSuffix = ".journal";
const probeSize = 64 << 10;

/** Returns, in hexadecimal, the SHA-256 checksum of the bytes after the new end (at most `probeSize` bytes). */
export function probeOf(descriptor: number, newEnd: number, oldSize: number): string {
  const bytes = readRange(descriptor, newEnd, Math.min(oldSize, newEnd + probeSize));
  return createHash("sha256").update(bytes).digest("hex");
}

/** An open journal. */
export class Journal {
  readonly work: Work;
  readonly descriptor: number;
  readonly place: JournalPlace;
  readonly #tailAt: number;

  /** Creates the object for an open journal. @param tailAt the tail's offset in the file */
  constructor(work: Work, descriptor: number, place: JournalPlace, tailAt: number) {
    this.work = work;
    this.descriptor = descriptor;
    this.place = place;
    this.#tailAt = tailAt;
  }

  /** Opens the journal that a crash has left behind for a mailbox, if there is one. @throws CannotFinish */
  static left(directory: string, mailbox: string): Journal | undefined {
    const left = openLeftJournal<Work>(
      mailbox,
      journalSuffix,
      directory,
      2,
      ({ tailLength, mbox }) => tailLength + (mbox?.length ?? 0),
    );
    return left && new Journal(left.work, left.descriptor, left.place, left.start);
  }

  /** Yields the new tail. Each piece is valid until the next one is requested. */
  tail(): Iterable<Buffer> {
    return this.tailPieces(0, this.work.tailLength);
  }

  /** Yields bytes `start` to `end` of the new tail. */
  tailPieces(start: number, end: number): Iterable<Buffer> {
    return copyPieces(this.descriptor, this.#tailAt + start, this.#tailAt + end);
  }

  /** Returns the range of the journal that contains bytes `start` to `end` of the new tail. */
  tailStretch(start: number, end: number): Stretch {
    return { start: this.#tailAt + start, end: this.#tailAt + end };
  }

  /** Fills `bytes` with the new tail, beginning at `offset`. */
  readTail(bytes: Uint8Array, offset: number): number {
    return readInto(this.descriptor, bytes, this.#tailAt + offset);
  }

  forMbox(): Iterable<Buffer> {
    const start = this.#tailAt + this.work.tailLength;
    return copyPieces(this.descriptor, start, start + (this.work.mbox?.length ?? 0));
  }

  /** Returns the checksums of the old contents of the pages that will be overwritten. */
  oldSums(): Int32Array {
    const start = this.#tailAt + this.work.tailLength + (this.work.mbox?.length ?? 0);
    const bytes = readRange(this.descriptor, start, fstatSync(this.descriptor).size);
    const aligned = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    aligned.set(bytes);
    return new Int32Array(aligned.buffer);
  }

  /** Removes the journal after the commit has been done or undone. */
  drop(): void {
    removeJournal(this.place);
    // The file system takes a while to free a gigabyte, so the close is not awaited.
    close(this.descriptor);
  }

  /** Closes the journal without removing it, so that the commit is completed the next time the mailbox is opened. */
  close(): void {
    closeSync(this.descriptor);
  }
}
