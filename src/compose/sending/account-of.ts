/**
 * Determines the server and account to which a variable belongs, so that a password is never sent to another server.
 */
import type { Config } from "../../config/config.ts";
import { parseAddresses } from "../../message/address.ts";
import type { ServerWay } from "../../submit/way.ts";
import { readConfiguredWay } from "./configured-way.ts";

/** Returns `USER@HOST:PORT` and `USER@HOST`; S-nail also accepts a percent-encoded user name. */
export function suffixesOf(user: string, { host, port }: Pick<ServerWay, "host" | "port">): string[] {
  return [...new Set([user, encodeURIComponent(user)])].flatMap((name) => [
    `${name}@${host}:${port}`,
    `${name}@${host}`,
  ]);
}

/** Returns `HOST:PORT` and `HOST`. */
export function hostSuffixes({ host, port }: Pick<ServerWay, "host" | "port">): string[] {
  return [`${host}:${port}`, host];
}

/** Returns the sender's address, which heirloom mailx appends to variables. It does not identify a server. */
export function senderSuffixes({ settings }: Config): string[] {
  const sender = parseAddresses(settings.text("from") ?? "")[0]?.address;
  return sender === undefined ? [] : [sender];
}

/**
 * Returns whether a name ends with the suffix of an account. Variables with other names may be meant for another
 * server.
 */
export function isForAccount(name: string): boolean {
  return /^(?:user|password|smtp-auth-user|smtp-auth-password)-/.test(name);
}

/**
 * Returns whether `mta` or `sendmail` names this server. The user name and password in variables without a suffix must
 * not be sent to another server.
 */
export function isConfigured(config: Config, server: Pick<ServerWay, "host" | "port">): boolean {
  if (config.settings.find("mta") === undefined && config.settings.find("sendmail") === undefined) return false;
  const way = readConfiguredWay(config);
  return way.kind === "smtp" && way.host === server.host && way.port === server.port;
}

/** Returns the path of the variable `netrc`, with the tilde expanded. */
export function netrcPath({ settings, identity }: Config): string {
  return settings.get("netrc").replace(/^~(?=\/)/, identity.home);
}
