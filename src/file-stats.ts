/**
 * Facts about files that may be missing. `throwIfNoEntry: false` is not used anywhere else: from Node 22 on it hides ENOTDIR,
 * so that a home directory that is a file would look like one without mail.
 */
import { lstatSync, type Stats, statSync } from "node:fs";
import { isSystemError } from "./system-error.ts";

function unlessMissing(read: () => Stats): Stats | undefined {
  try {
    return read();
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Returns facts about a file; undefined if it is missing. @throws the system's error, ENOTDIR included */
export function statIfPresent(path: string): Stats | undefined {
  return unlessMissing(() => statSync(path));
}

/** The same about a symbolic link itself. */
export function lstatIfPresent(path: string): Stats | undefined {
  return unlessMissing(() => lstatSync(path));
}

/** Returns whether a path is a directory; false also if it cannot be examined. */
export function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}
