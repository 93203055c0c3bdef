/**
 * What makes a commit all or nothing: before the first byte of a mailbox changes, this file holds all that is needed to do
 * the work again.
 *
 * A journal is one line of JSON, then the new tail of the spool, then what goes to mbox. It is written under another name,
 * synced and renamed, so one that has its name is complete. It is dropped when the work is done and synced. Left by a
 * crash, it is played by the next open; playing it twice does the same as once.
 */
import { createHash } from "node:crypto";
import { closeSync, existsSync, fstatSync, fsyncSync, mkdirSync, openSync, renameSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { named } from "../../system-error.ts";
import { readPieces, readRange, syncDirectory, writeAll, writePieces } from "../bytes.ts";

export interface Work {
  readonly version: 1;
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

export interface MboxWork {
  readonly path: string;
  /** In a Maildir each is a file; what is journalled are frames (maildir/frames.ts). */
  readonly at: "start" | "end" | "maildir";
  /** Length of mbox before; -1 when there was none. */
  readonly oldSize: number;
  readonly length: number;
}

export const probeSize = 64 << 10;

export function probeOf(descriptor: number, newEnd: number, oldSize: number): string {
  const bytes = readRange(descriptor, newEnd, Math.min(oldSize, newEnd + probeSize));
  return createHash("sha256").update(bytes).digest("hex");
}

/** One journal, open for reading its two payloads. */
export class Journal {
  readonly work: Work;
  readonly #descriptor: number;
  readonly #path: string;
  readonly #tailAt: number;

  private constructor(work: Work, descriptor: number, path: string, tailAt: number) {
    this.work = work;
    this.#descriptor = descriptor;
    this.#path = path;
    this.#tailAt = tailAt;
  }

  /** @throws MailError with the reason; no journal is left then, and nothing was changed */
  static write(
    directory: string,
    work: Omit<Work, "version" | "tailLength" | "mbox"> & { readonly mbox: Omit<MboxWork, "length"> | null },
    tail: Iterable<Uint8Array>,
    forMbox: Iterable<Uint8Array>,
  ): Journal {
    const path = journalPath(directory, work.path);
    const draft = `${path}.new`;
    let descriptor: number | undefined;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      descriptor = openSync(draft, "w+", 0o600);
      const head = (tailLength: number, length: number) =>
        Buffer.from(
          `${`${JSON.stringify({ version: 1, ...work, tailLength, mbox: work.mbox && { ...work.mbox, length } })}`
            // Lengths are known only at the end: the line has room for them.
            .padEnd(JSON.stringify(work).length + 120, " ")}\n`,
        );
      const tailAt = head(0, 0).length;
      const mboxAt = writePieces(descriptor, tail, tailAt);
      const end = writePieces(descriptor, forMbox, mboxAt);
      const line = head(mboxAt - tailAt, end - mboxAt);
      writeAll(descriptor, line, 0);
      fsyncSync(descriptor);
      renameSync(draft, path);
      syncDirectory(directory);
      return new Journal(JSON.parse(line.toString()) as Work, descriptor, path, tailAt);
    } catch (error) {
      if (descriptor !== undefined) closeSync(descriptor);
      if (existsSync(draft)) unlinkSync(draft);
      throw named(draft, error);
    }
  }

  /** @returns the journal a crash has left for this mailbox, if there is one */
  static left(directory: string, mailbox: string): Journal | undefined {
    const path = journalPath(directory, mailbox);
    if (!existsSync(path)) return undefined;
    const descriptor = openSync(path, "r");
    const bytes = readRange(descriptor, 0, Math.min(fstatSync(descriptor).size, 64 << 10));
    const end = bytes.indexOf(10);
    const work = JSON.parse(bytes.subarray(0, end).toString()) as Work;
    return new Journal(work, descriptor, path, end + 1);
  }

  tail(): Iterable<Buffer> {
    return readPieces(this.#descriptor, this.#tailAt, this.#tailAt + this.work.tailLength);
  }

  /** Bytes `start` to `end` of the new tail. */
  tailRange(start: number, end: number): Buffer {
    return readRange(this.#descriptor, this.#tailAt + start, this.#tailAt + end);
  }

  forMbox(): Iterable<Buffer> {
    const start = this.#tailAt + this.work.tailLength;
    return readPieces(this.#descriptor, start, start + (this.work.mbox?.length ?? 0));
  }

  /** The work is done, or was undone. */
  drop(): void {
    unlinkSync(this.#path);
    syncDirectory(dirname(this.#path));
    this.close();
  }

  /** Leaves the journal for the next open. */
  close(): void {
    closeSync(this.#descriptor);
  }
}

function journalPath(directory: string, mailbox: string): string {
  return join(directory, `${createHash("sha256").update(mailbox).digest("hex").slice(0, 32)}.journal`);
}
