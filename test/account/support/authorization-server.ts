/**
 * An OAuth2 authorization server (RFC 6749, 7636, 8414, 8628) that listens on the loopback interface and rotates
 * refresh tokens.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const certificates = join(import.meta.dirname, "../../fixtures/tls");
/** The path of the server's certificate, for cafile. */
export const certificateFile = join(certificates, "localhost.pem");
const cert = readFileSync(certificateFile, "utf8");
/** The server's TLS key and certificate, which a mail server in a test can also use. */
export const identity = { cert, key: readFileSync(join(certificates, "localhost.key"), "utf8") };

export interface AuthorizationServer {
  readonly issuer: string;
  /** The parameters of each request; `path` contains the path of the request's URL. */
  readonly requests: Record<string, string>[];
  /** The access tokens that a mail server would accept. */
  readonly validTokens: Set<string>;
  /** Issues a refresh token without a login. */
  issueRefreshToken(): string;
  /** Revokes all refresh tokens. */
  revoke(): void;
  close(): Promise<void>;
}

interface Behaviour {
  /** Whether the metadata lists a device authorization endpoint. */
  readonly offersDeviceFlow?: boolean;
  /** The error codes that the server returns, in order, for the first token requests that contain the device code. */
  readonly deviceErrors?: readonly string[];
  /** The lifetime of access tokens in seconds. */
  readonly lifetime?: number;
  readonly withoutRefreshToken?: boolean;
  /** Whether the user denies the request in the browser. */
  readonly isDenied?: boolean;
  /** The URL scheme of the authorization endpoint in the metadata. */
  readonly browserScheme?: string;
  /** Called before a token is renewed. */
  readonly beforeRenewal?: () => Promise<void>;
}

/** Starts a server. */
export async function startAuthorizationServer(behaviour: Behaviour = {}): Promise<AuthorizationServer> {
  const { deviceErrors = [], lifetime = 3600 } = behaviour;
  const requests: Record<string, string>[] = [];
  const refreshTokens = new Set<string>();
  const validTokens = new Set<string>();
  /** The PKCE challenge and redirect URI for each authorization code. */
  const codes = new Map<string, { readonly challenge: string; readonly redirect: string }>();
  const pending = [...deviceErrors];
  let issued = 0;

  const issueTokens = () => {
    const accessToken = `access-${++issued}`;
    const refreshToken = `refresh-${issued}`;
    validTokens.add(accessToken);
    refreshTokens.add(refreshToken);
    return {
      access_token: accessToken,
      token_type: "Bearer",
      expires_in: lifetime,
      ...(behaviour.withoutRefreshToken ? {} : { refresh_token: refreshToken }),
    };
  };
  const grant = async (given: Record<string, string>): Promise<object> => {
    switch (given["grant_type"]) {
      case "urn:ietf:params:oauth:grant-type:device_code": {
        const error = pending.shift();
        return error === undefined ? issueTokens() : { error };
      }
      case "authorization_code": {
        const code = codes.get(given["code"] ?? "");
        codes.delete(given["code"] ?? "");
        const challenge = createHash("sha256")
          .update(given["code_verifier"] ?? "")
          .digest("base64url");
        const isValid = code?.challenge === challenge && code.redirect === given["redirect_uri"];
        return isValid ? issueTokens() : { error: "invalid_grant" };
      }
      default: {
        await behaviour.beforeRenewal?.();
        // A refresh token can be used only once.
        return refreshTokens.delete(given["refresh_token"] ?? "") ? issueTokens() : { error: "invalid_grant" };
      }
    }
  };
  const answer = async (sent: IncomingMessage): Promise<object> => {
    const url = new URL(sent.url ?? "/", issuer);
    const given: Record<string, string> = {
      ...Object.fromEntries(new URLSearchParams(await text(sent))),
      path: url.pathname,
    };
    requests.push(given);
    switch (url.pathname) {
      case "/.well-known/oauth-authorization-server":
        return {
          issuer,
          authorization_endpoint: `${issuer.replace("https", behaviour.browserScheme ?? "https")}/authorize`,
          token_endpoint: `${issuer}/token`,
          ...(behaviour.offersDeviceFlow ? { device_authorization_endpoint: `${issuer}/device` } : {}),
        };
      case "/device":
        return {
          device_code: "device-1",
          user_code: "ABCD-EFGH",
          verification_uri: `${issuer}/code`,
          expires_in: 60,
          interval: 5,
        };
      case "/token":
        return grant(given);
      // A mail server asks who owns a token (RFC 7662).
      case "/introspect":
        return { active: validTokens.has(given["token"] ?? ""), username: "ann" };
      default:
        return { error: "invalid_request" };
    }
  };
  const server = createServer(identity, (sent, response) => {
    const url = new URL(sent.url ?? "/", issuer);
    if (url.pathname === "/authorize") {
      // The server redirects the browser at once, as if the user had already granted or denied the request.
      const given = url.searchParams;
      const code = `code-${codes.size + 1}`;
      codes.set(code, {
        challenge: given.get("code_challenge") ?? "",
        redirect: given.get("redirect_uri") ?? "",
      });
      const redirect = new URL(given.get("redirect_uri") ?? "");
      if (behaviour.isDenied === true) redirect.searchParams.set("error", "access_denied");
      else redirect.searchParams.set("code", code);
      redirect.searchParams.set("state", given.get("state") ?? "");
      requests.push({ ...Object.fromEntries(given), path: url.pathname });
      response.writeHead(302, { Location: redirect.href }).end();
      return;
    }
    void answer(sent).then((body) => {
      response.writeHead("error" in body ? 400 : 200, { "Content-Type": "application/json" });
      response.end(JSON.stringify(body));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `https://localhost:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    requests,
    validTokens,
    issueRefreshToken: () => {
      const token = `refresh-given-${++issued}`;
      refreshTokens.add(token);
      return token;
    },
    revoke: () => refreshTokens.clear(),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Opens a URL on the authorization server as a browser does, and returns the URL of the redirect. */
export async function openInBrowser(address: string): Promise<URL> {
  const sent = request(address, { ca: cert });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.resume();
  return new URL(response.headers.location ?? "");
}
