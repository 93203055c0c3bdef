/** Determines the account for a server: the user name, and the suffixes of the variables that apply to it. */
import type { Config } from "../config/config.ts";
import { Exit, MailError } from "../errors.ts";
import { parseAddresses } from "../message/address.ts";

/** A server, with the user name if its URL contains one. */
interface LoginServer {
  readonly protocol: "smtp" | "imap" | "pop3";
  readonly host: string;
  readonly port: number;
  readonly socket?: string | undefined;
  readonly user?: string | undefined;
}

export interface ServerAccount {
  /** The user name of the login; undefined for a submission without a login. */
  readonly user: string | undefined;
  /** The suffixes of the account's variables, such as `USER@HOST`, most specific first. */
  readonly suffixes: readonly string[];
}

type Address = Pick<LoginServer, "host" | "port">;

/**
 * Returns the account for a server. The user name comes from the URL, from the `user` variable or from the netrc file.
 * A mailbox always requires a user name; the default is the user's login name on this system.
 *
 * @throws MailError if a login is requested and no user name is known
 */
export async function findServerAccount(config: Config, server: LoginServer): Promise<ServerAccount> {
  const { settings, identity } = config;
  const ofHost = [...senderSuffixes(config), ...hostSuffixes(server)];
  const isMailbox = server.protocol !== "smtp";
  const mechanism = isMailbox ? undefined : settings.find("smtpauth", ofHost);
  const wantsLogin = mechanism?.name.startsWith("smtp-auth") === true && mechanism.value !== "none";
  const found = mechanism?.value === "none" ? undefined : await findUserName(config, server, wantsLogin || isMailbox);
  if (found === undefined && wantsLogin) {
    throw new MailError(
      `${mechanism.name}: no user name for ${server.socket ?? `${server.host} port ${server.port}`}; nothing was sent; set user=NAME`,
      Exit.Config,
    );
  }
  const user = found ?? (isMailbox ? identity.login : undefined);
  return { user, suffixes: user === undefined ? ofHost : [...suffixesOf(user, server), ...ofHost] };
}

async function findUserName(config: Config, server: LoginServer, wantsLogin: boolean): Promise<string | undefined> {
  if (server.user !== undefined || server.socket !== undefined) return server.user;
  const { settings } = config;
  const ofServer = settings.find("user", hostSuffixes(server));
  if (ofServer !== undefined && isForAccount(ofServer.name)) return ofServer.value;
  const general = settings.find("user", senderSuffixes(config))?.value;
  if (general !== undefined && general !== "") {
    const { isConfigured } = await import("./named-servers.ts");
    if (isConfigured(config, server)) return general;
  }
  if (!wantsLogin && !settings.get("netrc-lookup")) return undefined;
  const { loginFromNetrc } = await import("./netrc.ts");
  return loginFromNetrc(netrcPath(config), server);
}

/**
 * Returns `USER@HOST:PORT` and `USER@HOST`. Both forms are also returned with the user name percent-encoded, which
 * S-nail accepts.
 */
export function suffixesOf(user: string, { host, port }: Address): string[] {
  return [...new Set([user, encodeURIComponent(user)])].flatMap((name) => [
    `${name}@${host}:${port}`,
    `${name}@${host}`,
  ]);
}

/** Returns `HOST:PORT` and `HOST`. */
export function hostSuffixes({ host, port }: Address): string[] {
  return [`${host}:${port}`, host];
}

/**
 * Returns the sender's address, which heirloom mailx appends to variable names. The address does not identify a server.
 */
export function senderSuffixes({ settings }: Config): string[] {
  const sender = parseAddresses(settings.text("from") ?? "")[0]?.address;
  return sender === undefined ? [] : [sender];
}

/**
 * Returns whether the name of a variable ends with an account suffix. A variable without a suffix may apply to another
 * server.
 */
export function isForAccount(name: string): boolean {
  return /^(?:user|password|smtp-auth-user|smtp-auth-password)-/.test(name);
}

/** Returns the path in the `netrc` variable, with the tilde expanded. */
export function netrcPath({ settings, identity }: Config): string {
  return settings.get("netrc").replace(/^~(?=\/)/, identity.home);
}
