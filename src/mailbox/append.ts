/** The one way to add to a file of the user's: locked, synced, and cut back to where it began when it fails. */
import { fstatSync, fsyncSync, ftruncateSync, unlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { notice } from "../notices.ts";
import { addPathToError } from "../system-error.ts";
import { type AppendIntent, writeIntent } from "./append-intent.ts";
import { readRange, syncDirectory, writePieces, writePiecesUnless } from "./file-ranges.ts";
import { mayHaveJournal } from "./journal-place.ts";
import { openLocked } from "./locked-file.ts";
import { meansMaildir } from "./maildir-path.ts";
import { refuseCompressed } from "./packed/compression.ts";
import { type Rights, withRights } from "./rights.ts";
import { settleAppend } from "./settle-appends.ts";
import { accessSpool } from "./spool.ts";

export interface AppendOptions {
  /** Seconds to wait for another program's lock. */
  readonly lockwait: number;
  /** Private directory for what a crash must be undone by. Without it, a killed append may leave half a message. */
  readonly stateDirectory?: string;
  /** Told how many bytes are about to have been added. */
  readonly onWritten?: (bytes: number) => void;
  /** Ends it with the signal's reason; the file is then as it was. */
  readonly signal?: AbortSignal;
  /** The user whose spool it is, if root delivers into it; the spool is then opened with that user's rights. */
  readonly recipient?: Rights;
}

export interface Appended {
  readonly created: boolean;
}

/** What has to stand between the old end of a mailbox and a From_ line so that it begins a message. */
export function separator(descriptor: number, size: number): Buffer {
  if (size === 0) return Buffer.alloc(0);
  const end = readRange(descriptor, Math.max(0, size - 4), size).toString("latin1");
  if (!end.endsWith("\n")) return Buffer.from("\n\n");
  return /(^|\n)\r?\n$/.test(end) ? Buffer.alloc(0) : Buffer.from(end.endsWith("\r\n") ? "\r\n" : "\n");
}

async function appendToFile(
  path: string,
  pieces: (descriptor: number, size: number) => Iterable<Uint8Array>,
  options: AppendOptions,
): Promise<Appended> {
  try {
    const access = options.recipient && accessSpool(path, options.recipient);
    const { descriptor, created, release } = await openLocked(path, options.lockwait, options.signal, access);
    const remove = () => withRights(access?.create, () => unlinkSync(path));
    try {
      if (fstatSync(descriptor).isFile()) {
        if (!created) await finishInterruptedQuit(resolve(path), descriptor, options);
        await appendLocked(resolve(path), descriptor, created && remove, pieces, options);
      } else for (const piece of pieces(descriptor, 0)) writePieces(descriptor, [piece], 0);
    } finally {
      await release();
    }
    return { created };
  } catch (error) {
    throw addPathToError(path, error);
  }
}

/**
 * Finishes the interrupted quit of a locked mbox, because an append to it would prevent that.
 *
 * @param holding descriptors of other mailboxes that this process has locked
 */
export async function finishInterruptedQuit(
  path: string,
  descriptor: number,
  { stateDirectory, lockwait }: Pick<AppendOptions, "stateDirectory" | "lockwait">,
  holding: readonly number[] = [],
): Promise<void> {
  if (stateDirectory === undefined || !mayHaveJournal(path, ".journal", stateDirectory)) return;
  const { finishLocked } = await import("./mbox/replay.ts");
  await finishLocked(path, stateDirectory, descriptor, lockwait, holding);
}

async function appendLocked(
  path: string,
  descriptor: number,
  removeCreated: false | (() => void),
  pieces: (descriptor: number, size: number) => Iterable<Uint8Array>,
  { stateDirectory, onWritten, signal }: AppendOptions,
): Promise<void> {
  if (stateDirectory !== undefined) {
    const text = settleAppend(stateDirectory, path, descriptor);
    if (text !== undefined) notice(text);
  }
  const { size } = fstatSync(descriptor);
  const isNew = removeCreated !== false && size === 0;
  let intent: AppendIntent | undefined;
  try {
    let begun = false;
    const before = (end: number, bytes: Uint8Array, isLast: boolean) => {
      if (begun) intent?.reaching(end, bytes, isLast);
      else if (stateDirectory !== undefined)
        intent = writeIntent(stateDirectory, path, descriptor, isNew, end, bytes, isLast);
      begun = true;
      onWritten?.(end - size);
    };
    const added = pieces(descriptor, size);
    if (signal === undefined) writePieces(descriptor, added, size, before);
    else await writePiecesUnless(signal, descriptor, added, size, before);
    intent?.complete();
    fsyncSync(descriptor);
    if (isNew) syncDirectory(dirname(path));
    intent?.drop();
  } catch (error) {
    ftruncateSync(descriptor, size);
    if (isNew) removeCreated();
    intent?.undone();
    throw error;
  }
}

/**
 * Appends messages in mbox form, each with its From_ line and its final empty line. A path that is a Maildir, or ends in a
 * slash, gets each as a file of its own.
 *
 * @throws MailboxBusy, or MailError with the system's reason; the file is then as it was
 */
export async function appendMessages(
  path: string,
  messages: Iterable<Iterable<Uint8Array>>,
  options: AppendOptions,
): Promise<Appended> {
  if (meansMaildir(path)) {
    const { appendToMaildir } = await import("./maildir/add-messages.ts");
    return appendToMaildir(path, messages, options.signal);
  }
  return appendToFile(
    path,
    function* (descriptor, size) {
      if (size > 0) refuseCompressed(path, descriptor);
      yield separator(descriptor, size);
      for (const message of messages) yield* message;
    },
    options,
  );
}

/** The same for bytes that are no messages (`write`, dead.letter). */
export function appendBytes(path: string, pieces: Iterable<Uint8Array>, options: AppendOptions): Promise<Appended> {
  return appendToFile(path, () => pieces, options);
}
