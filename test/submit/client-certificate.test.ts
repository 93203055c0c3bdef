/**
 * Tests logins with a client certificate, and the verification of the server's certificate, with the built program and
 * smtp-server.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SMTPServer } from "smtp-server";
import { openPty } from "../../scripts/pty.mjs";
import { runMail } from "../run-mail.ts";
import { scriptedServer } from "./scripted-server.ts";

const tls = join(import.meta.dirname, "../fixtures/tls");
const certificate = join(tls, "localhost.pem");
const key = join(tls, "localhost.key");
const home = mkdtempSync(join(tmpdir(), "mail-client-certificate-"));
let server: SMTPServer;
let port: number;
/** For each session, whether the client presented a trusted certificate. */
const presented: boolean[] = [];

beforeAll(async () => {
  server = new SMTPServer({
    secure: true,
    authOptional: true,
    key: readFileSync(key),
    cert: readFileSync(certificate),
    ca: [readFileSync(certificate)],
    requestCert: true,
    rejectUnauthorized: false,
    onSecure: (socket, _session, done) => {
      presented.push((socket as TLSSocket).authorized);
      done();
    },
    onData: (stream, _session, done) => stream.resume().on("end", () => done()),
  });
  // A client that refuses the certificate closes the connection.
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.server.address() as { port: number }).port;
});
afterAll(async () => {
  await new Promise<void>((resolve) => server.close(() => resolve()));
  rmSync(home, { recursive: true, force: true });
});

function send(...settings: string[]) {
  const set = [`mta=smtps://127.0.0.1:${port}`, ...settings].flatMap((word) => ["-S", word]);
  return runMail(["-n", ...set, "a@x.org"], { PATH: process.env["PATH"], HOME: home }, "text\n");
}

test.each([
  ["no certificate", [], false],
  ["heirloom's ssl-cert and ssl-key", [`ssl-cert=${certificate}`, `ssl-key=${key}`], true],
  [
    "clientcert and clientkey for the host",
    [`clientcert-127.0.0.1=${certificate}`, `clientkey-127.0.0.1=${key}`],
    true,
  ],
])("with %s, the server receives a trusted certificate: %j %s", async (_what, settings, isTrusted) => {
  presented.length = 0;
  expect(await send(`ssl-ca-file=${certificate}`, ...settings)).toEqual({ exit: 0, out: "", err: "" });
  expect(presented).toEqual([isTrusted]);
});

test.each([
  [["clientkey=/x.key"], "clientkey: has no effect without clientcert"],
  [["clientcert=/nonexistent.pem"], "/nonexistent.pem: No such file or directory"],
  [[`clientcert=${certificate}`], `${certificate}: contains no private key`],
  [["tlsminversion=1.1"], 'tlsminversion: "1.1" is invalid; use 1.2 or 1.3'],
  [["certcheck=maybe"], 'certcheck: "maybe" is invalid; use yes, no, warn or ask'],
])("the settings %j result in exit code 78", async (settings, message) => {
  expect(await send(`cafile=${certificate}`, ...settings)).toMatchObject({
    exit: 78,
    err: expect.stringContaining(message),
  });
});

test.each([
  [["cadir"], 0],
  [["cadir", "systemca=no"], 0],
  [["systemca=no"], 69],
  [["tls-verify=ask"], 69],
  [["tls-verify=strict"], 69],
  [["tls-verify=warn"], 0],
  [["ssl-verify=ignore"], 0],
  [["cadir", "ssl-protocol=-ALL,+TLSv1.3"], 0],
])(
  "with %j, the exit code is %d if the authority of the server's certificate is contained only in cadir",
  async (settings, exit) => {
    const sent = await send(...settings.map((each) => (each === "cadir" ? `ssl-ca-dir=${tls}` : each)));
    expect({ exit: sent.exit, warns: sent.err.includes("not trusted") }).toEqual({
      exit,
      warns: exit !== 0 || settings[0] === "tls-verify=warn",
    });
  },
);

test.each([
  ["y", 0, "the message is sent over the same server"],
  ["n", 69, "nothing is sent"],
])("tls-verify=ask asks the user on a terminal; after the answer %j, the exit code is %i: %s", async (answer, exit) => {
  presented.length = 0;
  const pty = await openPty({
    argv: [
      ...[process.execPath, join(import.meta.dirname, "../../bin/mail.js"), "-n", "-S", "tls-verify=ask"],
      ...["-S", `mta=smtps://127.0.0.1:${port}`, "-s", "s", "a@x.org"],
    ],
    env: { PATH: process.env["PATH"], HOME: home, TERM: "xterm", LC_ALL: "C.UTF-8" },
    cwd: home,
    columns: 200,
  });
  try {
    pty.send("text\r");
    await pty.expect("text");
    pty.send("\u0004");
    await pty.expect(/its certificate is not trusted \(self[- ]signed certificate\).*Send the message anyway/);
    pty.send(`${answer}\r`);
    expect(await pty.exited).toBe(exit);
    expect(presented).toHaveLength(exit === 0 ? 1 : 0);
  } finally {
    await pty.close();
  }
});

test.each([
  ["with a client certificate, the login succeeds", true, 0],
  ["without a client certificate, the server rejects the login", false, 77],
])("smtp-auth=external sends the user name instead of a password: %s", async (_what, hasCertificate, exit) => {
  const requests = { ca: readFileSync(certificate, "utf8"), requestCert: true, rejectUnauthorized: false };
  const identity = { key: readFileSync(key, "utf8"), cert: readFileSync(certificate, "utf8"), ...requests };
  const external = await scriptedServer(
    {
      EHLO: "250-test\r\n250 AUTH PLAIN EXTERNAL",
      AUTH: (_line, socket) => ((socket as TLSSocket).authorized ? "235 2.7.0 ok" : "535 5.7.8 no certificate"),
    },
    0,
    identity,
  );
  try {
    const own = hasCertificate ? [`ssl-cert=${certificate}`, `ssl-key=${key}`] : [];
    const mta = `mta=smtps://ann@127.0.0.1:${external.port}`;
    const sent = await send(mta, `cafile=${certificate}`, "smtp-auth=external", ...own);
    expect(sent.exit).toBe(exit);
    expect(external.commands.filter((line) => line.startsWith("AUTH"))).toEqual(["AUTH EXTERNAL YW5u"]);
    expect(external.messages).toHaveLength(exit === 0 ? 1 : 0);
  } finally {
    await external.close();
  }
});
