/** Decides whether a path is a Maildir or an mbox. */
import { join } from "node:path";
import { isDirectory } from "../file-stats.ts";

/** Returns whether a path is a Maildir: a directory that contains `cur` and `new`. */
export function isMaildir(path: string): boolean {
  return isDirectory(join(path, "cur")) && isDirectory(join(path, "new"));
}

/**
 * Returns whether messages written to a path are added to a Maildir: true if the path is a Maildir or ends in a slash.
 */
export function meansMaildir(path: string): boolean {
  return path.endsWith("/") || isMaildir(path);
}
