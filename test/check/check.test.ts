/** Tests `mail --check` as a user would run it, with maild and without a server. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { checkMailName } from "../../src/check/check-names.ts";
import type { Config } from "../../src/config/config.ts";
import { openLog } from "../../src/maild/log.ts";
import { listen, type Server } from "../../src/maild/server.ts";
import { parseLines } from "../act/support/schemas.ts";
import { type Ended, runMail } from "../run-mail.ts";

const place = mkdtempSync(join(tmpdir(), "mail-check-"));
const spool = join(place, "spool");
const servers: Server[] = [];

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  rmSync(place, { recursive: true, force: true });
});

async function maild(): Promise<string> {
  mkdirSync(spool, { recursive: true });
  const options = {
    listen: "127.0.0.1",
    port: 0,
    spool,
    domain: "host.example",
    users: ["ann"],
    clients: 100,
    stateDirectory: place,
  };
  const server = await listen(options, openLog(join(place, "log")));
  servers.push(server);
  return `smtp://${server.address}`;
}

function newHome() {
  const home = mkdtempSync(join(place, "home-"));
  return { home, mailbox: join(home, "mailbox") };
}

function check(mta: string, words: readonly string[] = [], { home, mailbox } = newHome()): Promise<Ended> {
  const environment = { PATH: process.env["PATH"], HOME: home, MAIL: mailbox, USER: "root", LOGNAME: "root" };
  return runMail(["-n", "-S", `mta=${mta}`, "--check", ...words], environment);
}

// Each of these tests waits one second for mailq(1), because Postfix is not running.
test.concurrent("a server that accepts mail for an address is reported, and nothing is delivered", async () => {
  const { out } = await check(await maild(), ["ann@host.example"]);
  expect(out).toMatch(/^ok {4}server: 127\.0\.0\.1 port \d+ says: 220 /m);
  expect(out).toMatch(/^ok {4}recipient: mail for ann@host\.example: 250 /m);
});

test.concurrent("an unknown address is reported as a failure, with the server's response", async () => {
  const { out, exit } = await check(await maild(), ["eve@host.example"]);
  expect(out).toMatch(/^fail {2}recipient: mail for eve@host\.example: 550 5\.1\.1 /m);
  expect(exit).toBe(1);
});

test.concurrent("a server that is not running is reported as a failure, with the command that starts or installs one", async () => {
  const { out, exit } = await check("smtp://127.0.0.1:1");
  const start = existsSync("/usr/sbin/postfix") ? "systemctl start postfix" : "apt-get install postfix";
  expect(out).toContain(`fail  server: 127.0.0.1 port 1: Connection refused\n      -> ${start}, or run maild `);
  expect(exit).toBe(1);
});

test.concurrent("a server that refuses the connection is reported as a failure, with its response", async () => {
  const rude = createServer((socket) => socket.end("554 go away\r\n")).listen(0, "127.0.0.1");
  await new Promise((resolve) => rude.once("listening", resolve));
  const { port } = rude.address() as { port: number };
  const { out } = await check(`smtp://127.0.0.1:${port}`);
  rude.close();
  expect(out).toMatch(/^fail {2}server: 127\.0\.0\.1 port \d+ says: 554 go away$/m);
});

test.concurrent("a world-readable mailbox and a held lock are reported with their remedies", async () => {
  const { home, mailbox } = newHome();
  writeFileSync(mailbox, "", { mode: 0o644 });
  writeFileSync(`${mailbox}.lock`, `${process.pid}\n`);
  utimesSync(`${mailbox}.lock`, new Date(), new Date());
  writeFileSync(join(home, ".mailrc"), "", { mode: 0o600 });
  const { out } = await check("local", [], { home, mailbox });
  expect(out).toContain(
    `warn  spool: ${mailbox}: every user on this machine can read it\n      -> chmod o-rwx ${mailbox}`,
  );
  expect(out).toContain(`warn  lock: ${mailbox}.lock: held by process ${process.pid}\n`);
  expect(out).toContain(`ok    lock: ${mailbox}: an fcntl() lock can be acquired\n`);
  expect(out).toContain(`ok    mailrc: ${home}/.mailrc is read\n`);
});

test.concurrent("a lock whose process has ended is reported as removable", async () => {
  const { home, mailbox } = newHome();
  writeFileSync(mailbox, "");
  const { pid } = spawnSync("true");
  writeFileSync(`${mailbox}.lock`, `${pid}\n`);
  const { out } = await check("smtp://127.0.0.1:1", [], { home, mailbox });
  expect(out).toContain(
    `warn  lock: ${mailbox}.lock: held by process ${pid}, which is not running on this machine\n      -> rm ${mailbox}.lock, unless `,
  );
});

test.concurrent("if a server on another machine fails, the suggested remedy does not mention starting a server on this machine", async () => {
  const { out } = await check("smtp://127.0.0.1:1");
  expect(out).toMatch(/-> .*run maild and set mta=/);
  const other = await check("smtp://no-such-host.invalid:25");
  expect(other.out).toMatch(/^fail {2}server: .*\n {6}-> check the host and port in mta$/m);
});

test.concurrent("variables that `mail` sets on a terminal are not reported as mistakes", async () => {
  const { out } = await check("local", ["-I"]);
  expect(out).not.toMatch(/^\w+ +mailrc: .*is not a variable/m);
});

test.concurrent("--json prints one object per line", async () => {
  const { home, mailbox } = newHome();
  const { out } = await check("local", ["--json"], { home, mailbox });
  const findings = parseLines("finding", out);
  expect(findings[0]).toEqual({
    status: "ok",
    about: "spool",
    text: `${mailbox}: missing; the first delivery creates it`,
  });
  expect(findings.filter(({ status }) => status !== "ok").every(({ remedy }) => remedy !== undefined)).toBe(true);
});

test.each([
  ["mail.example.org\n", "ok", "mail from this machine is sent as ann@mail.example.org"],
  ["laptop\n", "warn", "has no domain"],
  ["localhost.localdomain\n", "warn", "will not arrive"],
  ["not a name\n", "warn", "more than one name"],
  ["-x-\n", "fail", "is not a host name"],
  ["\n", "fail", "is empty"],
])("/etc/mailname %j: %s", (content, status, said) => {
  const path = join(newHome().home, "mailname");
  writeFileSync(path, content);
  const config = { identity: { user: "ann", login: "ann", mailName: "host" } } as Config;
  const finding = checkMailName(config, path);
  expect(finding.status).toBe(status);
  expect(finding.text).toContain(said);
});
