/**
 * Reads the metadata of files, and lists the names in directories; files and directories may be missing. No other file
 * may use `throwIfNoEntry: false`: from Node 22 on, this option hides ENOTDIR, and a home directory that is a file
 * would look like an empty directory.
 */
import { lstatSync, readdirSync, type Stats, statSync } from "node:fs";
import { isSystemError } from "./system-error.ts";

function ignoreMissing(read: () => Stats): Stats | undefined {
  try {
    return read();
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function ignoreSystemErrors<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

/** Returns a file's metadata; undefined if it is missing. @throws the system's error, including ENOTDIR */
export function statIfPresent(path: string): Stats | undefined {
  return ignoreMissing(() => statSync(path));
}

/**
 * Returns the metadata of a symbolic link itself; undefined if it is missing.
 *
 * @throws the system's error, including ENOTDIR
 */
export function lstatIfPresent(path: string): Stats | undefined {
  return ignoreMissing(() => lstatSync(path));
}

/** Returns a file's metadata; undefined if it is missing or cannot be examined. */
export function statIfPossible(path: string): Stats | undefined {
  return ignoreSystemErrors(() => statSync(path));
}

/** Returns the metadata of a symbolic link itself; undefined if it is missing or cannot be examined. */
export function lstatIfPossible(path: string): Stats | undefined {
  return ignoreSystemErrors(() => lstatSync(path));
}

/** Returns whether a path is a directory; false if it cannot be examined. */
export function isDirectory(path: string): boolean {
  return statIfPossible(path)?.isDirectory() === true;
}

/** Returns the names in a directory; none if it is missing or cannot be read. */
export function listNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
