/**
 * Tests accounts on a real Dovecot server with the built program: OAuth2 tokens, rejected logins and `mail --check`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { TokenStore } from "../../src/account/token-store.ts";
import type { Config } from "../../src/config/config.ts";
import {
  type AuthorizationServer,
  certificateFile,
  identity,
  startAuthorizationServer,
} from "../account/support/authorization-server.ts";
import { describeIf } from "../conditions.ts";
import { runMail } from "../run-mail.ts";
import { closeServers, scriptedServer } from "../submit/scripted-server.ts";
import { type Dovecot, dovecotProgram, password, startDovecot } from "./dovecot.ts";

describeIf(dovecotProgram !== undefined)("accounts on Dovecot", () => {
  let home: string;
  let authorization: AuthorizationServer;
  let dovecot: Dovecot;
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "mail-account-"));
    authorization = await startAuthorizationServer();
    dovecot = await startDovecot("maildir", { introspection: `${authorization.issuer}/introspect` });
  });
  afterAll(async () => {
    await dovecot.stop();
    await authorization.close();
    rmSync(home, { recursive: true, force: true });
  });
  afterEach(() => rmSync(join(home, ".local"), { recursive: true, force: true }));

  const inbox = (user = "ann") => `imaps://${user}@localhost:${dovecot.imapsPort}/INBOX`;

  /** Runs `mail --account work` with an account that sets the given variables. */
  async function runWithAccount(variables: Record<string, string>, argv: readonly string[], input = "") {
    const lines = Object.entries({ cafile: certificateFile, ...variables }).map(
      ([name, value]) => `set ${name}="${value.replace(/["\\]/g, "\\$&")}"\n`,
    );
    writeFileSync(join(home, ".mailrc"), `account work {\n${lines.join("")}}\n`, { mode: 0o600 });
    const environment = { HOME: home, PATH: process.env["PATH"], LOGNAME: "ann", MAIL_DEBUG: "1" };
    return runMail(["-n", "--account", "work", ...argv], environment, input);
  }

  const oauth = () => ({
    MAIL: inbox(),
    "oauth-client-id": "client-1",
    "oauth-provider": authorization.issuer,
  });

  function storeTokens(accessToken: string, expires: number): void {
    const config = { identity: { home } } as Config;
    new TokenStore(config, authorization.issuer, "ann").write({
      clientId: "client-1",
      hosts: ["localhost"],
      refreshToken: authorization.issueRefreshToken(),
      accessToken,
      expires,
    });
  }

  /** Returns the login mechanisms that Dovecot's log contains. */
  const mechanisms = () => [...dovecot.readLog().matchAll(/Login: user=<ann>, method=(\w+)/g)].map(([, name]) => name);

  test("an expired token is renewed, and the new token opens the mailbox", async () => {
    storeTokens("old", 1);
    const { exit, out, err } = await runWithAccount(oauth(), ["--count"]);
    expect({ exit, out, err }).toEqual({ exit: 1, out: "0\n", err: "" });
    expect(mechanisms().at(-1)).toMatch(/^(?:OAUTHBEARER|XOAUTH2)$/);
  });

  test("a token that Dovecot no longer accepts is renewed, and the session continues", async () => {
    storeTokens("revoked", Date.now() + 3600_000);
    const before = mechanisms().length;
    const { exit, err } = await runWithAccount(oauth(), ["--count"]);
    expect({ exit, err }).toEqual({ exit: 1, err: "" });
    expect(mechanisms().length).toBe(before + 1);
  });

  test("if no token is accepted, two logins are attempted, and the server's reply is reported", async () => {
    storeTokens("revoked", Date.now() + 3600_000);
    const before = authorization.requests.filter(({ path }) => path === "/introspect").length;
    const { add } = authorization.validTokens;
    authorization.validTokens.add = () => authorization.validTokens;
    const { exit, err } = await runWithAccount(oauth(), ["--count"]);
    authorization.validTokens.add = add;
    expect(exit).toBe(77);
    expect(err).toMatch(/^mail: localhost port \d+: login failed: /);
    expect(authorization.requests.filter(({ path }) => path === "/introspect").length).toBe(before + 2);
  });

  test("in a session, the account command leaves a local mailbox and opens the account's mailbox on the server", async () => {
    storeTokens("old", 1);
    const box = join(home, "local");
    writeFileSync(box, "From a@x.org Sat Jan 16 18:22:03 2021\nSubject: one\n\nbody\n\n");
    const lines = Object.entries({ ...oauth(), cafile: certificateFile }).map(
      ([name, value]) => `set ${name}=${value}\n`,
    );
    writeFileSync(join(home, ".mailrc"), `account work {\n${lines.join("")}}\n`, { mode: 0o600 });
    const input = `d 1\naccount work\nfolder ${box}\n`;
    const { out, err } = await runMail(["-n", "-N", "-f", box], { HOME: home, PATH: process.env["PATH"] }, input);
    expect(err).toMatch(/^No mail for \w+\n$/);
    expect(out).toContain(`"${box}" truncated\n`);
    expect(out).toContain(`"${box}": 0 messages\n`);
  });

  test("with the example of a Dovecot account in docs/remote.md, a message is sent, and its copy is filed, read and deleted", async () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/remote.md"), "utf8");
    const [, text = ""] = /^```text\n(account home \{\n.*?\n\}\n)```$/ms.exec(page) ?? [];
    const script = { EHLO: "250-test\r\n250-STARTTLS\r\n250 AUTH PLAIN" };
    const server = await scriptedServer(script, 0, { ...identity, later: true });
    const block = text
      .replace("submission://mail.example.org", `submission://localhost:${server.port}`)
      .replaceAll("imaps://mail.example.org", `imaps://localhost:${dovecot.imapsPort}`)
      .replace("~/dovecot.pem", certificateFile);
    writeFileSync(join(home, ".mailrc"), block, { mode: 0o600 });
    const secret = `"${password.replace(/["\\]/g, "\\$&")}"`;
    writeFileSync(join(home, ".netrc"), `machine localhost login ann password ${secret}\n`, { mode: 0o600 });
    const run = (argv: readonly string[], input = "") =>
      runMail(["-n", "--account", "home", ...argv], { HOME: home, PATH: process.env["PATH"] }, input);
    const before = await run(["-f", "+Sent", "--count"]);
    expect(await run(["-s", "from the page", "bob@x.org"], "text\n")).toEqual({ exit: 0, out: "", err: "" });
    await closeServers();
    expect(server.messages).toEqual([expect.stringContaining("Subject: from the page\n")]);
    expect(Number((await run(["-f", "+Sent", "--count"])).out)).toBe(Number(before.out) + 1);
    const session = await run(["-N", "-f", "+Sent"], "p $\nd $\n");
    expect(session.out).toContain("Subject: from the page\n");
    expect(await run(["-f", "+Trash", "--count"])).toEqual({ exit: 0, out: "1\n", err: "" });
    rmSync(join(home, ".netrc"));
  });

  test("a session sends a wrong password only once, even if it opens several folders", async () => {
    const before = dovecot.readLog();
    const wrong = { MAIL: inbox(), "password-localhost": "wrong", folder: inbox().replace("/INBOX", "") };
    const { err, out } = await runWithAccount(wrong, ["-N", "-#"], "folder %\nfolder +Sent\nfolder +Trash\n");
    expect(`${out}${err}`.match(/login failed: /g)?.length).toBe(3);
    expect(`${out}${err}`.match(/; the login was not attempted again/g)?.length).toBe(2);
    expect(
      dovecot
        .readLog()
        .slice(before.length)
        .match(/auth failed, 1 attempts/g),
    ).toHaveLength(1);
  });

  test("a missing password is reported with exit code 77, both in a session and without one", async () => {
    for (const words of [["-N"], ["--count"]])
      expect(await runWithAccount({ MAIL: inbox() }, words)).toEqual({
        exit: 77,
        out: "",
        err: expect.stringMatching(/^mail: no password for ann at localhost: add it to .*\n$/),
      });
  });

  const sound = () => ({ MAIL: inbox(), record: inbox().replace("INBOX", "Sent"), "password-localhost": password });

  test("mail --check reports the connection, the login, the capabilities, the folders and the quota", async () => {
    const { out } = await runWithAccount({ ...sound(), mta: "local" }, ["--check"]);
    const lines = out
      .split("\n")
      .filter((line) => /^\w+ +(?:mailbox|TLS|login|capabilities|folders?|quota):/.test(line));
    expect(lines).toEqual([
      `ok    mailbox: localhost port ${dovecot.imapsPort}: connected`,
      expect.stringMatching(/^ok {4}TLS: TLSv1\.[23]; the certificate is trusted$/),
      "ok    login: as ann",
      expect.stringMatching(/^ok {4}capabilities: .*\bUIDPLUS\b/),
      "ok    folders: 3: Sent (sent), Trash (trash)",
      "ok    folder: MAIL: INBOX exists",
      "ok    folder: record: Sent exists",
      ...lines.filter((line) => line.includes("quota:")),
    ]);
    expect(out).not.toContain("spool:");
  });

  test.each<[what: string, changes: Record<string, string>, line: RegExp]>([
    ["a missing folder", { record: "@@/Nosuch" }, /^fail {2}folder: record: Nosuch does not exist\n {6}-> /m],
    [
      "a wrong password",
      { "password-localhost": "x" },
      /^fail {2}login: localhost port \d+: login failed: .*\n {6}-> check the user/m,
    ],
    [
      "an untrusted certificate",
      { cafile: "" },
      /^fail {2}TLS: localhost port \d+: .*certificate.*\n {6}-> set cafile=FILE/m,
    ],
    ["a server that is not running", { MAIL: "imaps://ann@localhost:1/INBOX" }, /^fail {2}mailbox: .*refused\n/m],
    ["an address that is not valid", { MAIL: "imaps://:0/" }, /^fail {2}mailbox: .*nothing was opened\n/m],
  ])("mail --check reports %s", async (_what, changes, line) => {
    const filled = Object.fromEntries(
      Object.entries(changes).map(([name, value]) => [name, value.replace("@@", inbox().replace("/INBOX", ""))]),
    );
    const { exit, out } = await runWithAccount({ ...sound(), mta: "local", ...filled }, ["--check"]);
    expect(out).toMatch(line);
    expect(exit).toBe(1);
  });

  test("mail --check changes nothing and sends nothing", async () => {
    dovecot.clearRawLogs();
    await runWithAccount({ ...sound(), mta: "local" }, ["--check"]);
    const commands = dovecot.readRawLogs().flatMap((log) => log.commands.map((each) => each.split(" ")[0]));
    expect(commands).toEqual(["LIST", "GETQUOTAROOT", "LOGOUT"]);
  });

  test("a token is sufficient to file a sent message in a folder on the server", async () => {
    storeTokens("old", 1);
    const server = await scriptedServer();
    const sent = inbox().replace("INBOX", "Sent");
    const variables = { ...oauth(), mta: `smtp://localhost:${server.port}`, record: sent };
    const { exit, err } = await runWithAccount(variables, ["-s", "filed", "a@x.org"], "text\n");
    await closeServers();
    expect({ exit, err }).toEqual({ exit: 0, err: "" });
    expect(await runWithAccount({ ...oauth(), MAIL: sent }, ["--count"])).toEqual({ exit: 0, out: "1\n", err: "" });
  });
});
