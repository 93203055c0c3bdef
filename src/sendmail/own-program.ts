/** Detects values of `mta` and `sendmail` that name this program, which would then start itself in an endless loop. */
import { realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { Exit, MailError } from "../errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment variable by which this program recognizes that it was started by its own transport. */
const marker = "MAIL_SENDMAIL_TRANSPORT";

/**
 * Refuses a transport program that would start this program: directly, through a link or through another program.
 *
 * @param self the path of this program
 * @throws MailError with exit code 78
 */
export function refuseOwnProgram(path: string, self: string, environment: Environment): void {
  const found = findProgram(path, environment);
  const isSelf = found !== undefined && isSameFile(found, self);
  const before = environment[marker];
  if (!isSelf && before === undefined) return;
  const reason = isSelf ? "is this program" : `was started by ${before}, which is a transport of this program`;
  throw new MailError(
    `mta: ${path}: sendmail ${reason}; nothing was sent; set mta to a server, such as smtp://HOST`,
    Exit.Config,
  );
}

/** Marks the environment of the programs that this process starts. */
export function markEnvironment(path: string): void {
  process.env[marker] = path;
}

/** Returns a program's path, as execvp(3) would find it. */
function findProgram(path: string, { PATH = "/usr/bin:/bin" }: Environment): string | undefined {
  if (path.includes("/")) return path;
  return PATH.split(":")
    .map((directory) => join(directory, path))
    .find((candidate) => fileOf(candidate) !== undefined);
}

function isSameFile(one: string, other: string): boolean {
  const [a, b] = [fileOf(one), fileOf(other)];
  return a !== undefined && a === b;
}

/**
 * Returns a file's device and inode. A symbolic or hard link has the same device and inode as its file. Returns
 * undefined if the file is missing.
 */
function fileOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(realpathSync(path));
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
