/** Obtains the OAuth2 access token for a login: runs a command, reads the stored token, or renews it. */
import type { Config } from "../config/config.ts";
import { LoginFailed, type LoginRequest } from "../connect/login.ts";
import { readTlsSettings } from "../connect/tls-policy.ts";
import { Exit } from "../errors.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { toServerName } from "./named-servers.ts";
import type { OAuthClient, TokenCommand } from "./oauth-settings.ts";
import { loginCommand } from "./providers.ts";
import { readSecretFromCommand } from "./secret-command.ts";
import { type StoredTokens, TokenStore } from "./token-store.ts";

/**
 * Returns the access token for a login. A token is renewed if it has expired or the mail server has rejected it.
 *
 * @throws LoginFailed if there is no token for the server
 */
export async function findAccessToken(
  context: { readonly config: Config; readonly terminal: Terminal },
  request: LoginRequest,
  settings: OAuthClient | TokenCommand,
  rejected: ReadonlySet<string>,
): Promise<string> {
  const { config } = context;
  const { user, host } = request;
  if (settings.kind === "command") {
    return readSecretFromCommand(context, "oauth-token-command", settings.command, { user, host });
  }
  const store = new TokenStore(config, settings.issuer, user);
  const isUsable = ({ accessToken, expires }: StoredTokens) =>
    accessToken !== "" && (expires === undefined || expires > Date.now()) && !rejected.has(accessToken);
  const stored = readFor(config, store, request, settings);
  if (isUsable(stored)) return stored.accessToken;
  return store.lock(async () => {
    // Another process may have renewed the token in the meantime.
    const current = readFor(config, store, request, settings);
    if (isUsable(current)) return current.accessToken;
    const { OAuthServer, OAuthRefusal } = await import("./oauth-server.ts");
    const server = await OAuthServer.find(settings, readTlsSettings(config));
    try {
      const { refreshToken = current.refreshToken, ...renewed } = await server.renew(current.refreshToken);
      store.write({ ...current, ...renewed, refreshToken });
      return renewed.accessToken;
    } catch (error) {
      if (!(error instanceof OAuthRefusal) || error.code !== "invalid_grant") throw error;
      throw noToken(config, request, `the provider no longer accepts the login of ${user}`, error);
    }
  });
}

function readFor(config: Config, store: TokenStore, request: LoginRequest, { clientId }: OAuthClient): StoredTokens {
  const { user, host } = request;
  const stored = store.read();
  if (stored === undefined) throw noToken(config, request, `no OAuth2 token for ${user}`);
  if (stored.clientId !== clientId)
    throw noToken(config, request, `the OAuth2 token of ${user} belongs to another client`);
  if (!stored.hosts.includes(toServerName(host))) {
    throw noToken(config, request, `the OAuth2 token of ${user} is not meant for this server`);
  }
  return stored;
}

function noToken(config: Config, { host, port }: LoginRequest, problem: string, cause?: unknown): LoginFailed {
  const text = `${host} port ${port}: ${problem}; the login was not attempted; run ${loginCommand(config)}`;
  return new LoginFailed("no token", text, Exit.NoPerm, cause);
}
