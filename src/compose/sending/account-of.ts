/** Which server and account a variable belongs to, so that a password is never sent to another server. */
import type { Config } from "../../config/config.ts";
import type { ServerWay } from "../../submit/way.ts";
import { readConfiguredWay } from "./configured-way.ts";

/** Returns `USER@HOST:PORT` and `USER@HOST`; S-nail also encodes a user name that is an address. */
export function suffixesOf(user: string, { host, port }: Pick<ServerWay, "host" | "port">): string[] {
  return [...new Set([user, encodeURIComponent(user)])].flatMap((name) => [
    `${name}@${host}:${port}`,
    `${name}@${host}`,
  ]);
}

/** Returns whether a name ends with the suffix of an account. Only the other names can mean another server. */
export function isForAccount(name: string): boolean {
  return /^(?:user|password|smtp-auth-user|smtp-auth-password)-/.test(name);
}

/** Returns whether the variables name this server. Their user name and password must not be sent to another server. */
export function isConfigured(config: Config, server: Pick<ServerWay, "host" | "port">): boolean {
  if (config.settings.find("mta") === undefined && config.settings.find("sendmail") === undefined) return false;
  const way = readConfiguredWay(config);
  return way.kind === "smtp" && way.host === server.host && way.port === server.port;
}
