/**
 * Tests every transport with real servers. Postfix is reached over SMTP, through its submission port and through its
 * sendmail program. Dovecot is reached over LMTP.
 */
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { findFreePort } from "../free-ports.ts";
import { type ScriptedServer, scriptedServer } from "../submit/scripted-server.ts";
import { content, Office, patience, type User } from "./people.ts";
import { type PrivateDovecot, password, startDovecot, token } from "./private-dovecot.ts";
import { type PrivatePostfix, recipientLimit, sizeLimit } from "./private-postfix.ts";

let directory: string;
let dovecot: PrivateDovecot;
/** Another host, to which Postfix relays mail. */
let elsewhere: ScriptedServer;
let office: Office;
let postfix: PrivatePostfix;
let games: User;
let root: User;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "mail-dovecot-"));
  dovecot = await startDovecot(directory);
  elsewhere = await scriptedServer({ RCPT: "550 5.1.1 nobody of that name" });
  office = await Office.open({
    saslSocket: dovecot.saslSocket,
    routes: { "elsewhere.test": elsewhere.port, "later.test": await findFreePort() },
  });
  ({ postfix, sender: games, admin: root } = office);
});

afterAll(async () => {
  office?.close();
  await dovecot?.stop();
  await elsewhere?.close();
  rmSync(directory, { recursive: true, force: true });
});

beforeEach(() => {
  rmSync(join(games.home, "dead.letter"), { force: true });
  rmSync(join(games.home, ".netrc"), { force: true });
});

const inbox = (user: User) => content(user.env["MAIL"] as string);
const queueId = (said: string) => /queued as (\w+)/.exec(said)?.[1] as string;
const deadLetter = () => content(join(games.home, "dead.letter"));

/** Sends with -v, and waits until Postfix has finished. */
async function send(argv: readonly string[], body: string | Buffer = "text\n"): Promise<string> {
  const { status, said } = office.pipe(games, ["-v", ...argv], body);
  expect({ status, said }).toMatchObject({ status: 0, said: expect.stringMatching(/250 2\.0\.0 .*queued as/) });
  await office.delivered(queueId(said));
  return said;
}

test("a delivered message is found in the real log by queue ID, by message ID, by address, and as the most recently sent message", async () => {
  const said = await send(["-s", "delivery", "root@dominio.test"]);
  const id = queueId(said);
  const messageId = /client> Message-ID: (<.*>)/.exec(said)?.[1] as string;
  expect(inbox(root)).toContain("Subject: delivery\n");
  const told = new RegExp(
    [
      `^${id}`,
      "  .{10,40} {2}client      localhost\\[127\\.0\\.0\\.1\\]",
      `  .* {2}message-id  ${messageId}`,
      "  .* {2}queue       from <games@dominio\\.test>, \\d+ bytes, 1 recipient",
      "  .* {2}delivered   to <root@dominio\\.test>, relay=local, delay=[\\d.]+, dsn=2\\.0\\.0, status=sent \\(delivered to mailbox\\)",
      "  .* {2}removed",
      "root@dominio\\.test: delivered, delivered to mailbox\n$",
    ].join("\n"),
  );
  for (const what of [[id], [messageId], ["root@dominio.test"], []]) {
    expect(office.pipe(games, ["--track", ...what], "")).toEqual({ status: 0, said: expect.stringMatching(told) });
  }
  expect(office.pipe(games, ["--track", "0123456789AB"], "")).toMatchObject({ status: 66 });
});

test("if the next server refuses a message, --track exits with 69, and the sender receives a report", async () => {
  const id = queueId(await send(["-s", "bounce", "somebody@elsewhere.test"]));
  expect(office.pipe(games, ["--track", id], "")).toMatchObject({
    status: 69,
    said: expect.stringMatching(/^somebody@elsewhere\.test: bounced, .*550 5\.1\.1 nobody of that name/m),
  });
  await until(() => inbox(games).includes("Undelivered Mail Returned to Sender"));
});

