/** Tells from a path whether it is a Maildir or an mbox. */
import { join } from "node:path";
import { isDirectory } from "../file-stats.ts";

/** Returns whether a path is a Maildir: a directory with `cur` and `new`. */
export function isMaildir(path: string): boolean {
  return isDirectory(join(path, "cur")) && isDirectory(join(path, "new"));
}

/** Returns whether what is written to this name goes into a Maildir: it is one, or its name ends in a slash. */
export function meansMaildir(path: string): boolean {
  return path.endsWith("/") || isMaildir(path);
}
