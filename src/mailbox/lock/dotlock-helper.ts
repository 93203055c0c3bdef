/**
 * Locks a mailbox in a spool directory to which only the group `mail` can write. The lock file is created and removed
 * by a set-gid program: dotlockfile(1) from liblockfile-bin, or else mutt_dotlock(1). The program checks that the
 * mailbox belongs to the user.
 */

import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { statIfPresent } from "../../file-stats.ts";

const setGid = 0o2000;
const groupWrites = 0o020;

interface Helper {
  readonly program: string;
  readonly take: (path: string) => string[];
  readonly drop: (path: string) => string[];
  /** The exit code for a mailbox that another program has locked. */
  readonly refused: number;
}

const helpers: readonly Helper[] = [
  {
    program: "/usr/bin/dotlockfile",
    take: (path) => ["-l", "-p", "-q", "-r", "0", `${path}.lock`],
    drop: (path) => ["-u", `${path}.lock`],
    refused: 4,
  },
  {
    program: "/usr/bin/mutt_dotlock",
    take: (path) => ["-p", "-r", "0", path],
    drop: (path) => ["-p", "-u", path],
    refused: 3,
  },
];

/** Returns whether the program has rights in the mailbox's directory that this process lacks. */
function mayHelp(program: string, path: string): boolean {
  const found = statIfPresent(program);
  const directory = statIfPresent(dirname(path));
  if (found === undefined || directory === undefined) return false;
  return (found.mode & setGid) !== 0 && (directory.mode & groupWrites) !== 0 && found.gid === directory.gid;
}

function runHelper(program: string, argv: readonly string[]): number | null {
  return spawnSync(program, argv, { stdio: "ignore", timeout: 10_000 }).status;
}

/**
 * Locks a mailbox with the first suitable program.
 *
 * @returns undefined if no installed program can lock this mailbox
 */
export function lockByHelper(path: string): { release(): void } | "refused" | undefined {
  for (const { program, take, drop, refused } of helpers) {
    if (!mayHelp(program, path)) continue;
    const status = runHelper(program, take(path));
    if (status === 0) return { release: () => void runHelper(program, drop(path)) };
    if (status === refused) return "refused";
  }
  return undefined;
}
