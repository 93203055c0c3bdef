/** Looks whether mail has come into the open folder, by its size or time alone; nothing is read. */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Folder, Session } from "../session/session.ts";

/** Returns a function that tells of new mail, once for each time that some came */
export function newMailWatch(session: Session): () => string | undefined {
  let folder: Folder | undefined;
  let count = 0;
  let seen = 0;
  return () => {
    const now = session.folder;
    if (now === undefined) return undefined;
    const mark = markOf(now.mailbox.path);
    const known = folder === now && count === now.mailbox.count;
    const grown = known && mark > seen;
    folder = now;
    count = now.mailbox.count;
    seen = mark;
    return grown ? "New mail has arrived; inc takes it in." : undefined;
  };
}

/** A number that becomes greater when mail is delivered: a file's size, the time of a maildir's new mail. */
function markOf(path: string): number {
  try {
    const found = statSync(path);
    return found.isDirectory() ? statSync(join(path, "new")).mtimeMs : found.size;
  } catch {
    // It is gone for now; what takes mail in will say so.
    return 0;
  }
}
