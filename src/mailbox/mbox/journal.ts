/**
 * What makes a commit all or nothing: before the first byte of a mailbox changes, this file holds all that is needed to do
 * the work again.
 *
 * A journal is one line of JSON, then the new tail of the spool, then what goes to mbox, then a sum of each page that will
 * be overwritten. One that has its name is complete (journal-file.ts). It is dropped when the work is done and synced.
 * Left by a crash, it is played by the next open; playing it twice does the same as once.
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
  /** Length of the spool before. */
  readonly oldSize: number;
  /** Where the new tail begins, and how long it is; what was behind goes. */
  readonly offset: number;
  readonly tailLength: number;
  /** sha256 of the spool's old bytes from its new end on (at most `probeSize`): tells whether it was cut already. */
  readonly probe: string;
  readonly mbox: MboxWork | null;
}

/** What is known before the payloads are written. */
export type Plan = Omit<Work, "version" | "tailLength" | "mbox" | "probe"> & {
  readonly mbox: Omit<MboxWork, "length"> | null;
};

export const journalSuffix = ".journal";
const probeSize = 64 << 10;

/** Returns the SHA-256 of the bytes after the new end, at most `probeSize` of them, as hex. */
export function probeOf(descriptor: number, newEnd: number, oldSize: number): string {
  const bytes = readRange(descriptor, newEnd, Math.min(oldSize, newEnd + probeSize));
  return createHash("sha256").update(bytes).digest("hex");
}

/** One journal, open for reading its payloads. */
export class Journal {
  readonly work: Work;
  readonly descriptor: number;
  readonly place: JournalPlace;
  readonly #tailAt: number;

  /** @param tailAt where the tail begins in it */
  constructor(work: Work, descriptor: number, place: JournalPlace, tailAt: number) {
    this.work = work;
    this.descriptor = descriptor;
    this.place = place;
    this.#tailAt = tailAt;
  }

  /** Opens the journal that a crash has left for a mailbox, if there is one. @throws CannotFinish */
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

  /** Each piece is valid until the next. */
  tail(): Iterable<Buffer> {
    return this.tailPieces(0, this.work.tailLength);
  }

  /** Bytes `start` to `end` of the new tail. */
  tailPieces(start: number, end: number): Iterable<Buffer> {
    return copyPieces(this.descriptor, this.#tailAt + start, this.#tailAt + end);
  }

  /** Where bytes `start` to `end` of the new tail stand in the journal. */
  tailStretch(start: number, end: number): Stretch {
    return { start: this.#tailAt + start, end: this.#tailAt + end };
  }

  /** Fills `bytes` with the new tail from `offset` on. */
  readTail(bytes: Uint8Array, offset: number): number {
    return readInto(this.descriptor, bytes, this.#tailAt + offset);
  }

  forMbox(): Iterable<Buffer> {
    const start = this.#tailAt + this.work.tailLength;
    return copyPieces(this.descriptor, start, start + (this.work.mbox?.length ?? 0));
  }

  /** The sums of the pages that are overwritten, as they were before. */
  oldSums(): Int32Array {
    const start = this.#tailAt + this.work.tailLength + (this.work.mbox?.length ?? 0);
    const bytes = readRange(this.descriptor, start, fstatSync(this.descriptor).size);
    const aligned = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    aligned.set(bytes);
    return new Int32Array(aligned.buffer);
  }

  /** The work is done, or was undone. */
  drop(): void {
    removeJournal(this.place);
    // Giving back a gigabyte takes the file system a while, and nobody needs to wait for that.
    close(this.descriptor);
  }

  /** Leaves the journal for the next open. */
  close(): void {
    closeSync(this.descriptor);
  }
}
