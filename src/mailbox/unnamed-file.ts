/**
 * Creates a file that receives its name only after its contents have been written (O_TMPFILE of open(2), and linkat(2)).
 * If `mail` or the system crashes earlier, the file does not exist.
 */
import { constants, openSync } from "node:fs";
import { dirname } from "node:path";
import { lstatIfPresent } from "../file-stats.ts";
import { loadCLibrary } from "../libc.ts";

/** Node does not declare this flag of open(2). */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
const AT_FDCWD = -100;
const AT_SYMLINK_FOLLOW = 0x400;

type Linkat = (oldDirectory: number, old: string, newDirectory: number, path: string, flags: number) => number;

export interface UnnamedFile {
  /** Open for reading and writing. */
  readonly descriptor: number;
  /** Gives the file its name. @returns false if this fails, for example because a file with this name now exists */
  link(): boolean;
}

/**
 * Creates an unnamed file with mode 0600.
 *
 * @param path the file's future path
 * @returns undefined if the path exists, or if the system, the file system or the directory does not permit such a file
 */
export async function createUnnamed(path: string): Promise<UnnamedFile | undefined> {
  // The path may be a dangling symbolic link.
  if (lstatIfPresent(path) !== undefined) return undefined;
  const library = await loadCLibrary();
  if (library === undefined) return undefined;
  const linkat = library.bind<Linkat>("int linkat(int, const char *, int, const char *, int)");
  let descriptor: number;
  try {
    descriptor = openSync(dirname(path), O_TMPFILE | constants.O_RDWR, 0o600);
  } catch {
    return undefined;
  }
  const link = () => linkat(AT_FDCWD, `/proc/self/fd/${descriptor}`, AT_FDCWD, path, AT_SYMLINK_FOLLOW) === 0;
  return { descriptor, link };
}
