/** Tests OAuth2 against an authorization server: the flows of `mail --login`, and the storage and renewal of tokens. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { logInToProvider } from "../../src/account/log-in.ts";
import { Logins } from "../../src/account/logins.ts";
import type { Config } from "../../src/config/config.ts";
import { Settings } from "../../src/config/settings.ts";
import type { Terminal } from "../../src/terminal/terminal.ts";
import { runMail } from "../run-mail.ts";
import { closeServers, type ScriptedServer, scriptedServer } from "../submit/scripted-server.ts";
import {
  type AuthorizationServer,
  certificateFile,
  identity,
  openInBrowser,
  startAuthorizationServer,
} from "./support/authorization-server.ts";

let home: string;
let server: AuthorizationServer;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mail-oauth-"));
});
afterEach(async () => {
  await server.close();
  await closeServers();
  rmSync(home, { recursive: true, force: true });
});

/** Returns the variables of an account whose mail server runs on this machine. */
const account = (port = 465) => ({
  mta: `smtps://ann@localhost:${port}`,
  "oauth-client-id": "client-1",
  "oauth-provider": server.issuer,
  "oauth-scope": "mail",
  cafile: certificateFile,
});

function configWith(variables: Record<string, string>): Config {
  const settings = new Settings({});
  for (const [name, value] of Object.entries(variables)) settings.set(name, value);
  return { settings, identity: { user: "ann", login: "ann", mailName: "host.example", home } } as Config;
}

/** Returns a terminal that records its output and passes each piece of output to an observer. */
function recordingTerminal(observe: (text: string) => void = () => {}) {
  let shown = "";
  const terminal = {
    out: (text: string) => {
      shown += text;
      observe(text);
    },
    err: () => {},
    flush: async () => {},
    lend: async () => undefined,
  } as never as Terminal;
  return { terminal, shown: () => shown };
}

/** Logs in through the device flow. Returns the output and the intervals, in seconds, between token requests. */
async function logInByDevice(variables: Record<string, string> = {}) {
  const { terminal, shown } = recordingTerminal();
  const waits: number[] = [];
  const wait = async (duration: number) => void waits.push(duration / 1000);
  const config = configWith({ ...account(), ...variables });
  const ended = await logInToProvider({ config, terminal, wait }, "work").catch((error: unknown) => error);
  return { ended, shown: shown(), waits, config };
}

const tokenDirectory = () => join(home, ".local/state/mail/tokens");
const tokenFiles = () => readdirSync(tokenDirectory()).filter((name) => !name.endsWith(".renewal"));
const tokenFile = () => join(tokenDirectory(), tokenFiles()[0] ?? "");
const storedTokens = () => JSON.parse(readFileSync(tokenFile(), "utf8"));

test("the device flow shows the address and the code, and polls more slowly if the server asks it to", async () => {
  server = await startAuthorizationServer({
    offersDeviceFlow: true,
    deviceErrors: ["authorization_pending", "slow_down", "authorization_pending"],
  });
  const { ended, shown, waits } = await logInByDevice();
  expect(ended).toBe(0);
  expect(shown).toBe(
    `Open ${server.issuer}/code on any device, and enter the code ABCD-EFGH\n` +
      "Logged in as ann. The token is used only for localhost.\n",
  );
  expect(waits).toEqual([5, 5, 10, 10]);
  expect(server.requests[1]).toEqual({ path: "/device", client_id: "client-1", scope: "mail" });
  expect(storedTokens()).toMatchObject({ hosts: ["localhost"], clientId: "client-1", refreshToken: "refresh-1" });
  expect([statSync(tokenFile()).mode & 0o777, statSync(tokenDirectory()).mode & 0o777]).toEqual([0o600, 0o700]);
});

test.each<[error: string, message: RegExp]>([
  ["access_denied", /: the login was refused: access_denied$/],
  ["expired_token", /: the code has expired; run mail --login again$/],
])("if the server's response to the device code is %s, no token is stored", async (error, message) => {
  server = await startAuthorizationServer({ offersDeviceFlow: true, deviceErrors: [error] });
  const { ended } = await logInByDevice();
  expect(ended).toMatchObject({ exit: 77, reason: "login refused", message: expect.stringMatching(message) });
  expect(() => tokenFiles()).toThrow("ENOENT");
});

test("if nobody enters the device code, polling stops when the code expires", async () => {
  const deviceErrors = Array.from({ length: 100 }, () => "authorization_pending");
  server = await startAuthorizationServer({ offersDeviceFlow: true, deviceErrors });
  const { ended, waits } = await logInByDevice();
  expect(ended).toMatchObject({ message: expect.stringMatching(/the code has expired/) });
  expect(waits.reduce((sum, each) => sum + each)).toBe(60);
});

