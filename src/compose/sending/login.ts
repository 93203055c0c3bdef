/** Determines the account for a server: the user name, and the suffixes of the variables that belong to it. */
import type { Config } from "../../config/config.ts";
import { Exit, MailError } from "../../errors.ts";
import { type ServerWay, serverName } from "../../submit/way.ts";
import { hostSuffixes, isConfigured, isForAccount, netrcPath, senderSuffixes, suffixesOf } from "./account-of.ts";

/** A server with the user name of the login, if there is one. */
export interface Account {
  readonly server: ServerWay;
  /** The suffixes of the account's variables, such as `USER@HOST`, the most specific first. */
  readonly suffixes: readonly string[];
}

/**
 * Returns the account for a server. The user name comes from the URL, from the variable `user` or from netrc.
 *
 * @throws MailError if a login is requested and no user name is known
 */
export async function findServerAccount(config: Config, server: ServerWay): Promise<Account> {
  const { settings } = config;
  const ofHost = [...senderSuffixes(config), ...hostSuffixes(server)];
  const mechanism = settings.find("smtpauth", ofHost);
  const user = mechanism?.value === "none" ? undefined : await findUserName(config, server, ofHost);
  if (user === undefined && mechanism?.name.startsWith("smtp-auth") && mechanism.value !== "none") {
    throw new MailError(
      `${mechanism.name}: no user name for ${serverName(server)}; nothing was sent; set user=NAME`,
      Exit.Config,
    );
  }
  return {
    server: { ...server, user },
    suffixes: user === undefined ? ofHost : [...suffixesOf(user, server), ...ofHost],
  };
}

async function findUserName(config: Config, server: ServerWay, ofHost: readonly string[]): Promise<string | undefined> {
  if (server.user !== undefined || server.socket !== undefined) return server.user;
  const { settings } = config;
  const ofServer = settings.find("user", hostSuffixes(server));
  if (ofServer !== undefined && isForAccount(ofServer.name)) return ofServer.value;
  const general = isConfigured(config, server) ? settings.find("user", senderSuffixes(config)) : undefined;
  if (general !== undefined && general.value !== "") return general.value;
  const wantsLogin = settings.get("netrc-lookup") || settings.find("smtpauth", ofHost)?.name.startsWith("smtp-auth");
  if (wantsLogin !== true) return undefined;
  const { loginFromNetrc } = await import("../../submit/netrc.ts");
  return loginFromNetrc(netrcPath(config), server.host);
}
