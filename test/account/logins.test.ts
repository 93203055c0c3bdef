/**
 * Tests logins within one run: the sources of passwords, in order of precedence, and the handling of rejected
 * credentials.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { findServerAccount } from "../../src/account/find-account.ts";
import { Logins } from "../../src/account/logins.ts";
import type { Config } from "../../src/config/config.ts";
import { Settings } from "../../src/config/settings.ts";
import { LoginFailed } from "../../src/connect/login.ts";
import type { Terminal } from "../../src/terminal/terminal.ts";
import { runMail } from "../run-mail.ts";
import { closeServers, scriptedServer } from "../submit/scripted-server.ts";

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "mail-logins-"));
  writeFileSync(join(home, ".netrc"), "machine imap.x.org login ann password from-netrc\n", { mode: 0o600 });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const terminal = { err: () => {}, lend: async () => undefined } as never as Terminal;
const verified = { isVerified: true };

function configWith(variables: Record<string, string>): Config {
  const settings = new Settings({});
  for (const [name, value] of Object.entries(variables)) settings.set(name, value);
  return { settings, identity: { user: "ann", login: "ann", mailName: "host.example", home } } as Config;
}

async function passwordFor(host: string, variables: Record<string, string>): Promise<string> {
  const login = new Logins(configWith(variables), terminal).loginTo({ protocol: "imap", host, port: 993, user: "ann" });
  return (await login.find(verified)).secret;
}

test.each<[where: string, variables: Record<string, string>, password: string]>([
  ["netrc", {}, "from-netrc"],
  ["a command, before netrc", { passwordcommand: "echo $MAIL_USER at $MAIL_HOST" }, "ann at imap.x.org"],
  [
    "a variable for the server, before a command",
    { passwordcommand: "echo no", "password-ann@imap.x.org": "own" },
    "own",
  ],
  ["the variable password, if a variable names the server", { folder: "imaps://imap.x.org", password: "p" }, "p"],
  ["netrc, if password belongs to another server", { mta: "smtps://smtp.x.org", password: "p" }, "from-netrc"],
])("the password for a mailbox comes from %s", async (_where, variables, password) => {
  expect(await passwordFor("imap.x.org", variables)).toBe(password);
});

test("if no password is found, the error explains where to put it", async () => {
  const login = new Logins(configWith({}), terminal).loginTo({
    protocol: "imap",
    host: "x.org",
    port: 993,
    user: "bob",
  });
  await expect(login.find(verified)).rejects.toThrow(
    `no password for bob at x.org: add it to ${home}/.netrc (machine x.org login bob password ...), or set passwordcommand`,
  );
});

test("within one run, a rejected password is not sent again, but a changed password is sent", async () => {
  const config = { ...configWith({ "password-imap.gmail.com": "old" }), account: "gmail" };
  const logins = new Logins(config, terminal);
  const loginTo = () => logins.loginTo({ protocol: "imap", host: "imap.gmail.com", port: 993, user: "ann" });
  const credentials = await loginTo().find(verified);
  expect(await loginTo().refuse(credentials, "imap.gmail.com port 993: login failed: no")).toEqual({
    isRetried: false,
    advice: "Google requires an application password, or OAuth2 (mail --login gmail)",
  });
  const again = loginTo().find(verified);
  await expect(again).rejects.toBeInstanceOf(LoginFailed);
  await expect(again).rejects.toMatchObject({
    reason: "login refused",
    exit: 77,
    message: "imap.gmail.com port 993: login failed: no; the login was not attempted again",
  });
  config.settings.set("password-imap.gmail.com", "new");
  expect((await loginTo().find(verified)).secret).toBe("new");
});

test.each<[variables: Record<string, string>, user: string]>([
  [{}, "ann"],
  [{ "user-imap.x.org": "bob" }, "bob"],
  [{ user: "bob", MAIL: "imaps://imap.x.org/INBOX" }, "bob"],
  [{ user: "bob", MAIL: "imaps://imap.y.org/INBOX" }, "ann"],
])("with the variables %j, the user name for a mailbox server is %s", async (variables, user) => {
  const account = await findServerAccount(configWith(variables), { protocol: "imap", host: "imap.x.org", port: 993 });
  expect(account.user).toBe(user);
  expect(account.suffixes.slice(0, 2)).toEqual([`${user}@imap.x.org:993`, `${user}@imap.x.org`]);
});

test("a session that sends two messages sends a rejected password only once", async () => {
  const server = await scriptedServer({ EHLO: "250-test\r\n250 AUTH PLAIN", AUTH: "535 5.7.8 wrong password" });
  try {
    const argv = ["-n", "-#", "-S", `mta=smtp://me@127.0.0.1:${server.port}`, "-S", `netrc=${join(home, "two")}`];
    writeFileSync(join(home, "two"), "machine 127.0.0.1 login me password wrong\n", { mode: 0o600 });
    const input = "mail a@x.org\none\n~.\nmail b@x.org\ntwo\n~.\n";
    const { err } = await runMail(argv, { HOME: home, PATH: process.env["PATH"] }, input);
    expect(err).toContain(`mail: 127.0.0.1 port ${server.port}: login failed: 535 5.7.8 wrong password\n`);
    expect(err).toContain("login failed: 535 5.7.8 wrong password; the login was not attempted again\n");
    expect(server.commands.filter((line) => line.startsWith("AUTH"))).toHaveLength(1);
  } finally {
    await closeServers();
  }
});