test("if a login returns no refresh token, nothing is stored", async () => {
  server = await startAuthorizationServer({ offersDeviceFlow: true, withoutRefreshToken: true });
  expect((await logInByDevice()).ended).toMatchObject({ exit: 78, message: expect.stringMatching(/no refresh token/) });
  expect(() => tokenFiles()).toThrow("ENOENT");
});

/** Requests a URL from the server that receives the redirect. Returns the HTTP status or the error code. */
function visit(url: URL): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    get(url, (response) => resolve(response.resume().statusCode)).on("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code),
    );
  });
}

test("without a device flow, the browser flow uses state and PKCE, and the redirect to 127.0.0.1 is accepted only once", async () => {
  server = await startAuthorizationServer();
  const statuses: (number | string | undefined)[] = [];
  const visitPage = async (address: string) => {
    const redirect = await openInBrowser(address);
    expect([redirect.protocol, redirect.hostname]).toEqual(["http:", "127.0.0.1"]);
    const wrong = new URL(redirect);
    wrong.searchParams.set("state", "guessed");
    for (const url of [wrong, new URL("/other", redirect), redirect]) statuses.push(await visit(url));
    statuses.push(await visit(redirect));
  };
  let visited: Promise<void> | undefined;
  const { terminal, shown } = recordingTerminal((text) => {
    const [address] = /https:\S+authorize\S+/.exec(text) ?? [];
    if (address !== undefined) visited = visitPage(address);
  });
  expect(await logInToProvider({ config: configWith(account()), terminal }, "work")).toBe(0);
  await visited;
  expect(statuses).toEqual([400, 400, 200, "ECONNREFUSED"]);
  expect(shown()).toMatch(/^Open this address in a browser on this machine:\n\nhttps:/);
  expect(server.requests[1]).toMatchObject({
    path: "/authorize",
    response_type: "code",
    code_challenge_method: "S256",
    login_hint: "ann",
  });
  expect(storedTokens()).toMatchObject({ refreshToken: "refresh-1", accessToken: "access-1" });
});

test("a code that another client requested is refused, because the PKCE verifiers differ", async () => {
  server = await startAuthorizationServer();
  const { terminal } = recordingTerminal((text) => {
    const [address] = /https:\S+authorize\S+/.exec(text) ?? [];
    if (address === undefined) return;
    const attacked = new URL(address);
    attacked.searchParams.set("code_challenge", "attackers-challenge");
    void openInBrowser(attacked.href).then(visit);
  });
  const ended = logInToProvider({ config: configWith(account()), terminal }, "work");
  await expect(ended).rejects.toMatchObject({ exit: 77, message: expect.stringMatching(/invalid_grant/) });
  expect(() => tokenFiles()).toThrow("ENOENT");
});

test("if the user denies the request in the browser, the login is refused", async () => {
  server = await startAuthorizationServer({ isDenied: true });
  const { terminal } = recordingTerminal((text) => {
    const [address] = /https:\S+authorize\S+/.exec(text) ?? [];
    if (address !== undefined) void openInBrowser(address).then(visit);
  });
  const ended = logInToProvider({ config: configWith(account()), terminal }, "work");
  await expect(ended).rejects.toMatchObject({ exit: 77, message: expect.stringMatching(/refused: access_denied$/) });
});

test("an authorization endpoint without TLS is not opened", async () => {
  server = await startAuthorizationServer({ browserScheme: "http" });
  const { terminal, shown } = recordingTerminal();
  const ended = logInToProvider({ config: configWith(account()), terminal }, "work");
  await expect(ended).rejects.toMatchObject({ exit: 76, reason: "login not encrypted" });
  expect(shown()).toBe("");
});

test.each<[what: string, variables: Record<string, string>, message: RegExp]>([
  ["an account without a client", { "oauth-client-id": "" }, /OAuth2 is not requested; set oauth-client-id/],
  ["a command that provides tokens", { "oauth-token-command": "echo x" }, /oauth-token-command provides its tokens/],
  ["an issuer without TLS", { "oauth-provider": "http://localhost" }, /use a URL that begins with https/],
  ["an unknown provider", { "oauth-provider": "nosuch" }, /use google, microsoft or the URL of an issuer/],
  ["two users", { MAIL: "imaps://bob@localhost/INBOX" }, /have different users or providers/],
])("%s is refused", async (_what, variables, message) => {
  server = await startAuthorizationServer({ offersDeviceFlow: true });
  expect((await logInByDevice(variables)).ended).toMatchObject({
    exit: 78,
    message: expect.stringMatching(message),
  });
});

