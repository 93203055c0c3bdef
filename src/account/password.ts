/** Obtains the password for a server from a variable, a URL, a command, ~/.netrc or the user. */
import type { Config } from "../config/config.ts";
import type { Found } from "../config/settings.ts";
import { LoginFailed, type LoginRequest } from "../connect/login.ts";
import { Exit, MailError } from "../errors.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { hostSuffixes, isForAccount, netrcPath, senderSuffixes, suffixesOf } from "./find-account.ts";
import { variablesNaming } from "./named-servers.ts";
import { passwordFromNetrc } from "./netrc.ts";
import { readSecretFromCommand } from "./secret-command.ts";

/** A password, and whether it is kept for the rest of the run so that the user is not asked again. */
interface FoundPassword {
  readonly password: string;
  readonly isKept: boolean;
}

/**
 * Returns the password.
 *
 * @throws MailError if no password is available, or if other users can read the start-up file that contains it
 */
export async function findPassword(config: Config, terminal: Terminal, request: LoginRequest): Promise<FoundPassword> {
  const { settings } = config;
  const { user, host } = request;
  const set = passwordInVariables(config, request);
  if (set !== undefined) return { password: set, isKept: false };
  const command = settings.text("passwordcommand");
  if (command !== undefined && command !== "") {
    const password = await readSecretFromCommand({ config, terminal }, "passwordcommand", command, { user, host });
    return { password, isKept: true };
  }
  const path = netrcPath(config);
  const found = passwordFromNetrc(path, request, user);
  if (found !== undefined && "password" in found) return { password: found.password, isKept: false };
  if (found !== undefined) terminal.err(`mail: ${found.refused}\n`);
  const typed = await askPassword(terminal, `Password for ${user} at ${host}: `);
  if (typed !== undefined && typed !== "") return { password: typed, isKept: true };
  throw new LoginFailed(
    "no password",
    `no password for ${user} at ${host}: add it to ${path} (machine ${host} login ${user} password ...), ` +
      "or set passwordcommand",
    Exit.NoPerm,
  );
}

/** Asks the user. Returns undefined without a terminal, and if the output of `mail` is for a program. */
async function askPassword(terminal: Terminal, prompt: string): Promise<string | undefined> {
  if (terminal.beginResult !== undefined) return undefined;
  const { askSecret } = await import("../terminal/secret.ts");
  return terminal.lend(() => askSecret(prompt));
}

/**
 * Returns the password from `password-USER@HOST` or a synonym. If none is set, the password comes from the URL that
 * names the server, or from `password`, whichever was assigned last.
 */
function passwordInVariables(config: Config, request: LoginRequest): string | undefined {
  const { settings } = config;
  const ofServer = settings.find("password", [...suffixesOf(request.user, request), ...hostSuffixes(request)]);
  if (ofServer !== undefined && isForAccount(ofServer.name)) return usePassword(ofServer);
  const naming = variablesNaming(config, request);
  if (naming.length === 0) return undefined;
  const general = settings.find("password", senderSuffixes(config));
  const inUrls = naming.flatMap(({ server, variable }) =>
    server.password === undefined ? [] : [{ ...variable, value: server.password }],
  );
  const last = settings.lastAssigned([...(general === undefined || general.value === "" ? [] : [general]), ...inUrls]);
  return last === undefined ? undefined : usePassword(last);
}

/** @throws MailError if other users can read the password */
function usePassword({ value, exposedIn }: Found): string {
  if (exposedIn === undefined) return value;
  throw new MailError(
    `${exposedIn}: other users can read the password in it; the login was not attempted; run chmod 600 ${exposedIn}`,
    Exit.Config,
  );
}
