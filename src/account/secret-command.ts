/** Runs a command that prints a password or a token. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Config } from "../config/config.ts";
import { LoginFailed } from "../connect/login.ts";
import { Exit, MailError } from "../errors.ts";

/**
 * Returns the first line of a command's output. The command's environment contains $MAIL_USER and $MAIL_HOST.
 *
 * @param variable the variable that contains the command
 * @throws LoginFailed if the command fails or prints nothing
 */
export async function readSecretFromCommand(
  { settings }: Config,
  variable: "passwordcommand" | "oauth-token-command",
  command: string,
  { user, host }: { readonly user: string; readonly host: string },
): Promise<string> {
  const environment = { ...process.env, MAIL_USER: user, MAIL_HOST: host };
  const child = spawn(settings.get("SHELL"), ["-c", command], {
    stdio: ["ignore", "pipe", "inherit"],
    env: environment,
  });
  const closed = once(child, "close") as Promise<[number | null]>;
  const [output, [code]] = await Promise.all([text(child.stdout), closed]).catch((error: unknown) => {
    throw new MailError(`${variable}: ${error instanceof Error ? error.message : String(error)}`, Exit.Config);
  });
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