/** Writes the token file that a login would write, but with an expired access token. */
function storeTokens(changes: object = {}): void {
  mkdirSync(tokenDirectory(), { recursive: true, mode: 0o700 });
  const tokens = {
    version: 1,
    clientId: "client-1",
    hosts: ["localhost"],
    refreshToken: server.issueRefreshToken(),
    accessToken: "old",
    expires: 1,
    ...changes,
  };
  const path = join(tokenDirectory(), encodeURIComponent(`ann ${server.issuer}`));
  writeFileSync(path, JSON.stringify(tokens), { mode: 0o600 });
}

const loginTo = (host = "localhost", variables: Record<string, string> = {}, selected: Partial<Config> = {}) =>
  new Logins({ ...configWith({ ...account(), ...variables }), ...selected }, recordingTerminal().terminal).loginTo({
    protocol: "smtp",
    host,
    port: 465,
    user: "ann",
  });

test("an expired access token is replaced by a new token, which is stored and used until it expires", async () => {
  server = await startAuthorizationServer();
  storeTokens();
  const login = loginTo();
  expect(login.usesToken).toBe(true);
  expect(await login.find({ isVerified: true })).toEqual({ user: "ann", secret: "access-2", isToken: true });
  expect(storedTokens()).toMatchObject({ refreshToken: "refresh-2", accessToken: "access-2", hosts: ["localhost"] });
  expect((await loginTo().find({ isVerified: true })).secret).toBe("access-2");
  expect(server.requests.filter(({ path }) => path === "/token")).toHaveLength(1);
});

test("a token that expires during a session is renewed for the next connection", async () => {
  server = await startAuthorizationServer();
  storeTokens();
  const login = loginTo();
  expect((await login.find({ isVerified: true })).secret).toBe("access-2");
  writeFileSync(tokenFile(), JSON.stringify({ ...storedTokens(), expires: 1 }));
  expect((await login.find({ isVerified: true })).secret).toBe("access-3");
});

test("host names are compared without regard to case", async () => {
  server = await startAuthorizationServer();
  storeTokens();
  const login = loginTo("LOCALHOST");
  expect([login.usesToken, (await login.find({ isVerified: true })).secret]).toEqual([true, "access-2"]);
});

test.each<[what: string, prepare: () => void, host: string, reason: string, message: RegExp]>([
  [
    "there is no token",
    () => {},
    "localhost",
    "no token",
    /^localhost port 465: no OAuth2 token for ann; the login was not attempted; run mail --login ACCOUNT$/,
  ],
  [
    "the token is meant for other hosts",
    () => storeTokens({ hosts: ["mx"] }),
    "localhost",
    "no token",
    /not meant for/,
  ],
  [
    "the client has changed",
    () => storeTokens({ clientId: "x" }),
    "localhost",
    "no token",
    /belongs to another client/,
  ],
])("if %s, no login is attempted", async (_what, prepare, host, reason, message) => {
  server = await startAuthorizationServer();
  prepare();
  await expect(loginTo(host).find({ isVerified: true })).rejects.toMatchObject({
    reason,
    message: expect.stringMatching(message),
  });
  expect(server.requests).toEqual([]);
});

test("a token is used only for a server that is named in a variable", async () => {
  server = await startAuthorizationServer();
  storeTokens();
  expect(loginTo("elsewhere.example").usesToken).toBe(false);
});

test("a token is not sent over a connection whose certificate was not verified", async () => {
  server = await startAuthorizationServer();
  storeTokens({ expires: Date.now() + 3600_000 });
  await expect(loginTo().find({ isVerified: false })).rejects.toMatchObject({
    reason: "login not encrypted",
    message:
      "localhost port 465: an OAuth2 token is sent only over TLS with a valid certificate; the login was not sent",
  });
});

test("the error for a revoked refresh token suggests a login to the selected account", async () => {
  server = await startAuthorizationServer();
  storeTokens();
  server.revoke();
  await expect(loginTo("localhost", {}, { account: "work" }).find({ isVerified: true })).rejects.toMatchObject({
    reason: "no token",
    exit: 77,
    message:
      "localhost port 465: the provider no longer accepts the login of ann; the login was not attempted; run mail --login work",
  });
});

test("an unreachable authorization server causes a temporary failure", async () => {
  server = await startAuthorizationServer();
  storeTokens();
  const nowhere = { "oauth-token-endpoint": "https://localhost:1/token", "oauth-authorization-endpoint": "https://x/" };
  await expect(loginTo("localhost", nowhere).find({ isVerified: true })).rejects.toMatchObject({
    reason: "no token",
    exit: 75,
  });
});

