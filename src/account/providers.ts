/**
 * Lists large mail providers, with the logins that they require and their OAuth2 endpoints.
 *
 * Sources, read in November 2026: Google, "OAuth 2.0 for Desktop Apps" and "IMAP, POP, and SMTP"; Microsoft,
 * "Authenticate an IMAP, POP or SMTP connection using OAuth" and "OAuth 2.0 device authorization grant"; Fastmail,
 * "Server names and ports". No test connects to these providers.
 */

import type { Config } from "../config/config.ts";

/** The URLs of an authorization server's endpoints (RFC 6749, section 3; RFC 8628, section 3.1). */
export interface Endpoints {
  readonly authorization?: string | undefined;
  readonly token?: string | undefined;
  /** The device authorization endpoint; undefined if the provider does not offer the device flow for mail. */
  readonly device?: string | undefined;
}

export interface OAuthProvider {
  readonly issuer: string;
  readonly scope: string;
  readonly endpoints: Endpoints;
}

interface Provider {
  readonly name: string;
  /** The domains of the provider's mail servers. */
  readonly domains: readonly string[];
  /** A description of the login that the provider requires. */
  readonly requires: string;
  readonly oauth?: OAuthProvider;
}

const providers = {
  google: {
    name: "Google",
    domains: ["gmail.com", "googlemail.com", "google.com"],
    requires: "an application password, or OAuth2",
    oauth: {
      issuer: "https://accounts.google.com",
      scope: "https://mail.google.com/",
      // Google's device flow permits only a few scopes, and none for IMAP or SMTP.
      endpoints: {
        authorization: "https://accounts.google.com/o/oauth2/v2/auth",
        token: "https://oauth2.googleapis.com/token",
      },
    },
  },
  microsoft: {
    name: "Microsoft",
    domains: ["outlook.com", "office365.com", "office.com", "hotmail.com", "live.com"],
    requires: "OAuth2",
    oauth: {
      issuer: "https://login.microsoftonline.com/common/v2.0",
      scope: "offline_access https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send",
      endpoints: {
        authorization: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        token: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        device: "https://login.microsoftonline.com/common/oauth2/v2.0/devicecode",
      },
    },
  },
  fastmail: {
    name: "Fastmail",
    domains: ["fastmail.com", "messagingengine.com"],
    requires: "an application password",
  },
  yahoo: { name: "Yahoo", domains: ["yahoo.com", "aol.com"], requires: "an application password" },
  apple: { name: "Apple", domains: ["me.com", "icloud.com"], requires: "an application password" },
} as const satisfies Record<string, Provider>;

function findProvider(host: string): Provider | undefined {
  const name = host.toLowerCase();
  return Object.values<Provider>(providers).find(({ domains }) =>
    domains.some((domain) => name === domain || name.endsWith(`.${domain}`)),
  );
}

/**
 * Describes, for an error message, the login that a host's provider requires. Returns an empty string if the provider
 * is unknown.
 */
export function describeRequirement(config: Config, host: string): string {
  const provider = findProvider(host);
  if (provider === undefined) return "";
  const { name, requires, oauth } = provider;
  return `${name} requires ${requires}${oauth === undefined ? "" : ` (${loginCommand(config)})`}`;
}

/** Returns the command that obtains a token for the selected account. */
export function loginCommand({ account = "ACCOUNT" }: Config): string {
  return `mail --login ${account}`;
}

/** Returns the provider with a name such as "google"; without a name, the provider that operates the host. */
export function oauthProvider(name: string | undefined, host: string): OAuthProvider | undefined {
  if (name === undefined) return findProvider(host)?.oauth;
  return Object.hasOwn(providers, name) ? (providers as Record<string, Provider>)[name]?.oauth : undefined;
}

/** The names of the providers whose OAuth2 endpoints are known. */
export const oauthProviderNames: readonly string[] = Object.entries<Provider>(providers).flatMap(([name, { oauth }]) =>
  oauth === undefined ? [] : [name],
);
