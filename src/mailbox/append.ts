/**
 * Appends to the user's files. The file is locked and synced. An existing file is truncated to its old length if the
 * append fails. A new file receives its name when it is complete.
 */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, unlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Exit, MailError } from "../errors.ts";
import { isServerAddress } from "../message/server-name.ts";
import { notify } from "../notices.ts";
import { addPathToError } from "../system-error.ts";
import { type AppendIntent, writeIntent } from "./append-intent.ts";
import { BackgroundSync } from "./background-sync.ts";
import {
  concatenatePieces,
  copyPieces,
  readRange,
  syncDirectory,
  writePieces,
  writePiecesUnless,
} from "./file-ranges.ts";
import { mayHaveJournal } from "./journal-place.ts";
import { type LockedUnnamedFile, openLocked, tryCreateUnnamed } from "./locked-file.ts";
import type { FlaggedMessage } from "./maildir/add-messages.ts";
import { meansMaildir } from "./maildir-path.ts";
import { refuseCompressed } from "./packed/compression.ts";
import { type Rights, withRights } from "./rights.ts";
import type { AccessServer } from "./server-access.ts";
import { settleAppend } from "./settle-appends.ts";
import { accessSpool } from "./spool.ts";

export interface AppendOptions {
  /** How long to wait for another program's lock, in seconds. */
  readonly lockwait: number;
  /**
   * Private directory for the records that let `mail` undo an interrupted append the next time it starts. Without this
   * directory, part of a message may remain if `mail` is killed during the append.
   */
  readonly stateDirectory?: string;
  /** Called before each write. `bytes` is the total number of bytes that will have been appended after the write. */
  readonly onWritten?: (bytes: number) => void;
  /** Aborts the append; the error is the signal's reason. The file is left unchanged. */
  readonly signal?: AbortSignal;
  /**
   * Whether an earlier attempt may already have appended the messages. In that case, if a folder on a server contains a
   * message with the same Message-ID and size, the message is not appended to it again.
   */
  readonly mayExist?: boolean;
  /**
   * Returns the settings for reaching a server. Without this function, messages can be appended only to mailboxes on
   * this machine.
   */
  readonly accessServer?: AccessServer | undefined;
  /** The spool's owner, if root delivers into the spool. In that case, the spool is opened with the owner's rights. */
  readonly recipient?: Rights;
}

export interface Appended {
  readonly created: boolean;
  /** The keys of the new messages; a key is undefined if the server does not report it. Only for a folder on a server. */
  readonly keys?: readonly (string | undefined)[];
}

/** Returns the newlines that must be added at the end of a mailbox so that the next From_ line begins a message. */
export function makeSeparator(descriptor: number, size: number): Buffer {
  if (size === 0) return Buffer.alloc(0);
  const end = readRange(descriptor, Math.max(0, size - 4), size).toString("latin1");
  if (!end.endsWith("\n")) return Buffer.from("\n\n");
  return /(^|\n)\r?\n$/.test(end) ? Buffer.alloc(0) : Buffer.from(end.endsWith("\r\n") ? "\r\n" : "\n");
}

/** The bytes to be appended. */
interface Addition {
  /** Returns the bytes that separate the addition from the existing contents. @throws MailError if the file is unsuitable */
  readonly separate: (descriptor: number, size: number) => Uint8Array;
  readonly pieces: Iterable<Uint8Array>;
}

async function appendToFile(path: string, addition: Addition, options: AppendOptions): Promise<Appended> {
  try {
    const unnamed = options.recipient === undefined ? await tryCreateUnnamed(path) : undefined;
    return await (unnamed === undefined
      ? appendToNamed(path, addition, options)
      : writeUnnamed(path, unnamed, addition, options));
  } catch (error) {
    throw addPathToError(path, error);
  }
}

/** Writes a new file, which receives its name when its contents are on disk. */
async function writeUnnamed(
  path: string,
  { descriptor, link, unlock }: LockedUnnamedFile,
  { separate, pieces }: Addition,
  options: AppendOptions,
): Promise<Appended> {
  const { onWritten, signal } = options;
  const sync = new BackgroundSync(descriptor);
  const before = (end: number) => {
    sync.reach(end);
    onWritten?.(end);
  };
  try {
    try {
      await writePiecesUnless(signal, descriptor, pieces, 0, before);
      await sync.finish();
      if (link()) {
        syncDirectory(dirname(path));
        return { created: true };
      }
    } finally {
      await sync.settle();
      await unlock();
    }
    // A program that does not acquire the lock has created the file in the meantime.
    const written = copyPieces(descriptor, 0, fstatSync(descriptor).size);
    return await appendToNamed(path, { separate, pieces: written }, options);
  } finally {
    closeSync(descriptor);
  }
}