test.each<[what: string, plant: () => void, message: RegExp]>([
  ["is readable by others", () => chmodSync(tokenFile(), 0o640), /other users can read it; not used/],
  ["is writable by others", () => chmodSync(tokenFile(), 0o622), /other users can write to it; not used/],
  ["is in a directory that others can write to", () => chmodSync(tokenDirectory(), 0o777), /write to it; not used/],
  [
    "contains something else",
    () => writeFileSync(tokenFile(), '{"version":1,"hosts":"localhost"}'),
    /not contain tokens/,
  ],
  [
    "contains a control character",
    () => writeFileSync(tokenFile(), JSON.stringify({ ...storedTokens(), accessToken: "x\u0001auth=Bearer y" })),
    /not contain tokens/,
  ],
])("a token file that %s is not used", async (_what, plant, message) => {
  server = await startAuthorizationServer();
  storeTokens({ expires: Date.now() + 3600_000 });
  plant();
  await expect(loginTo().find({ isVerified: true })).rejects.toThrow(message);
  expect(server.requests).toEqual([]);
});

const unbase64 = (text: string) => Buffer.from(text, "base64").toString();

/** Starts a mail server that accepts only valid tokens. */
async function startMailServer(mechanism: string): Promise<ScriptedServer> {
  return scriptedServer(
    {
      EHLO: `250-test\r\n250 AUTH ${mechanism}`,
      AUTH: (line) => {
        const [, token = ""] = /auth=Bearer ([^\u0001]+)/.exec(unbase64(line.split(" ")[2] ?? "")) ?? [];
        return server.validTokens.has(token) ? "235 2.7.0 ok" : "334 eyJzdGF0dXMiOiI0MDEifQ==";
      },
      other: "535 5.7.8 invalid token",
    },
    0,
    identity,
  );
}

const environment = () => ({ HOME: home, PATH: process.env["PATH"], LOGNAME: "ann" });

/** Writes the start-up file with the account `work`. */
function defineAccount(port: number, more = ""): void {
  const lines = Object.entries(account(port)).map(([name, value]) => `set ${name}="${value}"`);
  writeFileSync(join(home, ".mailrc"), `account work {\n${lines.join("\n")}\n${more}}\n`, { mode: 0o600 });
}

test.each(["OAUTHBEARER", "XOAUTH2"])(
  "if the mechanism is %s, a message is sent with a renewed token, and -v masks the token",
  async (mechanism) => {
    server = await startAuthorizationServer();
    const mail = await startMailServer(mechanism);
    storeTokens();
    defineAccount(mail.port);
    const argv = ["-n", "-v", "--trace=json", "--account", "work", "-s", "s", "a@x.org"];
    const { exit, out, err } = await runMail(argv, environment(), "text\n");
    expect({ exit, messages: mail.messages.length }).toEqual({ exit: 0, messages: 1 });
    expect(out).toContain(`client> AUTH ${mechanism} ********\n`);
    expect(out + err).not.toMatch(/access-|refresh-|Bearer/);
  },
);

test("if the mail server rejects a token, the token is renewed once, and the login is repeated once", async () => {
  server = await startAuthorizationServer();
  const mail = await startMailServer("XOAUTH2");
  storeTokens({ expires: Date.now() + 3600_000 });
  defineAccount(mail.port);
  const { exit } = await runMail(["-n", "--account", "work", "-s", "s", "a@x.org"], environment(), "text\n");
  expect([exit, mail.messages.length]).toEqual([0, 1]);
  const logins = mail.commands
    .filter((line) => line.startsWith("AUTH"))
    .map((line) => unbase64(line.split(" ")[2] ?? ""));
  expect(logins).toEqual([
    expect.stringContaining("Bearer old\u0001"),
    expect.stringContaining("Bearer access-2\u0001"),
  ]);
});

test("if the mail server also rejects the renewed token, the login fails, and no further token is requested", async () => {
  server = await startAuthorizationServer();
  const mail = await startMailServer("XOAUTH2");
  storeTokens();
  defineAccount(mail.port);
  server.validTokens.clear();
  server.validTokens.add = () => server.validTokens;
  const input = "mail a@x.org\none\n~.\nmail b@x.org\ntwo\n~.\n";
  const { err } = await runMail(["-n", "-#", "--account", "work"], environment(), input);
  expect(err).toContain(`mail: localhost port ${mail.port}: login failed: 535 5.7.8 invalid token\n`);
  expect(err).toContain("login failed: 535 5.7.8 invalid token; the login was not attempted again\n");
  expect(mail.commands.filter((line) => line.startsWith("AUTH"))).toHaveLength(2);
  expect(server.requests.filter(({ path }) => path === "/token")).toHaveLength(2);
});

