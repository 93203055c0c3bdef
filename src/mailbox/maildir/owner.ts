import { statSync } from "node:fs";

/**
 * Runs file operations in a directory with the rights of its owner, when we are root.
 *
 * A Maildir is its user's to arrange: a link in it must not lead root to write or remove a file elsewhere.
 *
 * @param task must not wait: rights are the whole process's
 */
export function asOwner<T>(directory: string, task: () => T): T {
  if (process.geteuid?.() !== 0) return task();
  const { uid, gid } = statSync(directory);
  if (uid === 0) return task();
  process.setegid?.(gid);
  process.seteuid?.(uid);
  try {
    return task();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(process.getgid?.() ?? 0);
  }
}
