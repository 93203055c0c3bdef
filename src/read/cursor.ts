/** Where a session is in its folder, and what looking at a message does to it. */
import { Flag } from "../mailbox/mailbox.ts";
import type { Folder } from "./session.ts";

export function isDeleted(folder: Folder, message: number): boolean {
  return (folder.mailbox.flags(message) & Flag.Deleted) !== 0;
}

/** The current message if it is as wanted, else the next such one, else the one before; undefined without any. */
export function nearest(folder: Folder, wantDeleted: boolean): number | undefined {
  for (let n = Math.max(folder.current, 1); n <= folder.mailbox.count; n++)
    if (isDeleted(folder, n) === wantDeleted) return n;
  for (let n = folder.current - 1; n >= 1; n--) if (isDeleted(folder, n) === wantDeleted) return n;
  return undefined;
}

/** Marks a message as read, and so as one that quit moves. */
export function look(folder: Folder, message: number): void {
  const unread = (folder.mailbox.flags(message) & Flag.Read) === 0;
  folder.mailbox.mark(message, Flag.Touched | (unread ? Flag.Read | Flag.StatusChanged : 0));
}

export function makeCurrent(folder: Folder, message: number): void {
  folder.current = message;
}
