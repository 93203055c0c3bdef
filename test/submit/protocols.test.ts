/**
 * Tests transports other than plain SMTP, with the built program: TLS from the start, logins with a token, and LMTP.
 */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type Ended, runMail } from "../run-mail.ts";
import { closeServers, type Script, type ScriptedServer, scriptedServer } from "./scripted-server.ts";

const certificates = join(import.meta.dirname, "../fixtures/tls");
let home: string;
let server: ScriptedServer;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mail-protocols-"));
});
afterEach(async () => {
  await closeServers();
  rmSync(home, { recursive: true, force: true });
});

async function serve(script: Script, { tls }: { tls: boolean | "later" }): Promise<number> {
  const pem = (name: string) => readFileSync(join(certificates, name), "utf8");
  const identity = { key: pem("localhost.key"), cert: pem("localhost.pem") };
  const shown = tls === "later" ? { ...identity, later: true as const } : identity;
  server = await scriptedServer(script, 0, tls ? shown : undefined);
  return server.port;
}

function mail(mta: string, ...more: string[]): Promise<Ended> {
  const environment = { HOME: home, PATH: process.env["PATH"], USER: "ana" };
  return runMail(["-n", "-S", `mta=${mta}`, "-S", "smtptimeout=30", ...more], environment, "the body\n");
}

const trusting = () => ["-S", `cafile=${join(certificates, "localhost.pem")}`];
const withToken = () => {
  writeFileSync(join(home, ".netrc"), "machine 127.0.0.1 login me@x.org password token\n", { mode: 0o600 });
};
const deadLetter = () => readFileSync(join(home, "dead.letter"), "utf8");

test("over smtps, nothing is sent to a server with an untrusted certificate", async () => {
  const mta = `smtps://127.0.0.1:${await serve({}, { tls: true })}`;
  expect(await mail(mta, "one@x.org")).toMatchObject({ exit: 69, err: expect.stringContaining("not trusted") });
  expect(server.commands).toEqual([]);
  expect(deadLetter()).toContain("\n\nthe body\n");
  expect(await mail(mta, ...trusting(), "one@x.org")).toEqual({ exit: 0, out: "", err: "" });
  expect(server.messages).toEqual([expect.stringContaining("\n\nthe body\n")]);
});

test("if the trusted certificates cannot be read, no connection is opened", async () => {
  let connections = 0;
  const listening = createServer((socket) => {
    connections++;
    socket.destroy();
  }).listen(0, "127.0.0.1");
  await once(listening, "listening");
  const { port } = listening.address() as AddressInfo;
  const missing = join(home, "missing.pem");
  expect(await mail(`smtps://127.0.0.1:${port}`, "-S", `cafile=${missing}`, "one@x.org")).toMatchObject({
    exit: 78,
    err: expect.stringContaining(`${missing}: No such file or directory`),
  });
  expect(connections).toBe(0);
  listening.close();
});

test("a connection over smtps to a port without TLS is reported as an error, and the text is kept", async () => {
  const plain = await serve({}, { tls: false });
  expect(await mail(`smtps://127.0.0.1:${plain}`, "one@x.org")).toMatchObject({
    exit: 75,
    err: expect.stringMatching(/: the port does not use TLS; use smtp:\/\/ instead of smtps:\/\/\n/),
  });
  expect(deadLetter()).toContain("\n\nthe body\n");
});

test("a token is sent with OAUTHBEARER or XOAUTH2 over TLS, and a refused token is reported with the server's reply", async () => {
  const offer = "250-test\r\n250 AUTH OAUTHBEARER XOAUTH2";
  const bearer = (line: string) => Buffer.from(line.split(" ")[2] ?? "", "base64").toString();
  withToken();
  let port = await serve({ EHLO: offer }, { tls: true });
  for (const more of [[], ["-S", "smtpauth=xoauth2"]]) {
    expect(await mail(`smtps://me@x.org@127.0.0.1:${port}`, ...trusting(), ...more, "one@x.org")).toMatchObject({
      exit: 0,
      err: "",
    });
  }
  expect(server.commands.filter((line) => line.startsWith("AUTH")).map(bearer)).toEqual([
    "n,a=me@x.org,\x01auth=Bearer token\x01\x01",
    "user=me@x.org\x01auth=Bearer token\x01\x01",
  ]);
  await server.close();
  // RFC 7628, section 3.2.3: the server sends the reason as a challenge, which requires a dummy response.
  const reason = Buffer.from('{"status":"invalid_token"}').toString("base64");
  port = await serve({ EHLO: offer, AUTH: `334 ${reason}`, other: "535 5.7.8 expired" }, { tls: true });
  const refused = await mail(`smtps://me@x.org@127.0.0.1:${port}`, ...trusting(), "one@x.org");
  expect(refused).toMatchObject({ exit: 77, err: expect.stringContaining("login failed: 535 5.7.8 expired") });
  expect(server.commands.slice(-1)).toEqual([Buffer.from("\x01").toString("base64")]);
  expect(deadLetter()).toContain("\n\nthe body\n");
});

test("in LMTP, each recipient has its own reply and is reported separately", async () => {
  const port = await serve(
    {
      other: "250-test\r\n250 8BITMIME",
      RCPT: (line) => (line.includes("nobody") ? "550 5.1.1 who" : "250 ok"),
      dot: "452 4.2.2 full\r\n250 2.0.0 saved\r\n250 2.0.0 saved",
    },
    { tls: false },
  );
  const sent = await mail(`lmtp://127.0.0.1:${port}`, "a@x.org", "b@x.org", "c@x.org", "nobody@x.org");
  expect(sent.err).toBe(
    "mail: nobody@x.org: 550 5.1.1 who\nmail: a@x.org: 452 4.2.2 full\nmail: accepted for b@x.org, c@x.org\n" +
      `mail: the message is in ${home}/dead.letter\n`,
  );
  expect(sent.exit).toBe(67);
  expect(server.commands[0]).toMatch(/^LHLO /);
  expect(server.messages).toHaveLength(1);
});

test("text that follows the reply to STARTTLS in the same packet is not treated as if it had been received over TLS (RFC 3207, section 6)", async () => {
  let greeted = 0;
  const port = await serve(
    {
      EHLO: () => (++greeted === 1 ? "250-t\r\n250-AUTH LOGIN\r\n250 STARTTLS" : "250-t\r\n250 8BITMIME"),
      STARTTLS: "220 go ahead\r\n250-evil\r\n250-PIPELINING\r\n250 AUTH PLAIN",
    },
    { tls: "later" },
  );
  const argv = [
    "-S",
    `cafile=${join(certificates, "localhost.pem")}`,
    "-S",
    "starttls=required",
    "-s",
    "s",
    "one@x.org",
  ];
  expect(await mail(`smtp://localhost:${port}`, ...argv)).toMatchObject({ exit: 0 });
  expect(server.commands.map((line) => line.slice(0, 8))).toEqual(
    "EHLO STARTTLS EHLO MAIL RCPT DATA QUIT".split(" ").map((verb) => expect.stringContaining(verb)),
  );
  expect(server.messages).toHaveLength(1);
  const withLogin = await mail(`smtp://me@localhost:${port}`, ...argv);
  expect(withLogin).toMatchObject({
    exit: 69,
    err: expect.stringContaining("the server does not offer any login mechanism"),
  });
});
