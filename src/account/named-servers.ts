/**
 * Finds the servers that are named in variables. A user name, password or token from a variable without a suffix is
 * sent only to servers that are named in variables.
 */
import { domainToASCII } from "node:url";
import type { Config } from "../config/config.ts";
import type { Found } from "../config/settings.ts";
import { decodeLogin } from "../submit/transport-settings.ts";

interface NamedServer {
  readonly protocol: "smtp" | "imap" | "pop3";
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/** The variables whose values can be server URLs. */
const namingVariables = ["mta", "sendmail", "MAIL", "folder", "MBOX", "record"] as const;

/** The protocol and the default port for each URL scheme (RFC 5321, 6409, 8314, 9051, 1939). */
const schemes: Readonly<Record<string, { readonly protocol: NamedServer["protocol"]; readonly port: number }>> = {
  smtp: { protocol: "smtp", port: 25 },
  submission: { protocol: "smtp", port: 587 },
  submissions: { protocol: "smtp", port: 465 },
  smtps: { protocol: "smtp", port: 465 },
  lmtp: { protocol: "smtp", port: 24 },
  imap: { protocol: "imap", port: 143 },
  imaps: { protocol: "imap", port: 993 },
  pop3: { protocol: "pop3", port: 110 },
  pop3s: { protocol: "pop3", port: 995 },
};

// The last @ ends the login, because a user name may be an address, and a password may contain any character. A mailbox
// URL contains no password. It may end with a folder name, and a folder name may contain @.
const submissionUrl = /^(smtps?|submissions?|lmtp):\/\/(?:(.*)@)?([^@/:]+|\[[^\]]*\])(?::(\d{1,5}))?\/?$/is;
const mailboxUrl = /^(imaps?|pop3s?):\/\/(?:([^/]*)@)?([^@/:]+|\[[^\]]*\])(?::(\d{1,5}))?(?:\/.*)?$/is;

/** Parses a server URL. Returns undefined if the value is not a server URL. */
export function parseServerUrl(value: string): NamedServer | undefined {
  const submission = submissionUrl.exec(value);
  const [, scheme = "", login, host = "", port] = submission ?? mailboxUrl.exec(value) ?? [];
  const known = schemes[scheme.toLowerCase()];
  if (known === undefined) return undefined;
  const colon = submission === null ? -1 : (login?.indexOf(":") ?? -1);
  return {
    protocol: known.protocol,
    host: toServerName(host.replace(/^\[|\]$/g, "")),
    port: port === undefined ? known.port : Number(port),
    user: decodeLogin(colon < 0 ? login : login?.slice(0, colon)),
    password: colon < 0 ? undefined : decodeLogin(login?.slice(colon + 1)),
  };
}

/** Returns a host name in lower-case ASCII, so that names can be compared. An IP address is returned unchanged. */
export function toServerName(host: string): string {
  return domainToASCII(host) || host.toLowerCase();
}

/** Returns the servers that are named in variables, each with its variable. */
export function listNamedServers({ settings }: Config): { readonly server: NamedServer; readonly variable: Found }[] {
  return namingVariables.flatMap((name) => {
    // The `sendmail` variable has no effect if `mta` is set. The same rule applies when a transport is chosen.
    const variable = name === "sendmail" && settings.find("mta") !== undefined ? undefined : settings.find(name);
    const server = variable === undefined ? undefined : parseServerUrl(variable.value);
    return variable === undefined || server === undefined ? [] : [{ server, variable }];
  });
}

/** Returns the variables that name this server. */
export function variablesNaming(config: Config, { host, port }: { readonly host: string; readonly port: number }) {
  const name = toServerName(host);
  return listNamedServers(config).filter(({ server }) => server.host === name && server.port === port);
}

/** Returns whether at least one variable names this server. */
export function isConfigured(config: Config, server: { readonly host: string; readonly port: number }): boolean {
  return variablesNaming(config, server).length > 0;
}
