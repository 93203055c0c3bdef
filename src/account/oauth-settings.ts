/** Reads the variables that request OAuth2 for a server. */
import type { Config } from "../config/config.ts";
import type { Found } from "../config/settings.ts";
import type { VariableName } from "../config/variables.ts";
import { Exit, joinAlternatives, MailError } from "../errors.ts";
import { hostSuffixes, senderSuffixes, suffixesOf } from "./find-account.ts";
import { isConfigured } from "./named-servers.ts";
import { type Endpoints, oauthProvider, oauthProviderNames } from "./providers.ts";

/** A client that is registered with an authorization server. */
export interface OAuthClient {
  readonly kind: "client";
  readonly issuer: string;
  /** The known endpoints. The issuer's metadata (RFC 8414) provides any other endpoints. */
  readonly endpoints: Endpoints;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly scope: string | undefined;
}

/** A command that prints an access token. */
export interface TokenCommand {
  readonly kind: "command";
  readonly command: string;
}

interface LoginServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/**
 * Returns the OAuth2 client or the token command for a login; undefined if the variables do not request OAuth2.
 * Variables without an account suffix apply only to servers that are named in variables.
 *
 * @throws MailError if a value is invalid
 */
export function readOAuthSettings(config: Config, server: LoginServer): OAuthClient | TokenCommand | undefined {
  const { settings } = config;
  const ofServer = [...suffixesOf(server.user, server), ...hostSuffixes(server)];
  const suffixes = [...ofServer, ...senderSuffixes(config)];
  const read = (name: VariableName) => settings.find(name, suffixes)?.value || undefined;
  const appliesTo = (name: VariableName) => {
    const found = settings.find(name, suffixes);
    if (found === undefined || found.value === "") return false;
    return ofServer.some((suffix) => found.name.endsWith(`-${suffix}`)) || isConfigured(config, server);
  };
  if (appliesTo("oauth-token-command")) return { kind: "command", command: read("oauth-token-command") ?? "" };
  if (!appliesTo("oauth-client-id")) return undefined;
  return {
    kind: "client",
    ...readProvider(read, server.host),
    clientId: read("oauth-client-id") ?? "",
    clientSecret: readSecret(settings.find("oauth-client-secret", suffixes)),
  };
}

/** @throws MailError if other users can read the secret */
function readSecret(found: Found | undefined): string | undefined {
  if (found === undefined || found.value === "") return undefined;
  const { value, exposedIn: file } = found;
  if (file === undefined) return value;
  throw new MailError(
    `${file}: other users can read the client secret in it; the login was not attempted; run chmod 600 ${file}`,
    Exit.Config,
  );
}

function readProvider(read: (name: VariableName) => string | undefined, host: string) {
  const named = read("oauth-provider");
  const issuer = named?.includes("://") === true ? checkUrl("oauth-provider", named) : undefined;
  const known = issuer === undefined ? oauthProvider(named?.toLowerCase(), host) : undefined;
  const endpoint = (name: VariableName) => {
    const value = read(name);
    return value === undefined ? undefined : checkUrl(name, value);
  };
  const token = endpoint("oauth-token-endpoint");
  if (issuer === undefined && known === undefined && (named !== undefined || token === undefined)) {
    throw new MailError(
      named === undefined
        ? `oauth-provider: the provider for ${host} is unknown; set oauth-provider to ${joinAlternatives([...oauthProviderNames, "the URL of an issuer"])}`
        : `oauth-provider: "${named}" is invalid; use ${joinAlternatives([...oauthProviderNames, "the URL of an issuer"])}`,
      Exit.Config,
    );
  }
  return {
    issuer: issuer ?? known?.issuer ?? new URL(token ?? "").origin,
    endpoints: {
      authorization: endpoint("oauth-authorization-endpoint") ?? known?.endpoints.authorization,
      token: token ?? known?.endpoints.token,
      device: endpoint("oauth-device-endpoint") ?? known?.endpoints.device,
    },
    scope: read("oauth-scope") ?? known?.scope,
  };
}

/** @throws MailError unless the value is an https URL, because a token is never sent without TLS */
function checkUrl(name: string, value: string): string {
  if (URL.canParse(value) && new URL(value).protocol === "https:") return value;
  throw new MailError(`${name}: "${value}" is invalid; use a URL that begins with https://`, Exit.Config);
}
