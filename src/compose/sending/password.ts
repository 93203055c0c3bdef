/**
 * Finds the password for a server: from a variable or URL, from a command, from ~/.netrc, or from the user.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Config } from "../../config/config.ts";
import type { Found } from "../../config/settings.ts";
import { Exit, MailError } from "../../errors.ts";
import { passwordFromNetrc } from "../../submit/netrc.ts";
import { SubmissionFailed } from "../../submit/submission-errors.ts";
import { passwordInUrl } from "../../submit/way.ts";
import { askSecret } from "../../terminal/secret.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { hostSuffixes, isConfigured, isForAccount, netrcPath, senderSuffixes, suffixesOf } from "./account-of.ts";

/** A user at a server. */
export interface PasswordRequest {
  readonly user: string;
  readonly host: string;
  readonly port: number;
}

/**
 * Returns the password.
 *
 * @throws MailError if no password is available, or if other users can read the start-up file that contains it
 */
export async function findPassword(config: Config, terminal: Terminal, request: PasswordRequest): Promise<string> {
  const { settings } = config;
  const { user, host } = request;
  const set = passwordInVariables(config, request);
  if (set !== undefined) return set;
  const command = settings.text("passwordcommand");
  if (command !== undefined && command !== "")
    return readPasswordFromCommand(settings.get("SHELL"), command, { user, host });
  const path = netrcPath(config);
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

/**
 * Returns the password from `password-USER@HOST` or a synonym. If none is set, the password comes from the URL in `mta`
 * or `sendmail`, or from `password`, whichever was assigned last.
 */
function passwordInVariables(config: Config, request: PasswordRequest): string | undefined {
  const { settings } = config;
  const ofServer = settings.find("password", [...suffixesOf(request.user, request), ...hostSuffixes(request)]);
  if (ofServer !== undefined && isForAccount(ofServer.name)) return usePassword(ofServer);
  if (!isConfigured(config, request)) return undefined;
  const general = settings.find("password", senderSuffixes(config));
  const url = settings.find("mta") ?? settings.find("sendmail");
  const inUrl = url === undefined ? undefined : passwordInUrl(url.value);
  const candidates = [
    ...(general === undefined || general.value === "" ? [] : [general]),
    ...(url === undefined || inUrl === undefined || inUrl === "" ? [] : [{ ...url, value: inUrl }]),
  ];
  const last = settings.lastAssigned(candidates);
  return last === undefined ? undefined : usePassword(last);
}

/** @throws MailError if other users can read the password */
function usePassword({ value, exposedIn }: Found): string {
  if (exposedIn === undefined) return value;
  throw new MailError(
    `${exposedIn}: other users can read the password in it; nothing was sent; run chmod 600 ${exposedIn}`,
    Exit.Config,
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
