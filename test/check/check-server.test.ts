/** Tests the findings of `mail --check` about a server: each possible fault, with its location and its remedy. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { checkServer } from "../../src/check/check-server.ts";
import type { Finding } from "../../src/check/finding.ts";
import { shareLogins } from "../../src/compose/sending/submission.ts";
import type { Config } from "../../src/config/config.ts";
import { Settings } from "../../src/config/settings.ts";
import type { Terminal } from "../../src/terminal/terminal.ts";
import { closeServers, type Script, type ScriptedServer, scriptedServer } from "../submit/scripted-server.ts";

let vault: string;
let server: ScriptedServer;
beforeAll(() => {
  vault = mkdtempSync(join(tmpdir(), "mail-check-tls-"));
  writeFileSync(join(vault, "netrc"), "machine localhost login me password pencil\n", { mode: 0o600 });
});
afterAll(() => rmSync(vault, { recursive: true, force: true }));
afterEach(closeServers);

const certificates = join(import.meta.dirname, "../fixtures/tls");
const pem = (name: string) => readFileSync(join(certificates, name), "utf8");
const identityOf = (name: string) => ({ key: pem(`${name}.key`), cert: pem(`${name}.pem`) });

interface Lab {
  readonly script?: Script;
  readonly scheme?: string;
  readonly host?: string;
  /** The name in the server's certificate, and whether TLS begins after STARTTLS rather than at once. */
  readonly tls?: { readonly name: string; readonly later?: true };
  readonly variables?: Record<string, string>;
  readonly address?: string;
}

async function check({ script, scheme = "smtp", host = "localhost", tls, variables, address }: Lab) {
  const shown = tls === undefined ? undefined : { ...identityOf(tls.name), ...(tls.later ? { later: tls.later } : {}) };
  server = await scriptedServer(script, 0, shown);
  const config = {
    settings: new Settings({
      netrc: join(vault, "netrc"),
      smtptimeout: "30",
      mta: `${scheme}://${host}:${server.port}`,
      ...variables,
      ...(variables?.["cafile"] === undefined ? {} : { cafile: join(certificates, variables["cafile"]) }),
    }),
    identity: { user: "me", login: "me", mailName: "host.example", home: vault },
  } as Config;
  const terminal = { err: () => {}, lend: async () => undefined } as never as Terminal;
  const findings = await checkServer({ config, logins: shareLogins(config, terminal) }, address);
  return findings.map(printed);
}

/** Returns a finding as it is printed, but without the server's name. */
function printed({ status, about, text, remedy }: Finding): string {
  const said = `${status} ${about}: ${text.replace(/(?:localhost|127\.0\.0\.1) port \d+:? /, "")}`;
  return remedy === undefined ? said : `${said} -> ${remedy}`;
}

const greets = "ok server: says: 220 test.example ESMTP";
const mine = { cafile: "localhost.pem" };
const authority = "set cafile=FILE; FILE must contain the certificate of the server or of its authority";
const restart = "check the server's log; systemctl restart postfix";
const brief = { smtptimeout: "2" };
const secret = { passwordcommand: "echo pencil" };
const startTls = { EHLO: "250-test\r\n250 STARTTLS" };