test("a deferred message is reported with exit code 75", async () => {
  const { status, said } = office.pipe(games, ["-v", "-s", "later", "somebody@later.test"], "text\n");
  expect(status).toBe(0);
  await until(() => postfix.readLog().includes("status=deferred"));
  expect(office.pipe(games, ["--track", queueId(said)], "")).toMatchObject({
    status: 75,
    said: expect.stringMatching(/^somebody@later\.test: deferred, .*Connection refused/m),
  });
});

test("with 8BITMIME, bytes above 127 arrive unchanged", async () => {
  const body = Buffer.from("gr\u00fc\u00dfe\n.\nFrom here\n");
  const said = await send(["-s", "bytes", "root@dominio.test"], body);
  expect(said).toContain("BODY=8BITMIME");
  expect(inbox(root)).toContain("Content-Transfer-Encoding: 8bit\n");
  expect(inbox(root)).toContain("\n\ngr\u00fc\u00dfe\n.\n>From here\n");
});

test("with SMTPUTF8, a local part may contain non-ASCII characters", async () => {
  const said = await send(["-s", "utf8", "j\u00f6rg@dominio.test"]);
  expect(said).toMatch(/MAIL FROM:<games@dominio\.test>.* SMTPUTF8/);
  expect(inbox(root)).toContain("Subject: utf8\n");
});

test("-S dsn=success requests a DSN for a successful delivery", async () => {
  const said = await send(["-S", "dsn=success", "-s", "report", "root@dominio.test"]);
  expect(said).toContain("RCPT TO:<root@dominio.test> NOTIFY=SUCCESS");
  await until(() => inbox(games).includes("Successful Mail Delivery Report"));
});

test("STARTTLS fails with an untrusted certificate, and succeeds if cafile contains the authority", async () => {
  const mta = `mta=smtp://localhost:${postfix.port}`;
  const argv = ["-S", mta, "-S", "starttls=required", "-s", "tls", "root@dominio.test"];
  const refused = office.pipe(games, argv, "kept\n");
  expect(refused).toMatchObject({ status: 69, said: expect.stringContaining("its certificate is not trusted") });
  expect(deadLetter()).toContain("kept\n");
  const said = await send(["-S", `cafile=${postfix.caFile}`, ...argv]);
  expect(said).toContain("client> STARTTLS\n");
  expect(said).toContain("Encrypted from here on (TLS)");
  expect(inbox(root)).toMatch(/with ESMTPS id [\s\S]*Subject: tls\n/);
});

test.each(["scram-sha-256", "scram-sha-1", "cram-md5", "plain", "login", undefined])(
  "a login with %s uses the password from ~/.netrc and never shows it",
  async (mechanism) => {
    netrc(password);
    const said = await send([
      ...submission(),
      ...(mechanism ? ["-S", `smtpauth=${mechanism}`] : []),
      "-s",
      "login",
      "root@dominio.test",
    ]);
    expect(said).toMatch(new RegExp(`^client> AUTH ${mechanism?.toUpperCase() ?? "SCRAM-SHA-256"}\\b`, "m"));
    expect(said).toContain("server> 235 2.7.0 Authentication successful");
    for (const secret of [
      password,
      Buffer.from(password).toString("base64"),
      Buffer.from(`\0games\0${password}`).toString("base64"),
    ]) {
      expect(said).not.toContain(secret.slice(0, 8));
    }
    expect(postfix.readLog()).toMatch(new RegExp(`${queueId(said)}: client=.*sasl_username=games`));
  },
);

test.each(["oauthbearer", "xoauth2"])("a login with %s uses a token in place of the password", async (mechanism) => {
  const argv = [...submission(), "-S", `smtpauth=${mechanism}`, "-s", mechanism, "root@dominio.test"];
  netrc(token);
  const said = await send(argv);
  expect(said).toContain(`client> AUTH ${mechanism.toUpperCase()} ********\nserver> 235 2.7.0`);
  expect(postfix.readLog()).toMatch(new RegExp(`${queueId(said)}: client=.*sasl_method=${mechanism}`, "i"));
  expect(inbox(root)).toContain(`Subject: ${mechanism}\n`);
  netrc("token.of-nobody");
  const refused = office.pipe(games, argv, "kept\n");
  expect(refused).toMatchObject({ status: 77, said: expect.stringContaining("login failed: 535 5.7.8") });
  expect(deadLetter()).toContain("kept\n");
});

