/** Runs a command that prints a password or a token. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Config } from "../config/config.ts";
import { LoginFailed } from "../connect/login.ts";
import { Exit, MailError } from "../errors.ts";
import { ProgramOutput } from "../submit/program-output.ts";
import type { Terminal } from "../terminal/terminal.ts";

/**
 * Returns the first line of a command's output. The command's environment contains $MAIL_USER and $MAIL_HOST. The
 * command writes errors to the standard error of `mail`. If a program reads the output of `mail`, the Terminal object
 * prints the command's errors instead.
 *
 * @param variable the variable that contains the command
 * @throws LoginFailed if the command fails or prints nothing
 */
export async function readSecretFromCommand(
  { config: { settings }, terminal }: { readonly config: Config; readonly terminal: Terminal },
  variable: "passwordcommand" | "oauth-token-command",
  command: string,
  { user, host }: { readonly user: string; readonly host: string },
): Promise<string> {
  const environment = { ...process.env, MAIL_USER: user, MAIL_HOST: host };
  const isForProgram = terminal.beginResult !== undefined;
  const child = spawn(settings.get("SHELL"), ["-c", command], {
    stdio: ["ignore", "pipe", isForProgram ? "pipe" : "inherit"],
    env: environment,
  });
  const said = new ProgramOutput({ stdout: null, stderr: child.stderr }, (line) => terminal.err(`${line}\n`));
  const ended = once(child, "exit") as Promise<[number | null]>;
  const [output, [code]] = await Promise.all([text(child.stdout as Readable), ended]).catch((error: unknown) => {
    throw new MailError(`${variable}: ${error instanceof Error ? error.message : String(error)}`, Exit.Config);
  });
  await said.finish();
  said.printLast();
  const [secret = ""] = output.split("\n", 1);
  if (code !== 0) {
    throw new LoginFailed(
      "no password",
      `${variable}: exited with code ${code}; the login was not attempted`,
      Exit.NoPerm,
    );
  }
  if (secret !== "") return secret;
  const what = variable === "passwordcommand" ? "password" : "token";
  throw new LoginFailed(
    "password command failed",
    `${variable}: printed no ${what}; the login was not attempted`,
    Exit.NoPerm,
  );
}
