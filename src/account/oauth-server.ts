/**
 * Sends requests to an authorization server through oauth4webapi: the device flow (RFC 8628), the authorization code
 * flow with PKCE (RFC 6749, RFC 7636, RFC 8252), and token renewal. No other file uses oauth4webapi.
 */
import { once } from "node:events";
import { request } from "node:https";
import type { Readable } from "node:stream";
import * as oauth from "oauth4webapi";
import { loadAuthorities } from "../connect/certificates.ts";
import { LoginFailed } from "../connect/login.ts";
import type { TlsSettings } from "../connect/tls-policy.ts";
import { Exit } from "../errors.ts";
import { isSystemError, strerror } from "../system-error.ts";
import type { OAuthClient } from "./oauth-settings.ts";

/** The tokens in a response, and the time at which the access token expires, in milliseconds since 1970. */
export interface Tokens {
  readonly accessToken: string;
  /** Undefined if the server does not report the token's lifetime. */
  readonly expires: number | undefined;
  /** Undefined if the server did not replace the refresh token. */
  readonly refreshToken: string | undefined;
}

/** The codes for the device flow. The user enters `userCode` on another device. */
export interface DeviceCode {
  readonly code: string;
  readonly userCode: string;
  readonly address: string;
  /** The number of seconds to wait between requests for the tokens. */
  readonly interval: number;
  /** The number of seconds until the code expires. */
  readonly lifetime: number;
}

/** The error code of an OAuth2 response, such as "invalid_grant" (RFC 6749, section 5.2). */
export class OAuthRefusal extends LoginFailed {
  readonly code: string;

  constructor(issuer: string, code: string, description: string | undefined, cause: unknown) {
    const words = description === undefined ? code : `${description} (${code})`;
    super("login refused", `${issuer}: the login was refused: ${words}`, Exit.NoPerm, cause);
    this.code = code;
  }
}

/** The time limit in milliseconds for each response from the authorization server. */
const patience = 30_000;
/** The maximum size of a response in bytes. */
const longest = 1024 * 1024;
/** The safety margin in milliseconds before a token expires, because clocks differ and a login takes time. */
const margin = 60_000;

/** The function through which oauth4webapi sends its requests. This function accepts the same parameters as `fetch`. */
type Fetch = (
  address: string,
  options: { readonly method: string; readonly headers: Record<string, string>; readonly body?: unknown },
) => Promise<Response>;

/** An authorization server, with the endpoints and the client that the variables define. */
export class OAuthServer {
  readonly #settings: OAuthClient;
  readonly #server: oauth.AuthorizationServer;
  readonly #client: oauth.Client;
  readonly #options: { [oauth.customFetch]: Fetch };

  private constructor(settings: OAuthClient, server: oauth.AuthorizationServer, fetchOverTls: Fetch) {
    this.#settings = settings;
    this.#server = server;
    this.#client = { client_id: settings.clientId };
    this.#options = { [oauth.customFetch]: fetchOverTls };
  }

  /**
   * Returns the server. The server's metadata is requested only if an endpoint is missing from both the variables and
   * the table of providers.
   *
   * @param tls the trusted certificates and the minimum TLS version
   * @throws LoginFailed if the metadata is not available
   */
  static async find(settings: OAuthClient, tls: TlsSettings): Promise<OAuthServer> {
    const { issuer, endpoints } = settings;
    const fetchOverTls = makeFetch(await loadAuthorities(tls), tls);
    const isKnown =
      endpoints.token !== undefined && (endpoints.authorization !== undefined || endpoints.device !== undefined);
    const found = isKnown ? {} : await findEndpoints(issuer, fetchOverTls);
    const server = {
      ...found,
      issuer,
      ...(endpoints.authorization === undefined ? {} : { authorization_endpoint: endpoints.authorization }),
      ...(endpoints.token === undefined ? {} : { token_endpoint: endpoints.token }),
      ...(endpoints.device === undefined ? {} : { device_authorization_endpoint: endpoints.device }),
    };
    return new OAuthServer(settings, server, fetchOverTls);
  }

  get offersDeviceFlow(): boolean {
    return this.#server.device_authorization_endpoint !== undefined;
  }