test("a token that oauth-token-command prints is used only over TLS with a valid certificate", async () => {
  const command = ["-S", `oauth-token-command=echo ${token}`];
  const said = await send([...submission(), ...command, "-s", "by command", "root@dominio.test"]);
  expect(said).toContain("client> AUTH OAUTHBEARER ********\nserver> 235 2.7.0");
  expect(inbox(root)).toContain("Subject: by command\n");
  const unverified = ["-S", "cafile=", "-S", "certcheck=no", "-s", "s", "root@dominio.test"];
  expect(office.pipe(games, [...submission(), ...command, ...unverified], "kept\n")).toMatchObject({
    status: 77,
    said: expect.stringContaining("an OAuth2 token is sent only over TLS with a valid certificate"),
  });
});

test("a large message is sent byte for byte in BDAT chunks, as is a small one if the user requests chunks", async () => {
  const lines = Array.from({ length: 20_000 }, (_, at) => `${at % 3 === 0 ? "." : ""}${"x".repeat(60)} ${at}\n`).join(
    "",
  );
  const large = await send(["-s", "large in chunks", "root@dominio.test"], lines);
  expect(large.match(/^client> (?:BDAT|DATA).*/gm)?.map((line) => line.replace(/\d+/, "N"))).toEqual([
    "client> BDAT N",
    "client> BDAT N LAST",
  ]);
  expect(inbox(root)).toContain(`\n\n${lines}`);
  const small = await send(["-S", "chunking", "-s", "small in a chunk", "root@dominio.test"], ".\n..\nno end");
  expect(small).toMatch(/^client> BDAT \d+ LAST$/m);
  expect(inbox(root)).toContain("\n\n.\n..\nno end\n");
});

test("a wrong password is refused, as is a password that others can read; a password that a command prints is used", async () => {
  netrc("wrong");
  const wrong = office.pipe(games, [...submission(), "-s", "s", "root@dominio.test"], "kept\n");
  expect(wrong).toMatchObject({ status: 77, said: expect.stringContaining("login failed: 535 5.7.8") });
  expect(deadLetter()).toContain("kept\n");
  chmodSync(join(games.home, ".netrc"), 0o644);
  const open = office.pipe(games, [...submission(), "-s", "s", "root@dominio.test"], "kept\n");
  expect(open).toMatchObject({
    status: 77,
    said: expect.stringMatching(/\.netrc: other users can read it[\s\S]*no password for games/),
  });
  writeFileSync(join(games.home, "secret"), `${password}\n`);
  await send(["-S", "passwordcommand=cat secret", ...submission(), "-s", "command", "root@dominio.test"]);
});

