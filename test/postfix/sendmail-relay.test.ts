/**
 * Tests the two methods described in mail-sendmail(8) for using a relay that requires a login. With both methods,
 * ordinary users cannot read the password.
 */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { until } from "../until.ts";
import { content, Office } from "./people.ts";
import { type PrivateDovecot, password, startDovecot } from "./private-dovecot.ts";
import { makeMachine } from "./private-machine.ts";
import { type PrivatePostfix, startPostfix } from "./private-postfix.ts";

let directory: string;
let dovecot: PrivateDovecot;
/** The relay. */
let office: Office;
/** The mail server on the loopback interface of the sending machine. */
let local: PrivatePostfix;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "mail-relay-"));
  chmodSync(directory, 0o755);
  for (const name of ["dovecot", "local"]) {
    mkdirSync(join(directory, name));
    chmodSync(join(directory, name), 0o755);
  }
  dovecot = await startDovecot(join(directory, "dovecot"));
  office = await Office.open({ saslSocket: dovecot.saslSocket });
  const { submissionPort, caFile } = office.postfix;
  const secret = join(directory, "sasl");
  writeFileSync(secret, `[localhost]:${submissionPort} games:${password}\n`, { mode: 0o600 });
  local = await startPostfix(join(directory, "local"), {
    settings: {
      myhostname: "local.test",
      mydestination: "",
      default_transport: "smtp",
      smtp_host_lookup: "native",
      relayhost: `[localhost]:${submissionPort}`,
      smtp_tls_security_level: "secure",
      smtp_tls_CAfile: caFile,
      smtp_sasl_auth_enable: "yes",
      smtp_sasl_security_options: "noanonymous",
      smtp_sasl_password_maps: `texthash:${secret}`,
    },
  });
});

afterAll(async () => {
  local?.stop();
  office?.close();
  await dovecot?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const machineWith = (name: string, ...settings: string[]) =>
  makeMachine(join(directory, name), {
    sendmail: office.sendmailCommand.join(" "),
    domain: "dominio.test",
    files: { "/etc/mail.rc": `${settings.join("\n")}\n` },
  });

const asUser = (uid: number, home: string) =>
  `exec setpriv --reuid=${uid} --regid=${uid} --clear-groups env HOME=${home} sendmail -i root@dominio.test`;

const inbox = () => content(join(office.postfix.spool, "root"));

test("users with a password in ~/.netrc can send mail; other users cannot", async () => {
  const { submissionPort, caFile } = office.postfix;
  const machine = machineWith("netrc", `set mta=submission://games@localhost:${submissionPort} cafile=${caFile}`);
  const home = join(directory, "games");
  mkdirSync(home);
  const netrc = join(home, ".netrc");
  writeFileSync(netrc, `machine localhost login games password ${JSON.stringify(password)}\n`, { mode: 0o600 });
  for (const path of [home, netrc]) chownSync(path, 5, 5);
  expect(await machine.run(asUser(5, home), "Subject: by netrc\n\n")).toEqual({ status: 0, said: "" });
  await until(() => inbox().includes("Subject: by netrc\n"));
  expect(office.postfix.readLog()).toContain("sasl_username=games");
  expect(await machine.run(asUser(1, "/nonexistent"), "Subject: by nobody\n\n")).toMatchObject({
    status: 77,
    said: expect.stringMatching(/^sendmail: no password for games at localhost/),
  });
});

test("every user's mail is relayed by a server on the loopback interface, which stores the password", async () => {
  const machine = machineWith("local-server", `set mta=smtp://localhost:${local.port}`);
  expect(await machine.run(asUser(1, "/nonexistent"), "Subject: by relay\n\n")).toEqual({ status: 0, said: "" });
  await until(() => inbox().includes("Subject: by relay\n"));
  expect(inbox()).toContain("From: daemon <daemon@dominio.test>\n");
});
