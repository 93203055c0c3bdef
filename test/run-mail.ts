/** The built program, run while this process goes on, as the server that it talks to, for one. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const program = join(import.meta.dirname, "../bin/mail.js");

export interface Ended {
  /** Null: by a signal. */
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

/** @param input of a pipe, which the program need not read */
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
