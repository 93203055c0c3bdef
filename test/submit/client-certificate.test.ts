/** Logins with a client certificate, and the check of the server's certificate, with the built program and smtp-server. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SMTPServer } from "smtp-server";
import { runMail } from "../run-mail.ts";

const tls = join(import.meta.dirname, "../fixtures/tls");
const certificate = join(tls, "localhost.pem");
const key = join(tls, "localhost.key");
const home = mkdtempSync(join(tmpdir(), "mail-client-certificate-"));
let server: SMTPServer;
let port: number;
/** Whether the client of each session has presented a trusted certificate. */
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
])("with %j, a certificate that only cadir contains results in exit code %d", async (settings, exit) => {
  const sent = await send(...settings.map((each) => (each === "cadir" ? `ssl-ca-dir=${tls}` : each)));
  expect({ exit: sent.exit, warns: sent.err.includes("not trusted") }).toEqual({
    exit,
    warns: exit !== 0 || settings[0] === "tls-verify=warn",
  });
});
