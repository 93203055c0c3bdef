/**
 * Finds the password for a server: from a command, from ~/.netrc, or from the user. It is never accepted on the
 * command line.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Config } from "../../config/config.ts";
import { Exit, MailError } from "../../errors.ts";
import { passwordFromNetrc } from "../../submit/netrc.ts";
import { SubmissionFailed } from "../../submit/submission-errors.ts";
import { askSecret } from "../../terminal/secret.ts";
import type { Terminal } from "../../terminal/terminal.ts";

/**
 * Returns the password.
 *
 * @throws MailError if no password is available
 */
export async function findPassword(config: Config, terminal: Terminal, user: string, host: string): Promise<string> {
  const { settings, identity } = config;
  const command = settings.text("passwordcommand");
  if (command !== undefined && command !== "")
    return readPasswordFromCommand(settings.get("SHELL"), command, { user, host });
  const path = settings.get("netrc").replace(/^~(?=\/)/, identity.home);
  const found = passwordFromNetrc(path, host, user);
  if (found !== undefined && "password" in found) return found.password;
  if (found !== undefined) terminal.err(`mail: ${found.refused}\n`);
  const typed = await terminal.lend(() => askSecret(`Password for ${user} at ${host}: `));
  if (typed !== undefined && typed !== "") return typed;
  throw new SubmissionFailed(
    "no password",
    `no password for ${user} at ${host}: add it to ${path} (machine ${host} login ${user} password ...), ` +
      "or set passwordcommand",
    Exit.NoPerm,
  );
}

/** Returns the first line that the command prints. The command's environment contains $MAIL_USER and $MAIL_HOST. */
async function readPasswordFromCommand(shell: string, command: string, { user, host }: { user: string; host: string }) {
  const environment = { ...process.env, MAIL_USER: user, MAIL_HOST: host };
  const child = spawn(shell, ["-c", command], { stdio: ["ignore", "pipe", "inherit"], env: environment });
  const closed = once(child, "close") as Promise<[number | null]>;
  const [output, [code]] = await Promise.all([text(child.stdout), closed]).catch((error: unknown) => {
    throw new MailError(`passwordcommand: ${error instanceof Error ? error.message : String(error)}`, Exit.Config);
  });
  const [password = ""] = output.split("\n", 1);
  if (code !== 0)
    throw new SubmissionFailed(
      "no password",
      `passwordcommand: exited with code ${code}; nothing was sent`,
      Exit.NoPerm,
    );
  if (password === "")
    throw new SubmissionFailed(
      "password command failed",
      "passwordcommand: printed no password; nothing was sent",
      Exit.NoPerm,
    );
  return password;
}
