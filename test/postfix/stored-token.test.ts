/** Sends through a real Postfix with a stored OAuth2 token, which an authorization server renews. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { TokenStore } from "../../src/account/token-store.ts";
import type { Config } from "../../src/config/config.ts";
import {
  type AuthorizationServer,
  certificateFile,
  startAuthorizationServer,
} from "../account/support/authorization-server.ts";
import { runMail } from "../run-mail.ts";
import { content, Office, patience } from "./people.ts";
import { type PrivateDovecot, startDovecot } from "./private-dovecot.ts";

let home: string;
let authorization: AuthorizationServer;
let dovecot: PrivateDovecot;
let office: Office;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "mail-stored-token-"));
  // Postfix must be able to reach Dovecot's socket in this directory.
  chmodSync(home, 0o755);
  authorization = await startAuthorizationServer();
  dovecot = await startDovecot(join(home, "dovecot"), `${authorization.issuer}/introspect`);
  office = await Office.open({ saslSocket: dovecot.saslSocket });
  const authorities = join(home, "authorities.pem");
  writeFileSync(authorities, readFileSync(certificateFile, "utf8") + readFileSync(office.postfix.caFile, "utf8"));
  const account = [
    "from=ann@dominio.test user=ann",
    `mta=submission://localhost:${office.postfix.submissionPort}`,
    `oauth-client-id=client-1 oauth-provider=${authorization.issuer}`,
    `cafile=${authorities} systemca=no`,
  ];
  const lines = account.map((settings) => `set ${settings}\n`);
  writeFileSync(join(home, ".mailrc"), `account work {\n${lines.join("")}}\n`, { mode: 0o600 });
}, patience);

afterAll(async () => {
  office?.close();
  await dovecot?.stop();
  await authorization?.close();
  rmSync(home, { recursive: true, force: true });
});

beforeEach(() => {
  rmSync(join(home, ".local"), { recursive: true, force: true });
  rmSync(join(home, "dead.letter"), { force: true });
  authorization.requests.length = 0;
});

function storeToken(accessToken: string, expires: number): void {
  new TokenStore({ identity: { home } } as Config, authorization.issuer, "ann").write({
    clientId: "client-1",
    hosts: ["localhost"],
    refreshToken: authorization.issueRefreshToken(),
    accessToken,
    expires,
  });
}

const send = () =>
  runMail(
    ["-n", "--account", "work", "-v", "-s", "token", "root@dominio.test"],
    { HOME: home, PATH: process.env["PATH"], LOGNAME: "ann" },
    "text\n",
  );
const renewals = () => authorization.requests.filter((sent) => sent["grant_type"] === "refresh_token").length;

test.each([
  ["that has expired is renewed before the login", "old", 1],
  ["that Postfix refuses is renewed, and the login is repeated", "revoked", Date.now() + 3600_000],
])("a stored token %s", async (_rule, accessToken, expires) => {
  storeToken(accessToken, expires);
  const { exit, out, err } = await send();
  expect({ exit, said: out + err }).toEqual({ exit: 0, said: expect.stringContaining("235 2.7.0 ") });
  expect(renewals()).toBe(1);
  const id = /queued as (\w+)/.exec(out + err)?.[1] as string;
  await office.delivered(id);
  expect(office.postfix.readLog()).toMatch(new RegExp(`${id}: client=.*sasl_username=ann`));
  for (const secret of [accessToken, ...authorization.validTokens]) expect(out + err).not.toContain(secret);
});

test("if the provider no longer renews the token, nothing is sent, and the error suggests a new login", async () => {
  storeToken("old", 1);
  authorization.revoke();
  const { exit, err } = await send();
  expect({ exit, err }).toEqual({
    exit: 77,
    err: expect.stringMatching(/no longer accepts the login of ann; .*run mail --login/),
  });
  expect(content(join(home, "dead.letter"))).toContain("text\n");
});
