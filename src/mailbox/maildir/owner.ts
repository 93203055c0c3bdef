import { statSync } from "node:fs";
import { withRights } from "../rights.ts";

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