test("if several processes need a new token at the same time, it is requested only once", async () => {
  let waiting = 0;
  server = await startAuthorizationServer({
    beforeRenewal: async () => {
      waiting++;
    },
  });
  const mail = await startMailServer("XOAUTH2");
  storeTokens();
  defineAccount(mail.port);
  const send = () => runMail(["-n", "--account", "work", "-s", "s", "a@x.org"], environment(), "text\n");
  const ended = await Promise.all([send(), send(), send()]);
  expect(ended.map(({ exit }) => exit)).toEqual([0, 0, 0]);
  expect([waiting, mail.messages.length]).toEqual([1, 3]);
});

test("oauth-token-command provides the token, and nothing is stored", async () => {
  server = await startAuthorizationServer();
  server.validTokens.add("from-command-ann-localhost");
  const mail = await startMailServer("XOAUTH2");
  defineAccount(mail.port, "set oauth-token-command='echo from-command-$MAIL_USER-$MAIL_HOST'\n");
  const { exit, err } = await runMail(["-n", "--account", "work", "-s", "s", "a@x.org"], environment(), "text\n");
  expect([exit, err, mail.messages.length]).toEqual([0, "", 1]);
  expect(() => tokenFiles()).toThrow("ENOENT");
});

test("smtpauth with a password mechanism conflicts with OAuth2", async () => {
  server = await startAuthorizationServer();
  const mail = await startMailServer("PLAIN XOAUTH2");
  storeTokens();
  defineAccount(mail.port, "set smtpauth=plain\n");
  const { exit, err } = await runMail(["-n", "--account", "work", "-s", "s", "a@x.org"], environment(), "text\n");
  expect(exit).toBe(78);
  expect(err).toContain(
    'mail: smtpauth: "plain" cannot send an OAuth2 token; nothing was sent; unset smtpauth or oauth-client-id',
  );
});

test("a client secret that other users can read is refused", async () => {
  server = await startAuthorizationServer();
  defineAccount(465, "set oauth-client-secret=geheim\n");
  chmodSync(join(home, ".mailrc"), 0o644);
  const { exit, err } = await runMail(["-n", "--login", "work"], environment());
  expect(exit).toBe(78);
  expect(err).toBe(
    `mail: ${home}/.mailrc: other users can read the client secret in it; the login was not attempted; run chmod 600 ${home}/.mailrc\n`,
  );
});

test("--config shows neither the client secret nor any tokens", async () => {
  server = await startAuthorizationServer();
  storeTokens();
  defineAccount(465, "set oauth-client-secret=geheim\n");
  const { out } = await runMail(["-n", "--account", "work", "--config"], environment());
  expect(out).toMatch(/^set oauth-client-secret="\*\*\*" /m);
  expect(out).toContain(`set oauth-provider=${server.issuer}`);
  expect(out).not.toMatch(/geheim|refresh-/);
});

test("mail --login ACCOUNT obtains a token, and messages from the account are sent with this token", async () => {
  server = await startAuthorizationServer();
  const mail = await startMailServer("XOAUTH2");
  defineAccount(mail.port);
  const child = spawn(process.execPath, [join(import.meta.dirname, "../../bin/mail.js"), "-n", "--login", "work"], {
    env: environment(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "close");
  let out = "";
  let visited: Promise<unknown> | undefined;
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    out += piece;
    const [, address] = /(https:\S+authorize\S+)\n/.exec(out) ?? [];
    if (address !== undefined) visited ??= openInBrowser(address).then(visit);
  });
  expect(await exited).toEqual([0, null]);
  expect([await visited, out.split("\n").at(-2)]).toEqual([
    200,
    "Logged in as ann. The token is used only for localhost.",
  ]);
  const { exit } = await runMail(["-n", "--account", "work", "-s", "s", "a@x.org"], environment(), "text\n");
  expect([exit, mail.messages.length]).toEqual([0, 1]);
});

test.each([
  [["--login", "nosuch"], 78, "mail: account nosuch: not defined in any start-up file; use work\n"],
  [["--login", "work", "a@x.org"], 64, 'mail: --login: "a@x.org": unexpected argument'],
  [["--login", "work", "--account", "work"], 64, "--login"],
])("mail %j exits with %i", async (argv, exit, message) => {
  server = await startAuthorizationServer();
  defineAccount(465);
  const ended = await runMail(["-n", ...argv], environment());
  expect([ended.exit, ended.err]).toEqual([exit, expect.stringContaining(message)]);
});
