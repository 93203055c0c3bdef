/** Implements `mail --login ACCOUNT`, which obtains OAuth2 tokens for the selected account and stores them. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../config/config.ts";
import { LoginFailed } from "../connect/login.ts";
import { readTlsSettings } from "../connect/tls-policy.ts";
import { Exit, type ExitCode, MailError } from "../errors.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { findServerAccount } from "./find-account.ts";
import { openRedirectReceiver } from "./loopback-redirect.ts";
import { listNamedServers } from "./named-servers.ts";
import { OAuthRefusal, OAuthServer, type Tokens } from "./oauth-server.ts";
import { type OAuthClient, readOAuthSettings } from "./oauth-settings.ts";
import { TokenStore } from "./token-store.ts";

interface Context {
  readonly config: Config;
  readonly terminal: Terminal;
  /** Waits for the given number of milliseconds. */
  readonly wait?: (duration: number) => Promise<unknown>;
}

/** The maximum time in milliseconds to wait for the browser's redirect. */
const patience = 15 * 60_000;

/** Logs in to the provider of the selected account. @throws MailError if no token was obtained */
export async function logInToProvider(context: Context, account: string): Promise<ExitCode> {
  const { config, terminal } = context;
  const { user, hosts, settings } = await findTarget(config, account);
  const server = await OAuthServer.find(settings, readTlsSettings(config));
  const tokens = server.offersDeviceFlow
    ? await logInOnAnyDevice(context, server, settings)
    : await logInWithBrowser(context, server, user);
  if (tokens.refreshToken === undefined) {
    throw new LoginFailed(
      "no token",
      `${settings.issuer}: the provider sent no refresh token; nothing was stored; add offline_access to oauth-scope`,
      Exit.Config,
    );
  }
  const { accessToken, expires, refreshToken } = tokens;
  const store = new TokenStore(config, settings.issuer, user);
  await store.lock(async () => {
    store.write({ clientId: settings.clientId, hosts, refreshToken, accessToken, expires });
  });
  terminal.out(`Logged in as ${user}. The token is used only for ${hosts.join(", ")}.\n`);
  return Exit.Ok;
}

/** Returns the account's user, mail servers and OAuth2 client. @throws MailError */
async function findTarget(
  config: Config,
  account: string,
): Promise<{ user: string; hosts: string[]; settings: OAuthClient }> {
  const found: { user: string; host: string; settings: OAuthClient }[] = [];
  for (const { server } of listNamedServers(config)) {
    const { user } = await findServerAccount(config, server);
    const settings = user === undefined ? undefined : readOAuthSettings(config, { ...server, user });
    if (settings?.kind === "command") {
      throw new MailError(
        `account ${account}: oauth-token-command provides its tokens; no login is necessary`,
        Exit.Config,
      );
    }
    if (user !== undefined && settings !== undefined) found.push({ user, host: server.host, settings });
  }
  const [first] = found;
  if (first === undefined) {
    throw new MailError(
      `account ${account}: OAuth2 is not requested; set oauth-client-id, and name a server and user in mta or MAIL`,
      Exit.Config,
    );
  }
  const other = found.find(({ user, settings }) => user !== first.user || settings.issuer !== first.settings.issuer);
  if (other !== undefined) {
    throw new MailError(
      `account ${account}: ${first.host} and ${other.host} have different users or providers; define an account for each`,
      Exit.Config,
    );
  }
  return { user: first.user, hosts: [...new Set(found.map(({ host }) => host))], settings: first.settings };
}

/** Runs the device flow (RFC 8628). */
async function logInOnAnyDevice(
  { terminal, wait = sleep }: Context,
  server: OAuthServer,
  { issuer }: OAuthClient,
): Promise<Tokens> {
  const device = await server.requestDeviceCode();
  terminal.out(`Open ${device.address} on any device, and enter the code ${device.userCode}\n`);
  await terminal.flush();
  let { interval } = device;
  for (let waited = 0; ; ) {
    waited += interval;
    if (waited > device.lifetime) throw makeExpiredError(issuer);
    await wait(interval * 1000);
    try {
      return await server.redeemDeviceCode(device);
    } catch (error) {
      if (!(error instanceof OAuthRefusal)) throw error;
      if (error.code === "expired_token") throw makeExpiredError(issuer);
      // RFC 8628, section 3.5: each slow_down response lengthens the interval by 5 seconds.
      if (error.code === "slow_down") interval += 5;
      else if (error.code !== "authorization_pending") throw error;
    }
  }
}

function makeExpiredError(issuer: string): LoginFailed {
  return new LoginFailed("login refused", `${issuer}: the code has expired; run mail --login again`, Exit.NoPerm);
}

/** Prints the address of the provider's login page, and receives the browser's redirect on 127.0.0.1 (RFC 8252). */
async function logInWithBrowser({ terminal }: Context, server: OAuthServer, user: string): Promise<Tokens> {
  const receiver = await openRedirectReceiver();
  try {
    const { address: redirect } = receiver;
    const { address, state, verifier } = await server.beginInBrowser(redirect, user);
    const received = receiver.receive(state, AbortSignal.timeout(patience));
    const { port } = new URL(redirect);
    terminal.out(
      `Open this address in a browser on this machine:\n\n${address}\n\n` +
        `If the browser runs on another machine, first run this command there: ssh -L ${port}:127.0.0.1:${port} HOST\n`,
    );
    await terminal.flush();
    const redirected = await received.catch(() => {
      throw new LoginFailed("login refused", "the login was not completed in time; nothing was stored", Exit.TempFail);
    });
    return await server.redeemRedirect(redirected, { redirect, state, verifier });
  } finally {
    receiver.close();
  }
}