  /** Requests a code for the device flow. @throws LoginFailed */
  async requestDeviceCode(): Promise<DeviceCode> {
    return this.#report(async () => {
      const response = await oauth.deviceAuthorizationRequest(
        this.#server,
        this.#client,
        this.#authentication(),
        this.#scope(),
        this.#options,
      );
      const found = await oauth.processDeviceAuthorizationResponse(this.#server, this.#client, response);
      return {
        code: found.device_code,
        userCode: found.user_code,
        address: found.verification_uri,
        interval: Math.max(1, found.interval ?? 5),
        lifetime: found.expires_in,
      };
    });
  }

  /**
   * Requests the tokens, which the server issues after the user has entered the code.
   *
   * @throws OAuthRefusal with the code "authorization_pending" if the user has not entered the code yet
   */
  async redeemDeviceCode({ code }: DeviceCode): Promise<Tokens> {
    return this.#report(async () => {
      const authentication = this.#authentication();
      const response = await oauth.deviceCodeGrantRequest(
        this.#server,
        this.#client,
        authentication,
        code,
        this.#options,
      );
      return tokensOf(await oauth.processDeviceCodeResponse(this.#server, this.#client, response));
    });
  }

  /** Returns the address that the user opens in a browser, and the secrets that `redeemRedirect` requires. */
  async beginInBrowser(redirect: string, user: string): Promise<{ address: string; state: string; verifier: string }> {
    const { authorization_endpoint: endpoint } = this.#server;
    if (endpoint === undefined) {
      throw new LoginFailed(
        "login not offered",
        `${this.#settings.issuer}: the provider has no authorization endpoint; set oauth-authorization-endpoint`,
        Exit.Config,
      );
    }
    if (!endpoint.startsWith("https://")) {
      const text = `${this.#settings.issuer}: the authorization endpoint does not use TLS; nothing was opened`;
      throw new LoginFailed("login not encrypted", text, Exit.Protocol);
    }
    const [state, verifier] = [oauth.generateRandomState(), oauth.generateRandomCodeVerifier()];
    const address = new URL(endpoint);
    const parameters = {
      client_id: this.#settings.clientId,
      redirect_uri: redirect,
      response_type: "code",
      ...this.#scope(),
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      login_hint: user,
    };
    for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
    return { address: address.href, state, verifier };
  }

  /** Reads the authorization code from a redirect, and exchanges the code for tokens. @throws LoginFailed */
  async redeemRedirect(
    redirected: URL,
    { redirect, state, verifier }: { redirect: string; state: string; verifier: string },
  ): Promise<Tokens> {
    return this.#report(async () => {
      const parameters = oauth.validateAuthResponse(this.#server, this.#client, redirected, state);
      const response = await oauth.authorizationCodeGrantRequest(
        this.#server,
        this.#client,
        this.#authentication(),
        parameters,
        redirect,
        verifier,
        this.#options,
      );
      return tokensOf(await oauth.processAuthorizationCodeResponse(this.#server, this.#client, response));
    });
  }

  /**
   * Renews an access token.
   *
   * @throws LoginFailed; OAuthRefusal with the code "invalid_grant" if the refresh token was revoked
   */
  async renew(refreshToken: string): Promise<Tokens> {
    return this.#report(async () => {
      const response = await oauth.refreshTokenGrantRequest(
        this.#server,
        this.#client,
        this.#authentication(),
        refreshToken,
        this.#options,
      );
      return tokensOf(await oauth.processRefreshTokenResponse(this.#server, this.#client, response));
    });
  }

  #authentication(): oauth.ClientAuth {
    const { clientSecret } = this.#settings;
    return clientSecret === undefined ? oauth.None() : oauth.ClientSecretPost(clientSecret);
  }

  #scope(): Record<string, string> {
    const { scope } = this.#settings;
    return scope === undefined ? {} : { scope };
  }

  async #report<Result>(action: () => Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (error) {
      throw toLoginFailure(this.#settings.issuer, error);
    }
  }
}

function tokensOf({ access_token, expires_in, refresh_token }: oauth.TokenEndpointResponse): Tokens {
  return {
    accessToken: access_token,
    expires: expires_in === undefined ? undefined : Date.now() + expires_in * 1000 - margin,
    refreshToken: refresh_token,
  };
}

/**
 * Requests an issuer's metadata from its OAuth address (RFC 8414) or, if that fails, from its OpenID Connect address.
 */
async function findEndpoints(issuer: string, fetchOverTls: Fetch): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer);
  let failure: unknown;
  for (const algorithm of ["oauth2", "oidc"] as const) {
    try {
      const response = await oauth.discoveryRequest(url, { algorithm, [oauth.customFetch]: fetchOverTls });
      return await oauth.processDiscoveryResponse(url, response);
    } catch (error) {
      failure ??= error;
    }
  }
  throw toLoginFailure(issuer, failure);
}

function toLoginFailure(issuer: string, error: unknown): unknown {
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError) {
    return new OAuthRefusal(issuer, error.error, error.error_description, error);
  }
  if (isSystemError(error)) {
    return new LoginFailed("no token", `${issuer}: ${strerror(error)}`, Exit.TempFail, error);
  }
  if (error instanceof Error && !(error instanceof LoginFailed)) {
    return new LoginFailed("no token", `${issuer}: ${error.message}`, Exit.TempFail, error);
  }
  return error;
}

/**
 * Returns a replacement for `fetch` that trusts the given certificates, as all of `mail`'s connections do. The server's
 * certificate is always verified, and redirects are not followed.
 */
function makeFetch(authorities: readonly string[], { minVersion }: TlsSettings): Fetch {
  return async (address, { method, headers, body }) => {
    const sent = request(address, {
      method,
      headers,
      ca: [...authorities],
      minVersion,
      rejectUnauthorized: true,
      signal: AbortSignal.timeout(patience),
    });
    sent.end(body === undefined ? undefined : String(body));
    const [response] = (await once(sent, "response")) as [Readable & { statusCode: number; headers: object }];
    const { statusCode, headers: fields } = response;
    const bytes = await readLimited(response);
    return new Response(bytes, { status: statusCode, headers: Object.entries(fields).map(([k, v]) => [k, String(v)]) });
  };
}

async function readLimited(stream: Readable): Promise<Buffer<ArrayBuffer>> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > longest) throw new Error("the response is too large");
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
