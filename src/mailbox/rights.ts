import { statSync } from "node:fs";

/** The user whose rights a file operation of root uses. */
export interface Rights {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Runs file operations with another user's rights if this process is root. Without `rights`, or with root's, nothing changes.
 *
 * @param task synchronous, because rights belong to the whole process
 * @returns what the task returns
 */
export function withRights<T>(rights: Rights | undefined, task: () => T): T {
  if (rights === undefined || rights.uid === 0 || process.geteuid?.() !== 0) return task();
  const groups = process.getgroups?.() ?? [];
  process.setgroups?.([rights.gid]);
  process.setegid?.(rights.gid);
  process.seteuid?.(rights.uid);
  try {
    return task();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(process.getgid?.() ?? 0);
    process.setgroups?.(groups);
  }
}

/**
 * Runs file operations in a directory with the rights of its owner, when we are root.
 *
 * A Maildir is its user's to arrange: a link in it must not lead root to write or remove a file elsewhere.
 *
 * @param task must not wait: rights are the whole process's
 */
export function asOwner<T>(directory: string, task: () => T): T {
  return process.geteuid?.() === 0 ? withRights(statSync(directory), task) : task();
}