async function appendToNamed(path: string, addition: Addition, options: AppendOptions): Promise<Appended> {
  const access = options.recipient && accessSpool(path, options.recipient);
  const { descriptor, created, release } = await openLocked(path, options.lockwait, options.signal, access);
  const remove = () => withRights(access?.create, () => unlinkSync(path));
  try {
    if (fstatSync(descriptor).isFile()) {
      if (!created) await finishInterruptedQuit(resolve(path), descriptor, options);
      await appendLocked(resolve(path), descriptor, created && remove, addition, options);
    } else for (const piece of addition.pieces) writePieces(descriptor, [piece], 0);
  } finally {
    await release();
  }
  return { created };
}

/**
 * Finishes the interrupted quit of a locked mbox. Call this function before messages are appended: after an append, the
 * quit can no longer be finished.
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
  { separate, pieces }: Addition,
  { stateDirectory, onWritten, signal }: AppendOptions,
): Promise<void> {
  if (stateDirectory !== undefined) {
    const text = settleAppend(stateDirectory, path, descriptor);
    if (text !== undefined) notify(text);
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
    const added = concatenatePieces([[separate(descriptor, size)], pieces]);
    await writePiecesUnless(signal, descriptor, added, size, before);
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
 * Returns whether a mailbox is a Maildir or is on a server, and so stores its messages' state as flags rather than as
 * header fields.
 */
export function storesFlags(path: string): boolean {
  return isServerAddress(path) || meansMaildir(path);
}

/**
 * Appends messages, with their flags, to a mailbox that stores flags.
 *
 * @param path the path of a Maildir, or an address on a server
 * @throws MailError; nothing was added
 */
export async function appendFlagged(
  path: string,
  messages: Iterable<FlaggedMessage>,
  options: Pick<AppendOptions, "signal" | "accessServer" | "mayExist">,
): Promise<Appended> {
  if (isServerAddress(path)) {
    const { appendToFolder } = await import("./imap/append-to-folder.ts");
    return appendToFolder(path, messages, options);
  }
  const { addToMaildir } = await import("./maildir/add-messages.ts");
  return addToMaildir(path, messages, options.signal);
}

/**
 * Appends messages that are in mbox form, each with its From_ line and its final empty line. A Maildir or a server
 * receives each message without its From_ line, and with flags instead of Status fields. A path that ends in a slash is
 * treated as a Maildir.
 *
 * @throws MailboxBusy, or MailError with the system's reason; the mailbox is left unchanged
 */
export async function appendMessages(
  path: string,
  messages: Iterable<Iterable<Uint8Array>>,
  options: AppendOptions,
): Promise<Appended> {
  if (storesFlags(path)) {
    const { convertToFlagged } = await import("./maildir/add-messages.ts");
    return appendFlagged(path, convertToFlagged(messages), options);
  }
  return appendToMbox(path, messages, options);
}

/**
 * Appends messages that are in mbox form to an mbox.
 *
 * @throws MailboxBusy, or MailError with the system's reason; the mailbox is left unchanged
 */
export async function appendToMbox(
  path: string,
  messages: Iterable<Iterable<Uint8Array>>,
  options: AppendOptions,
): Promise<Appended> {
  const separate = (descriptor: number, size: number) => {
    if (size > 0) refuseCompressed(path, descriptor);
    return makeSeparator(descriptor, size);
  };
  return appendToFile(path, { separate, pieces: concatenatePieces(messages) }, options);
}

/** Appends bytes that are not messages (`write`, dead.letter), with the same guarantees as `appendMessages`. */
export async function appendBytes(
  path: string,
  pieces: Iterable<Uint8Array>,
  options: AppendOptions,
): Promise<Appended> {
  if (isServerAddress(path))
    throw new MailError(`${path}: a mailbox on a server stores only messages; nothing was written`, Exit.Usage);
  return appendToFile(path, { separate: () => Buffer.alloc(0), pieces }, options);
}
