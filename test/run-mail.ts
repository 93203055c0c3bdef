/** Runs the built program while this process continues, for example as the program's server. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const program = join(import.meta.dirname, "../bin/mail.js");

export interface Ended {
  /** The exit code; null if a signal terminated the program. */
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the program. @param input the contents of its standard input, which it need not read */
export async function runMail(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  input = "",
): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...argv], { env });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { exit: await ended, out, err };
}