test("over LMTP, Dovecot accepts a message for two recipients, and the unknown recipient is reported", () => {
  const people = ["root@dominio.test", "games@dominio.test", "nobody-here@dominio.test"];
  const { status, said } = office.pipe(
    games,
    ["-v", "-S", `mta=lmtp:${dovecot.lmtpSocket}`, "-s", "by LMTP", ...people],
    "text\n",
  );
  expect({ status, said }).toMatchObject({ status: 67, said: expect.stringContaining("client> LHLO ") });
  expect(said).toMatch(/mail: nobody-here@dominio\.test: 550 5\.1\.1 .*User doesn't exist/);
  for (const user of ["root", "games"]) expect(dovecot.mailbox(user)).toContain("Subject: by LMTP\n");
});

test("Postfix's sendmail program accepts a message", async () => {
  const before = postfix.readLog().length;
  const { status, said } = office.pipe(
    root,
    ["-S", `mta=${postfix.sendmail}`, "-s", "by program", "games@dominio.test"],
    "text\n",
  );
  expect({ status, said }).toEqual({ status: 0, said: "" });
  await until(() => inbox(games).includes("Subject: by program\n"));
  expect(postfix.readLog().slice(before)).toMatch(/pickup\[\d+\]: \w+: uid=0 from=/);
  expect(office.pipe(root, ["--track", "--wait", "5"], "")).toMatchObject({ status: 0 });
});

test("a message larger than the server's limit is refused before it is sent, and the error names the limit", () => {
  const { status, said } = office.pipe(
    games,
    ["-s", "large", "root@dominio.test"],
    `${"x".repeat(70)}\n`.repeat(sizeLimit / 70),
  );
  expect(status).toBe(69);
  expect(said).toContain(String(sizeLimit));
  expect(deadLetter().length).toBeGreaterThan(sizeLimit);
});

test("if one of three recipients is refused, the other two receive the message; the refused one is reported, and the exit code is not 0", async () => {
  const { status, said } = office.pipe(
    games,
    ["-v", "-s", "three", "root@dominio.test", "no-such-user@dominio.test", "games@dominio.test"],
    "text\n",
  );
  expect(status).toBe(67);
  expect(said).toMatch(/mail: no-such-user@dominio\.test: 550 5\.1\.1 .*User unknown/);
  expect(said).toContain("mail: accepted for games@dominio.test, root@dominio.test\n");
  await office.delivered(queueId(said));
  for (const user of [root, games]) expect(inbox(user)).toContain("Subject: three\n");
  expect(deadLetter()).toContain("Subject: three\n");
});

test("if there are more recipients than the server accepts per message, several messages are sent over one connection", async () => {
  const before = postfix.readLog().length;
  const people = Array.from({ length: 2 * recipientLimit + 20 }, (_, at) => `p${at}@elsewhere.test`);
  const { status, said } = office.pipe(games, ["-v", "-s", "to many", people.join(",")], "text\n");
  expect(status).toBe(0);
  expect(said.match(/^client> EHLO/gm)).toHaveLength(1);
  expect(said).toContain("452 4.5.3 Error: too many recipients");
  await until(
    () =>
      (
        postfix
          .readLog()
          .slice(before)
          .match(/from=<games@dominio\.test>, .*nrcpt=/g) ?? []
      ).length >= 3,
  );
  const counts = postfix
    .readLog()
    .slice(before)
    .matchAll(/from=<games@dominio\.test>, size=\d+, nrcpt=(\d+)/g);
  expect([...counts].map(([, count]) => Number(count))).toEqual([recipientLimit, recipientLimit, 20]);
});

test("if a recipient was refused before the message was queued, --track finds the refusal in the real log by the recipient's address, and exits with 69", () => {
  const gone = "gone-since-long@dominio.test";
  expect(office.pipe(games, ["-s", "gone", gone], "text\n").status).toBe(67);
  expect(office.pipe(games, ["--track", gone, "--wait", "5"], "")).toMatchObject({
    status: 69,
    said: expect.stringMatching(
      /^not queued\n.* {2}refused {5}to <gone-since-long@dominio\.test>, from=<games@dominio\.test>, client=localhost\[127\.0\.0\.1\], status=refused \(550 5\.1\.1 .*User unknown.*\)\ngone-since-long@dominio\.test: refused, 550 5\.1\.1 /,
    ),
  });
});

test("--check asks the server whether it accepts mail for an address, and sends no message", () => {
  const lines = (address: string) => office.pipe(games, ["--check", address], "").said;
  const good = lines("root@dominio.test");
  expect(good).toMatch(/^ok {4}server: 127\.0\.0\.1 port \d+ says: 220 dominio\.test ESMTP Postfix/m);
  expect(good).toMatch(/^ok {4}recipient: mail for root@dominio\.test: 250 2\.1\.5 Ok$/m);
  const bad = lines("nobody-at-all@dominio.test");
  expect(bad).toMatch(/^fail {2}recipient: mail for nobody-at-all@dominio\.test: 550 5\.1\.1 .*User unknown/m);
  expect(bad).toContain("      -> check the name");
  expect(postfix.readLog()).not.toMatch(/lost connection after RCPT from localhost/);
});

test("--check connects as if a message were to be sent: with STARTTLS or implicit TLS, and with a login", () => {
  netrc(password);
  const lines = (...argv: string[]) => office.pipe(games, [...argv, "--check", "root@dominio.test"], "").said;
  const smtps = ["-S", `mta=smtps://games@localhost:${postfix.smtpsPort}`, "-S", `cafile=${postfix.caFile}`];
  for (const argv of [submission(), smtps]) {
    expect(lines(...argv)).toMatch(
      /^ok {4}TLS: TLSv1\.3; the certificate is trusted\nok {4}login: as games, by SCRAM-SHA-256\nok {4}recipient: .*: 250/m,
    );
  }
  expect(lines(...submission().slice(0, 2))).toMatch(
    /^fail {2}TLS: .*its certificate is not trusted .*\n {6}-> set cafile/m,
  );
  const strangers = lines("-S", `mta=submission://localhost:${postfix.submissionPort}`);
  expect(strangers).toMatch(
    /^fail {2}server: it refuses .*: 530 5\.7\.0 Must issue a STARTTLS .*\n {6}-> set starttls=required/m,
  );
  netrc("wrong");
  expect(lines(...smtps)).toMatch(
    /^fail {2}login: .*: login failed: 535 5\.7\.8 .*\n {6}-> check the user name in mta/m,
  );
  const lmtp = lines("-S", `mta=lmtp:${dovecot.lmtpSocket}`);
  expect(lmtp).toMatch(/^ok {4}server: \S+ says: 220 .*Dovecot.*\nok {4}recipient: mail for root@dominio\.test: 250/m);
});

test("a dialogue typed into mail --smtp works as it does over telnet", async () => {
  const lines = [
    "helo here",
    "MAIL FROM:<games@dominio.test>",
    "rcpt to:<root@dominio.test>",
    "DATA",
    "Subject: by hand",
    "",
    "..a dot",
    ".",
    "QUIT",
  ];
  const { status, said } = office.pipe(games, ["--smtp", `localhost:${postfix.port}`], `${lines.join("\n")}\n`);
  expect(status).toBe(0);
  expect(said).toMatch(/server> 220 dominio\.test ESMTP Postfix.*\n--- HELO/);
  expect(said).toContain("client> DATA\nserver> 354 End data with <CR><LF>.<CR><LF>\n");
  expect(said).toMatch(/client> QUIT\nserver> 221 2\.0\.0 Bye\n$/);
  await office.delivered(queueId(said));
  expect(inbox(root)).toContain("\n\n.a dot\n");
  const tracked = office.pipe(games, ["--track", queueId(said)], "");
  expect(tracked).toMatchObject({ status: 0, said: expect.stringContaining("root@dominio.test: delivered") });
});

test("STARTTLS typed by hand encrypts the connection, and later commands are understood", () => {
  const argv = ["-S", `cafile=${postfix.caFile}`, "--smtp", `localhost:${postfix.port}`];
  const { status, said } = office.pipe(games, argv, "ehlo me\nstarttls\nehlo me\nquit\n");
  expect(status).toBe(0);
  expect(said).toMatch(/server> 220 2\.0\.0 Ready to start TLS\n[\s\S]*client> ehlo me\nserver> 250-dominio\.test\n/);
});

const submission = () => [
  "-S",
  `mta=submission://games@localhost:${postfix.submissionPort}`,
  "-S",
  `cafile=${postfix.caFile}`,
];

function netrc(secret: string): void {
  const path = join(games.home, ".netrc");
  const quoted = secret.replace(/["\\]/g, "\\$&");
  writeFileSync(path, `machine other login games password no\nmachine localhost login games password "${quoted}"\n`, {
    mode: 0o600,
  });
  chownSync(path, games.uid, games.gid);
}

async function until(true_: () => boolean): Promise<void> {
  const end = Date.now() + patience;
  while (!true_()) {
    if (Date.now() > end) throw new Error(`it did not come about:\n${postfix.readLog()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
