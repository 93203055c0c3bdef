/** Logs in to a real Postfix with Dovecot's SASL over TLS, with settings in every form that other clients use. */
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { content, Office, patience, type User } from "./people.ts";
import { type PrivateDovecot, password, startDovecot } from "./private-dovecot.ts";
import type { PrivatePostfix } from "./private-postfix.ts";

let directory: string;
let dovecot: PrivateDovecot;
let office: Office;
let postfix: PrivatePostfix;
let games: User;
/** The values that the settings below contain. */
let values: Readonly<Record<string, string>>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "mail-login-forms-"));
  dovecot = await startDovecot(directory);
  office = await Office.open({ saslSocket: dovecot.saslSocket });
  ({ postfix, sender: games } = office);
  values = {
    SUBMISSION: `localhost:${postfix.submissionPort}`,
    SMTPS: `localhost:${postfix.smtpsPort}`,
    CA: postfix.caFile,
    PASSWORD: password,
    QUOTED: password.replace(/["\\]/g, "\\$&"),
    ENCODED: encodeURIComponent(password),
  };
}, patience);

afterAll(async () => {
  office?.close();
  await dovecot?.stop();
  rmSync(directory, { recursive: true, force: true });
});

beforeEach(() => {
  for (const name of ["dead.letter", ".netrc"]) rmSync(join(games.home, name), { force: true });
});

const fill = (text: string) => text.replace(/@@(\w+)@@/g, (_all, name: string) => values[name] ?? "");

/** Writes a file that belongs to the user. */
function writeOwn(name: string, text: string, mode = 0o600): void {
  const path = join(games.home, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  chownSync(path, games.uid, games.gid);
}

interface Form {
  readonly rc?: string;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly netrc?: string;
}

function send({ rc = "", argv = [], env = {}, netrc }: Form) {
  writeOwn(".mailrc", fill(`set from=games@dominio.test\n${rc}\n`));
  if (netrc !== undefined) writeOwn(".netrc", fill(netrc));
  const filled = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fill(value)]));
  const user = { ...games, env: { ...games.env, ...filled } };
  return office.pipe(user, ["-n", "-v", ...argv.map(fill), "-s", "form", "root@dominio.test"], "text\n");
}

const heirloom = `set smtp=smtp://@@SUBMISSION@@
set smtp-use-starttls
set smtp-auth=login
set smtp-auth-user=games
set smtp-auth-password="@@QUOTED@@"
set ssl-ca-file=@@CA@@`;
const trust = "set tls-ca-file=@@CA@@";

const forms: Readonly<Record<string, Form>> = {
  "heirloom mailx's variables": { rc: heirloom },
  "heirloom mailx's variables as options": {
    argv: heirloom
      .split("\n")
      .flatMap((line) => ["-S", line.replace(/^set /, "").replace('"@@QUOTED@@"', "@@PASSWORD@@")]),
  },
  "heirloom mailx's user and password in the environment": {
    rc: heirloom.replace(/^set smtp-auth-(?:user|password)=.*\n/gm, ""),
    env: { "smtp-auth-user": "games", "smtp-auth-password": "@@PASSWORD@@" },
  },
  "heirloom mailx's account": { rc: `account work {\n${heirloom}\n}`, argv: ["--account", "work"] },
  smtps: { rc: heirloom.replace("smtp://@@SUBMISSION@@", "smtps://@@SMTPS@@").replace("set smtp-use-starttls\n", "") },
  plain: { rc: heirloom.replace("=login", "=plain") },
  "cram-md5": { rc: heirloom.replace("=login", "=cram-md5") },
  "a password for the sender": {
    rc: heirloom.replace("smtp-auth-password=", "smtp-auth-password-games@dominio.test="),
  },
  "S-nail's URL with STARTTLS": {
    rc: `set v15-compat mta=smtp://games:@@ENCODED@@@@@SUBMISSION@@ smtp-use-starttls\n${trust}`,
  },
  "S-nail's URL with submissions": { rc: `set v15-compat mta=submissions://games:@@ENCODED@@@@@SMTPS@@\n${trust}` },
  "S-nail's user and password for the host": {
    rc: `set v15-compat mta=submission://@@SUBMISSION@@ user-localhost=games\nset password-games@localhost="@@QUOTED@@"\n${trust}`,
  },
  "S-nail's netrc-lookup": {
    rc: `set v15-compat netrc-lookup mta=smtps://@@SMTPS@@\n${trust}`,
    netrc: 'machine localhost login games password "@@QUOTED@@"\n',
  },
  "GNU mail's sendmail": {
    rc: `set sendmail="smtp://games:@@ENCODED@@@@@SUBMISSION@@"\nset starttls=required\n${trust}`,
  },
  "tls-verify=ignore": { rc: heirloom.replace(/ssl-ca-file=.*/, "tls-verify=ignore") },
  "tls-verify=warn": { rc: heirloom.replace(/ssl-ca-file=.*/, "tls-verify=warn") },
};

test.each(Object.entries(forms))("a login works with %s", async (_name, form) => {
  const { status, said } = send(form);
  expect({ status, said }).toMatchObject({ status: 0, said: expect.stringContaining("235 2.7.0 ") });
  expect(said).not.toContain(password);
  const id = /queued as (\w+)/.exec(said)?.[1] as string;
  await office.delivered(id);
  expect(postfix.readLog()).toMatch(new RegExp(`${id}: client=.*sasl_username=games`));
});

test.each([
  ["strict", 69, "its certificate is not trusted"],
  ["ask", 69, "its certificate is not trusted"],
  ["warn", 0, "its certificate is not trusted"],
])(
  "with tls-verify=%s and without a terminal, an untrusted certificate results in exit code %d",
  (check, status, text) => {
    const sent = send({ rc: heirloom.replace(/ssl-ca-file=.*/, `tls-verify=${check}`) });
    expect(sent).toMatchObject({ status, said: expect.stringContaining(text) });
  },
);

test("a password in a start-up file that others can read is refused, and the error suggests a chmod command", () => {
  writeOwn("shared.rc", fill(heirloom), 0o644);
  const path = join(games.home, "shared.rc");
  const sent = send({ rc: `source ${path}` });
  expect(sent).toMatchObject({
    status: 78,
    said: expect.stringContaining(`the login was not attempted; run chmod 600 ${path}`),
  });
  expect(content(join(games.home, "dead.letter"))).toContain("text\n");
  expect(content(join(games.home, "dead.letter"))).not.toContain(password);
  chmodSync(path, 0o600);
  expect(send({ rc: `source ${path}` }).status).toBe(0);
});

test("a password is sent only to the server for which it is set", () => {
  expect(send({ rc: `set password-games@elsewhere.test=x mta=smtps://games@@@SMTPS@@\n${trust}` })).toMatchObject({
    status: 77,
    said: expect.stringContaining("no password for games at localhost"),
  });
});
