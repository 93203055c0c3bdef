/** What is known about large mail providers: the logins that they require, and their OAuth2 endpoints. */

interface Provider {
  readonly name: string;
  /** The domains of its mail servers. */
  readonly domains: readonly string[];
  /** The login that it requires, in words. */
  readonly requires: string;
}

const providers: readonly Provider[] = [
  {
    name: "Google",
    domains: ["gmail.com", "googlemail.com", "google.com"],
    requires: "an application password, or OAuth2",
  },
  {
    name: "Microsoft",
    domains: ["outlook.com", "office365.com", "office.com", "hotmail.com", "live.com"],
    requires: "OAuth2",
  },
  { name: "Fastmail", domains: ["fastmail.com", "messagingengine.com"], requires: "an application password" },
  { name: "Yahoo", domains: ["yahoo.com", "aol.com"], requires: "an application password" },
  { name: "Apple", domains: ["me.com", "icloud.com"], requires: "an application password" },
];

function providerOf(host: string): Provider | undefined {
  const name = host.toLowerCase();
  return providers.find(({ domains }) => domains.some((domain) => name === domain || name.endsWith(`.${domain}`)));
}

/** Returns the login that the provider of a host requires, for an error message; empty if the provider is unknown. */
export function describeRequirement(host: string): string {
  const provider = providerOf(host);
  return provider === undefined ? "" : `${provider.name} requires ${provider.requires}`;
}
