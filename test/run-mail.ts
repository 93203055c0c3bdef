/** Runs the built program while this process continues, for example as the program's server. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const programs = join(import.meta.dirname, "../bin");

export interface Ended {
  /** The exit code; null if a signal terminated the program. */
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs `mail`.
 *
 * @param input the contents of standard input, which the program need not read
 * @param cwd the working directory, if it is not this process's own
 */
export function runMail(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  input: string | Uint8Array = "",
  cwd?: string,
): Promise<Ended> {
  return runProgram(join(programs, "mail.js"), argv, env, input, cwd);
}

/** The path of the launcher of `sendmail`. */
export const sendmailPath = join(programs, "sendmail.js");

/** Runs a program of this package. @param path the path of the program's launcher, or of a link to the launcher */
export async function runProgram(
  path: string,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  input: string | Uint8Array = "",
  cwd?: string,
): Promise<Ended> {
  const child = spawn(process.execPath, [path, ...argv], { env, cwd });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { exit: await ended, out, err };
}
