import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { resolve } from "node:path";
import { Exit, MailError } from "../errors.ts";
import { statIfPresent } from "../file-stats.ts";
import { startsWithFrom } from "../message/header.ts";
import { isServerAddress } from "../message/server-name.ts";
import { notify } from "../notices.ts";
import { addPathToError, isSystemError } from "../system-error.ts";
import { readRange } from "./file-ranges.ts";
import type { ServerFolder } from "./imap/list-folders.ts";
import type { Mailbox, MailboxOptions } from "./mailbox.ts";
import { CannotFinish, NotAMailbox } from "./mailbox-errors.ts";
import { isMaildir } from "./maildir-path.ts";
import { MboxMailbox } from "./mbox/mbox-mailbox.ts";
import { finishCommit } from "./mbox/replay.ts";
import { type Compression, compressionOf } from "./packed/compression.ts";

/**
 * Opens a mailbox and finds its messages. An interrupted commit is finished first.
 *
 * @throws MailError, which names the path, if the path is missing, is a directory, or cannot be read
 */
export async function openMailbox(path: string, options: MailboxOptions): Promise<Mailbox> {
  if (isServerAddress(path)) {
    const { openImapMailbox } = await import("./imap/imap-mailbox.ts");
    return openImapMailbox(path, options);
  }
  const absolute = resolve(path);
  if (isMaildir(absolute)) {
    const { openMaildir } = await import("./maildir/maildir-mailbox.ts");
    return openMaildir(absolute, options).catch((error: unknown) => {
      throw addPathToError(path, error);
    });
  }
  const { descriptor, readOnly } = isPipe(absolute) ? await openPipe(path) : openFile(path, options);
  try {
    if (fstatSync(descriptor).isDirectory())
      throw new MailError(`${path}: Is a directory`, Exit.Failure, { reason: "EISDIR" });
    const compression = compressionOf(descriptor);
    if (compression !== undefined) return await openPacked(absolute, descriptor, compression, options, path);
    const isWritable = !readOnly && (await finishIfPossible(absolute, descriptor, options));
    return await openMboxFile(absolute, descriptor, !isWritable, options, path);
  } catch (error) {
    closeSync(descriptor);
    throw addPathToError(path, error);
  }
}

/** Returns whether an error means that a mailbox on a server could not be opened because the folder does not exist. */
export function isMissingFolder(error: unknown): boolean {
  return error instanceof MailError && "reason" in error && error.reason === "no such folder";
}

/** Creates a folder on a server. @throws MailError if the server refuses the request */
export async function createFolder(
  address: string,
  { accessServer }: Pick<MailboxOptions, "accessServer">,
): Promise<void> {
  const { createServerFolder } = await import("./imap/list-folders.ts");
  await createServerFolder(address, accessServer);
}

/** Lists the folders at an address on a server. @throws MailError if the server cannot be used */
export async function listFoldersOf(
  address: string,
  { accessServer, signal }: Pick<MailboxOptions, "accessServer" | "signal">,
): Promise<readonly ServerFolder[]> {
  const { listServerFolders } = await import("./imap/list-folders.ts");
  return listServerFolders(address, accessServer, signal);
}

/** Finishes an interrupted quit. @returns false if only another user can finish it: the mailbox is then read-only */
async function finishIfPossible(path: string, descriptor: number, options: MailboxOptions): Promise<boolean> {
  try {
    await finishCommit(path, options.stateDirectory, descriptor, options.lockwait);
    return true;
  } catch (error) {
    if (!(error instanceof CannotFinish)) throw error;
    notify(error.message);
    return false;
  }
}

/**
 * Opens a file as an mbox. If the file is a single message, the mailbox is read-only.
 *
 * @param descriptor the open file
 * @param typed the path as the user entered it
 */
async function openMboxFile(
  path: string,
  descriptor: number,
  readOnly: boolean,
  options: MailboxOptions,
  typed: string,
): Promise<Mailbox> {
  const mailbox = new MboxMailbox(path, descriptor, readOnly, options);
  await mailbox.poll();
  if (mailbox.count > 0 && mailbox.offset(1) === 0 && startsWithFrom(readRange(descriptor, 0, 80))) return mailbox;
  const { isEmptyFile: isEmpty, isOneMessage, OneMessage } = await import("./one-message.ts");
  if (isOneMessage(descriptor, mailbox)) return new OneMessage(path, descriptor);
  if (mailbox.count === 0 && options.mustBeMailbox === true && !isEmpty(descriptor)) throw new NotAMailbox(typed);
  return mailbox;
}

/** Returns whether a path names a pipe, such as the shell's `<(command)`. */
export function isPipe(path: string): boolean {
  try {
    return statIfPresent(path)?.isFIFO() ?? false;
  } catch {
    return false;
  }
}

async function openPipe(path: string): Promise<{ descriptor: number; readOnly: boolean }> {
  const { copyOfStream } = await import("./packed/piped.ts");
  const { descriptor } = openFile(path, { readOnly: true });
  try {
    return { descriptor: await copyOfStream(descriptor, path), readOnly: true };
  } finally {
    closeSync(descriptor);
  }
}

/** Opens a compressed mailbox read-only, because its messages are read from an unpacked copy. */
async function openPacked(
  path: string,
  packed: number,
  compression: Compression,
  options: MailboxOptions,
  typed: string,
): Promise<Mailbox> {
  const { unpackMailbox } = await import("./packed/unpack.ts");
  const plain = await unpackMailbox(path, packed, compression, options);
  try {
    // No index is kept, because the unpacked file is temporary.
    const mailbox = await openMboxFile(path, plain, true, { ...options, cacheDirectory: undefined }, typed);
    closeSync(packed);
    return mailbox;
  } catch (error) {
    closeSync(plain);
    throw error;
  }
}

type HowToOpen = Pick<MailboxOptions, "readOnly" | "unnoticed">;

function openFile(path: string, how: HowToOpen): { descriptor: number; readOnly: boolean } {
  if (how.readOnly !== true) {
    try {
      return { descriptor: openAs(path, constants.O_RDWR, how), readOnly: false };
    } catch (error) {
      if (!isSystemError(error) || !["EACCES", "EROFS", "EPERM"].includes(error.code))
        throw addPathToError(path, error);
    }
  }
  try {
    return { descriptor: openAs(path, constants.O_RDONLY, how), readOnly: true };
  } catch (error) {
    throw addPathToError(path, error);
  }
}

function openAs(path: string, flags: number, { unnoticed }: HowToOpen): number {
  if (unnoticed === true) {
    try {
      return openSync(path, flags | constants.O_NOATIME);
    } catch (error) {
      // Only a file's owner may open the file without changing its access time.
      if (!isSystemError(error) || error.code !== "EPERM") throw error;
    }
  }
  return openSync(path, flags);
}