test.each<[what: string, lab: Lab, said: readonly (string | RegExp)[]]>([
  [
    "smtps with a trusted certificate",
    { scheme: "smtps", tls: { name: "localhost" }, variables: mine, address: "root" },
    [greets, "ok TLS: TLSv1.3; the certificate is trusted", "ok recipient: mail for root@host.example: 250 2.1.5 ok"],
  ],
  [
    "smtps with an untrusted certificate",
    { scheme: "smtps", tls: { name: "localhost" } },
    [
      /^fail TLS: its certificate is not trusted \(self[- ]signed certificate\); use -S cafile=FILE .* -> set cafile=FILE/,
    ],
  ],
  [
    "a certificate for another host",
    { scheme: "smtps", tls: { name: "elsewhere" }, variables: { cafile: "elsewhere.pem" } },
    [
      /^fail TLS: its certificate is for another name \(DNS:mail\.example\.org\) -> set mta to a host that is named in the certificate/,
    ],
  ],
  [
    "certificates that are not checked",
    { scheme: "smtps", tls: { name: "elsewhere" }, variables: { certcheck: "no" } },
    [greets, /^ok TLS: TLSv1.3; the certificate is not checked \(/],
  ],
  [
    "smtps on a port without TLS",
    { scheme: "smtps" },
    [
      "fail TLS: the port does not use TLS; use smtp:// instead of smtps://" +
        " -> set mta=smtp://HOST:PORT, or use the smtps port, which is 465",
    ],
  ],
  [
    "smtps with a silent server",
    { scheme: "smtps", script: { greeting: "silent", other: "silent" }, variables: brief },
    [/^fail TLS: TLS was not established within 2 s/],
  ],
  [
    "STARTTLS required and successful",
    {
      script: startTls,
      tls: { name: "localhost", later: true },
      variables: { ...mine, starttls: "required" },
      address: "root",
    },
    [greets, "ok TLS: TLSv1.3; the certificate is trusted", "ok recipient: mail for root@host.example: 250 2.1.5 ok"],
  ],
  [
    "STARTTLS required, with an untrusted certificate",
    { script: startTls, tls: { name: "localhost", later: true }, variables: { starttls: "required" } },
    [greets, new RegExp(`^fail TLS: its certificate is not trusted .* -> ${authority}$`)],
  ],
  [
    "STARTTLS required and refused",
    { script: { ...startTls, STARTTLS: "454 4.7.0 no certificate" }, variables: { starttls: "required" } },
    [greets, /^fail TLS: STARTTLS was refused: 454 4\.7\.0 no certificate -> install a certificate on the server/],
  ],
  [
    "an accepted login",
    { script: { EHLO: "250-t\r\n250 AUTH PLAIN" }, host: "me@localhost", address: "root" },
    [greets, "ok login: as me, by PLAIN", "ok recipient: mail for root@host.example: 250 2.1.5 ok"],
  ],
  [
    "a refused login",
    { script: { EHLO: "250-t\r\n250 AUTH PLAIN", AUTH: "535 5.7.8 wrong" }, host: "me@localhost", variables: secret },
    [greets, /^fail login: login failed: 535 5\.7\.8 wrong -> check the user name in mta, and the password/],
  ],
  [
    "a user without a password",
    { script: { EHLO: "250-t\r\n250 AUTH PLAIN" }, host: "you@localhost" },
    [
      greets,
      /^fail login: no password for you at localhost.* -> see mailrc\(5\) for netrc, passwordcommand and oauth-client-id$/,
    ],
  ],
  [
    "a login method that the server does not offer",
    { host: "me@localhost" },
    [greets, /^fail login: the server does not offer any login mechanism -> remove the user name from mta/],
  ],
  [
    "a login that the server requires",
    { script: { MAIL: "530 5.7.0 Authentication required" } },
    [greets, /^fail server: it refuses me@host\.example as a sender: 530 .* -> to log in, set mta=submission:/],
  ],
  [
    "mail that the server does not relay",
    { script: { RCPT: "554 5.7.1 Relay access denied" }, address: "a@b.org" },
    [greets, /-> the server does not relay mail from this machine; to log in/],
  ],
  [
    "a temporarily refused recipient",
    { script: { RCPT: "450 4.2.0 greylisted" }, address: "a@b.org" },
    [greets, /^warn recipient: mail for a@b\.org: 450 .* -> try again later/],
  ],
  [
    "the sender in the variable from",
    { script: { MAIL: "550 5.7.1 no" }, variables: { from: "Ann <ann@x.org>" } },
    [greets, /^fail server: it refuses ann@x\.org as a sender/],
  ],
  [
    "a sender with only a name",
    { script: { MAIL: "550 5.7.1 no" }, variables: { from: "Cron Daemon" } },
    [greets, /^fail server: it refuses me@host\.example as a sender/],
  ],
  [
    "LMTP",
    { scheme: "lmtp", script: { other: "250 t" }, address: "root" },
    [greets, "ok recipient: mail for root@host.example: 250 2.1.5 ok"],
  ],
  [
    "a silent server",
    { script: { greeting: "silent" }, variables: brief },
    [
      /^fail server: no (?:greeting|reply) within 2 s \(smtp\w+\) -> if the server expects TLS from the start, set mta=smtps:/,
    ],
  ],
  [
    "a server that becomes silent",
    { script: { MAIL: "silent" }, variables: brief },
    [greets, `fail server: no reply within 2 s (smtptimeout) -> ${restart}`],
  ],
  [
    "a server that does not speak SMTP",
    { script: { greeting: "SSH-2.0-x" } },
    [/^fail server: not an SMTP reply: "SSH-2\.0-x" -> no mail server is listening there/],
  ],
  [
    "a busy server",
    { script: { greeting: "421 4.3.2 busy" } },
    ["fail server: says: 421 4.3.2 busy -> try again later; see the server's log"],
  ],
  [
    "a server that disconnects",
    { script: { MAIL: "close" } },
    [greets, `fail server: the server has closed the connection -> ${restart}`],
  ],
  [
    "a server that does not support EHLO",
    { script: { EHLO: "502 what" } },
    [greets, "warn server: EHLO: 502 what -> the server does not support ESMTP; plain SMTP is used"],
  ],
  ["an invalid address", { address: "x>\r\nDATA" }, [/^fail recipient: "x>\\r\\nDATA": not an address/]],
  [
    "a variable with an invalid value",
    { variables: { starttls: "maybe" } },
    [/^fail server: starttls: "maybe" is invalid; use required, opportunistic or none -> see mailrc\(5\)/],
  ],
  ["an invalid transport", { scheme: "bogus" }, [/^fail server: mta: "bogus:.* -> see mailrc\(5\)/]],
  [
    "a host that does not exist",
    { host: "no-such-host.invalid" },
    [/^fail server: no-such-host\.invalid port \d+: No such host -> check the host and port in mta/],
  ],
])("the findings about %s", async (_what, lab, said) => {
  expect(await check(lab)).toEqual(said.map((each) => (typeof each === "string" ? each : expect.stringMatching(each))));
  expect(server.messages).toEqual([]);
});
