/** Writes the journal of an mbox commit. */
import { closeSync, constants, openSync } from "node:fs";
import { readInto, writeAll } from "../file-ranges.ts";
import { firstLine, writeJournalFile } from "../journal-file.ts";
import { type JournalPlace, placesForJournal } from "../journal-place.ts";
import { BlockWriter, directUnit, type Part } from "./block-writer.ts";
import { Journal, journalSuffix, type Plan, probeOf, type Work } from "./journal.ts";
import { PageSums } from "./page-sums.ts";

/** Maximum number of bytes by which the JSON line grows when the lengths are filled in. */
const lineRoom = 256;

export interface JournalContent {
  /**
   * Yields the new tail. Ranges refer to the spool. Called again if a disk is full and the journal must be written to
   * its next possible place.
   */
  readonly tail: () => Iterable<Part>;
  readonly forMbox: () => Iterable<Uint8Array>;
  /** Whether to bypass the page cache, because the journal is large and is read again only after a crash. */
  readonly direct?: boolean;
}

export interface JournalOptions {
  /** Called with the number of bytes in the journal. */
  readonly onWritten?: ((bytes: number) => void) | undefined;
  /** Aborts the writing of the journal; the error is the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The older journal that this one replaces. */
  readonly replaces?: Journal;
}

/**
 * Writes a journal.
 *
 * @param spool open and locked
 * @throws MailError with the reason; no journal is left, and nothing was changed
 */
export function writeJournal(
  directory: string,
  plan: Plan,
  spool: number,
  content: JournalContent,
  options: JournalOptions = {},
): Promise<Journal> {
  const { replaces } = options;
  const places =
    replaces?.place === undefined
      ? placesForJournal(plan.path, journalSuffix, directory, plan.mbox?.path)
      : [replaces.place];
  return writeJournalFile(
    places,
    plan.path,
    async (descriptor, place) => {
      const direct = content.direct === true ? openDirect(descriptor) : undefined;
      try {
        return await fillJournal({ descriptor, direct }, plan, spool, place, content, options);
      } finally {
        if (direct !== undefined) closeSync(direct);
      }
    },
    { replaces: replaces !== undefined },
  );
}

async function fillJournal(
  file: { readonly descriptor: number; readonly direct: number | undefined },
  plan: Plan,
  spool: number,
  place: JournalPlace,
  { tail, forMbox }: JournalContent,
  { onWritten, signal }: JournalOptions,
): Promise<Journal> {
  const { descriptor } = file;
  const line = JSON.stringify(plan);
  const tailAt = Math.ceil((Buffer.byteLength(line) + lineRoom) / directUnit) * directUnit;
  // The checksums are computed while blocks are being written, because computing is faster than writing.
  const sums = new PageSums((bytes, at) => readInto(spool, bytes, at), plan.offset, plan.oldSize);
  let mboxAt = Number.POSITIVE_INFINITY;
  const onBlock = (end: number) => {
    signal?.throwIfAborted();
    onWritten?.(end - tailAt);
    sums.advance(Math.min(plan.offset + Math.min(end, mboxAt) - tailAt, plan.oldSize));
  };
  const writer = new BlockWriter(file, tailAt, spool, { onBlock });
  mboxAt = await writer.add(tail());
  const end = await writer.add(forMbox());
  await writer.end();
  const tailLength = mboxAt - tailAt;
  const newSize = plan.offset + tailLength;
  writeAll(descriptor, toBufferView(sums.finish(Math.min(newSize, plan.oldSize))), end);
  const work: Work = {
    version: 2,
    ...plan,
    tailLength,
    probe: probeOf(spool, newSize, plan.oldSize),
    mbox: plan.mbox && { ...plan.mbox, length: end - mboxAt },
  };
  writeAll(descriptor, firstLine(work, tailAt), 0);
  return new Journal(work, descriptor, place, tailAt);
}

function toBufferView({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * Opens a file a second time, for direct writes. The file is opened through its descriptor, because its name may now
 * lead to another user's file.
 *
 * @returns undefined if the file system does not support direct writes, or if /proc is not mounted
 */
function openDirect(descriptor: number): number | undefined {
  try {
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_DIRECT);
  } catch {
    return undefined;
  }
}
