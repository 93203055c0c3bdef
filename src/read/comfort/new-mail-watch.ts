/**
 * Checks whether mail has arrived in the open folder. Compares only sizes and modification times or, on a server, the
 * number of messages. No mail is read.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Folder, Session } from "../session/session.ts";

/** Returns a function that reports new mail, once per arrival. */
export function newMailWatch(session: Session): () => string | undefined {
  let folder: Folder | undefined;
  let count = 0;
  let seen = 0;
  return () => {
    const now = session.folder;
    if (now === undefined) return undefined;
    const mark = now.mailbox.countReported?.() ?? markOf(now.mailbox.path);
    const known = folder === now && count === now.mailbox.count;
    const grown = known && mark > seen;
    folder = now;
    count = now.mailbox.count;
    seen = mark;
    return grown ? "New mail has arrived; inc adds it to the list." : undefined;
  };
}

/**
 * Returns a number that increases when mail is delivered: a file's size, or the modification time of a Maildir's `new`
 * directory.
 */
function markOf(path: string): number {
  try {
    const found = statSync(path);
    return found.isDirectory() ? statSync(join(path, "new")).mtimeMs : found.size;
  } catch {
    // The mailbox is currently missing; the next command that reads it reports the error.
    return 0;
  }
}
