import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { resolve } from "node:path";
import { MailError } from "../errors.ts";
import { isSystemError, named } from "../system-error.ts";
import { lockFile } from "./lock/lock-file.ts";
import type { Mailbox } from "./mailbox.ts";
import { isMaildir } from "./maildir/directory.ts";
import { replay } from "./mbox/apply.ts";
import { Journal } from "./mbox/journal.ts";
import { MboxMailbox } from "./mbox/mbox-mailbox.ts";
import type { MailboxOptions } from "./options.ts";

/**
 * Opens a mailbox and finds its messages. What a crash left undone is finished first.
 *
 * @throws MailError that names the path: no such file, a directory, not readable
 */
export async function openMailbox(path: string, options: MailboxOptions): Promise<Mailbox> {
  const absolute = resolve(path);
  if (isMaildir(absolute)) {
    const { openMaildir } = await import("./maildir/maildir-mailbox.ts");
    return openMaildir(absolute, options).catch((error: unknown) => {
      throw named(path, error);
    });
  }
  const { descriptor, readOnly } = openFile(path, options.readOnly === true);
  try {
    if (fstatSync(descriptor).isDirectory()) throw new MailError(`${path}: Is a directory`);
    if (!readOnly) await finish(absolute, descriptor, options);
    const mailbox = new MboxMailbox(absolute, descriptor, readOnly, options);
    await mailbox.poll();
    return mailbox;
  } catch (error) {
    closeSync(descriptor);
    throw named(path, error);
  }
}

function openFile(path: string, readOnly: boolean): { descriptor: number; readOnly: boolean } {
  if (!readOnly) {
    try {
      return { descriptor: openSync(path, constants.O_RDWR), readOnly: false };
    } catch (error) {
      if (!isSystemError(error) || !["EACCES", "EROFS", "EPERM"].includes(error.code)) throw named(path, error);
    }
  }
  try {
    return { descriptor: openSync(path, constants.O_RDONLY), readOnly: true };
  } catch (error) {
    throw named(path, error);
  }
}

async function finish(path: string, descriptor: number, options: MailboxOptions): Promise<void> {
  if (Journal.left(options.stateDirectory, path) === undefined) return;
  const release = await lockFile(path, descriptor, options.lockwait);
  try {
    // Looked for again: another session may have finished it while we waited.
    const journal = Journal.left(options.stateDirectory, path);
    if (journal !== undefined) await replay(journal, options.stateDirectory, descriptor, options.lockwait);
  } finally {
    await release();
  }
}
