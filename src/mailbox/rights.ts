import { statSync } from "node:fs";

/** The user whose rights root uses for a file operation. */
export interface Rights {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Runs file operations as another user if this process is root. If `rights` is undefined or names root, the operations
 * run with this process's own rights.
 *
 * @param task must be synchronous, because rights apply to the whole process
 * @returns the task's result
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
 * Runs file operations as the owner of a directory if this process is root.
 *
 * The user controls a Maildir's contents, so a link in it must not make root write or remove a file elsewhere.
 *
 * @param task must be synchronous, because rights apply to the whole process
 */
export function runAsOwner<T>(directory: string, task: () => T): T {
  return process.geteuid?.() === 0 ? withRights(statSync(directory), task) : task();
}
