import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Config } from "../../src/config/config.ts";
import { Settings } from "../../src/config/settings.ts";
import { MailError } from "../../src/errors.ts";
import type { Terminal } from "../../src/terminal/terminal.ts";
import { syslogLine } from "../../src/track/syslog.ts";
import { trackMessage } from "../../src/track/track.ts";
import { isRoot } from "../conditions.ts";

let directory: string;
const { PATH } = process.env;
beforeEach(() => {
  delete process.env["XDG_STATE_HOME"];
  directory = mkdtempSync(join(tmpdir(), "mail-track-"));
});
afterEach(() => {
  process.env["PATH"] = PATH;
  rmSync(directory, { recursive: true, force: true });
});

const path = (name = "mail.log") => join(directory, name);

/** Returns the output without the times, and the exit code. */
async function tracked(what: string | undefined, wait = 0): Promise<{ said: string; exit: number }> {
  let said = "";
  const terminal = {
    out: (text: string) => {
      said += text;
    },
  } as unknown as Terminal;
  const config = {
    settings: new Settings({ maillog: path() }),
    identity: { home: directory },
  } as unknown as Config;
  try {
    const exit = await trackMessage({ config, terminal }, { what, wait });
    return { said: said.replace(/^ {2}(\w{3} [ \d]\d [\d:]{8}|\d{4}-\S+( \S+)?) {2}/gm, ""), exit };
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    return { said: `${said}${error.message}`, exit: error.exit };
  }
}

const at = "Jan 16 18:22:03 mail";
const arrived = (id: string, sender = "debian@dominio", recipients = 1) =>
  `${at} postfix/smtpd[7]: ${id}: client=localhost[127.0.0.1]
${at} postfix/cleanup[8]: ${id}: message-id=<${id}@dominio>
${at} postfix/qmgr[9]: ${id}: from=<${sender}>, size=797, nrcpt=${recipients} (queue active)
`;
const delivered = (id: string, recipient = "root@dominio") =>
  `${at} postfix/local[10]: ${id}: to=<${recipient}>, relay=local, delay=0.03, delays=0.02/0/0/0.01, dsn=2.0.0, status=sent (delivered to mailbox)
`;
const bounced = (id: string, recipient: string) =>
  `${at} postfix/local[10]: ${id}: to=<${recipient}>, relay=local, delay=0.03, delays=0.02/0/0/0.01, dsn=5.1.1, status=bounced (unknown user)
`;
const removed = (id: string) => `${at} postfix/qmgr[9]: ${id}: removed\n`;
const other = `${arrived("AAAAAAAAAA", "other@dominio")}${delivered("AAAAAAAAAA", "ana@dominio")}${removed("AAAAAAAAAA")}`;

const life = `DE3232C16A
client      localhost[127.0.0.1]
message-id  <DE3232C16A@dominio>
queue       from <debian@dominio>, 797 bytes, 1 recipient
delivered   to <root@dominio>, relay=local, delay=0.03, dsn=2.0.0, status=sent (delivered to mailbox)
removed
root@dominio: delivered, delivered to mailbox
`;

test.each(["DE3232C16A", "<DE3232C16A@dominio>", "DE3232C16A@dominio", "root@dominio", "root", "debian@dominio"])(
  "%s finds a delivered message, and prints no lines of other messages",
  async (what) => {
    const mixed = [arrived("DE3232C16A"), other, delivered("DE3232C16A"), removed("DE3232C16A")].join("");
    writeFileSync(path(), mixed);
    expect(await tracked(what)).toEqual({ said: life, exit: 0 });
  },
);

test("a long queue ID, RFC 3339 times, and a prefix before smtpd are accepted", async () => {
  const id = "4Zx1Yb3Jq2z7Vc";
  const text = `${arrived(id)}${delivered(id)}${removed(id)}`
    .replaceAll("Jan 16 18:22:03", "2026-01-16T18:22:03.123456+00:00")
    .replace("postfix/smtpd", "postfix/submission/smtpd");
  writeFileSync(path(), text);
  expect(await tracked(id)).toEqual({ said: life.replaceAll("DE3232C16A", id), exit: 0 });
});

test("if a queue ID is reused, the lines before the removal belong to another message", async () => {
  const first = `${arrived("DE3232C16A", "old@dominio")}${delivered("DE3232C16A", "old@dominio")}${removed("DE3232C16A")}`;
  writeFileSync(path(), `${first}${other}${arrived("DE3232C16A")}${delivered("DE3232C16A")}${removed("DE3232C16A")}`);
  const { said, exit } = await tracked("DE3232C16A");
  expect({ said, exit }).toEqual({ said: life, exit: 0 });
});

test("neither an ID in another message's text nor a message ID that looks like a delivery has any effect", async () => {
  const foreign = `${at} postfix/smtp[3]: BBBBBBBBBB: to=<x@far>, relay=far[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as DE3232C16A)\n`;
  const hostile = `${at} postfix/cleanup[8]: DE3232C16A: message-id=<x>, to=<evil@x>, relay=y, delay=1, dsn=5.0.0, status=bounced (z)\n`;
  writeFileSync(
    path(),
    `${foreign}${arrived("DE3232C16A")}${hostile}${delivered("DE3232C16A")}${removed("DE3232C16A")}`,
  );
  const { said, exit } = await tracked("DE3232C16A");
  expect(said).not.toContain("x@far");
  expect(said).toMatch(/^root@dominio: delivered, delivered to mailbox\n$/m);
  expect(exit).toBe(0);
});

test.each([
  ["deferred", "dsn=4.4.1, status=deferred (connect to far[192.0.2.1]:25: Connection refused)", "", 75],
  ["bounced", "dsn=5.1.1, status=bounced (unknown user)", removed("DE3232C16A"), 69],
])("a %s message is reported with its exit code", async (word, ending, last, exit) => {
  const line = `${at} postfix/smtp[3]: DE3232C16A: to=<root@dominio>, orig_to=<postmaster>, relay=none, delay=1.2, delays=0/0/1/0.2, ${ending}\n`;
  writeFileSync(path(), `${arrived("DE3232C16A")}${line}${last}`);
  const answer = await tracked("DE3232C16A");
  expect(answer.exit).toBe(exit);
  expect(answer.said).toContain(`${word.padEnd(10)}  to <root@dominio>, orig_to=<postmaster>, relay=none, delay=1.2`);
  expect(answer.said).toMatch(new RegExp(`^root@dominio \\(for postmaster\\): ${word}, `, "m"));
});

test("a later delivery to a recipient replaces that recipient's earlier deferral; a recipient that the log does not mention is still in the queue", async () => {
  const later = `${at} postfix/smtp[3]: DE3232C16A: to=<root@dominio>, relay=none, delay=9, delays=0/0/9/0, dsn=4.4.1, status=deferred (busy)\n`;
  writeFileSync(path(), `${arrived("DE3232C16A", "debian@dominio", 2)}${later}${delivered("DE3232C16A")}`);
  expect(await tracked("DE3232C16A")).toMatchObject({
    exit: 75,
    said: expect.stringContaining("root@dominio: delivered, delivered to mailbox\n1 recipient still in the queue\n"),
  });
  appendFileSync(path(), `${delivered("DE3232C16A", "ana@dominio")}${removed("DE3232C16A")}`);
  expect((await tracked("DE3232C16A")).exit).toBe(0);
});

test("after an alias or a content filter, the message is followed under its next ID", async () => {
  const forwarded = `${at} postfix/local[3]: DE3232C16A: to=<all@dominio>, relay=local, delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (forwarded as CCCCCCCCCC)\n`;
  const refused = `${at} postfix/local[3]: CCCCCCCCCC: to=<gone@dominio>, orig_to=<all@dominio>, relay=local, delay=1, delays=0/0/1/0, dsn=5.1.1, status=bounced (unknown user)\n`;
  const second = arrived("CCCCCCCCCC").split("\n").slice(1).join("\n");
  writeFileSync(
    path(),
    `${arrived("DE3232C16A")}${forwarded}${removed("DE3232C16A")}${second}${refused}${removed("CCCCCCCCCC")}`,
  );
  const { said, exit } = await tracked("DE3232C16A");
  expect(said).toMatch(/^CCCCCCCCCC\n/m);
  expect(said).toMatch(/removed\ngone@dominio \(for all@dominio\): bounced, unknown user\n$/);
  expect(exit).toBe(69);
});

test("a message is found even if its first lines are in a rotated log, or if all its lines are in an archive", async () => {
  writeFileSync(path("mail.log.2.gz"), gzipSync(other));
  writeFileSync(path("mail.log.1"), arrived("DE3232C16A"));
  writeFileSync(path(), `${delivered("DE3232C16A")}${removed("DE3232C16A")}`);
  expect(await tracked("DE3232C16A")).toEqual({ said: life, exit: 0 });
  expect((await tracked("ana@dominio")).said).toMatch(/^AAAAAAAAAA\n/);
});

test("just after a rotation, the log may be missing, and dated archives are read, newest first", async () => {
  writeFileSync(path("mail.log-20260115"), arrived("DE3232C16A"));
  writeFileSync(path("mail.log-20260108.gz"), gzipSync(`${arrived("DE3232C16A", "older@dominio")}${other}`));
  writeFileSync(path("mail.log.old"), other);
  expect(await tracked("DE3232C16A")).toEqual({
    said: expect.stringMatching(/queue {7}from <debian@dominio>.*\n1 recipient still in the queue\n$/s),
    exit: 75,
  });
  const { said } = await tracked("nobody@here");
  expect(said.replaceAll(path(), "LOG")).toMatch(/ in LOG, LOG-20260115, LOG-20260108\.gz as /);
  expect((await tracked("ana@dominio")).said).toMatch(/^AAAAAAAAAA\n/);
  const answer = tracked("DE3232C16A", 10);
  setTimeout(() => writeFileSync(path(), delivered("DE3232C16A") + removed("DE3232C16A")), 300);
  expect(await answer).toEqual({ said: life, exit: 0 });
});

test("with --wait, the log is followed until the message is delivered", async () => {
  writeFileSync(path(), arrived("DE3232C16A"));
  const answer = tracked("DE3232C16A", 10);
  setTimeout(() => appendFileSync(path(), delivered("DE3232C16A")), 300);
  setTimeout(() => appendFileSync(path(), removed("DE3232C16A")), 300);
  const { said, exit } = await answer;
  expect(exit).toBe(0);
  expect(said.replace("removed\n", "")).toBe(life.replace("removed\n", ""));
});

test("if the log is rotated during the wait, the old log's lines are still used", async () => {
  writeFileSync(path(), `${arrived("DE3232C16A", "debian@dominio", 2)}${bounced("DE3232C16A", "gone@dominio")}`);
  const answer = tracked("DE3232C16A", 10);
  setTimeout(() => {
    renameSync(path(), path("mail.log.1"));
    // The new log is larger than the old log was.
    writeFileSync(path(), other.repeat(5) + delivered("DE3232C16A") + removed("DE3232C16A"));
  }, 300);
  expect(await answer).toEqual({
    exit: 69,
    said: expect.stringMatching(/\ngone@dominio: bounced, unknown user\nroot@dominio: delivered, .*\n$/),
  });
});

test("a message is tracked in Exim's log", async () => {
  const [time, id] = ["2026-11-24 22:26:59", "1xVyyZ-0004DM-2h"];
  writeFileSync(
    path(),
    `${time} ${id} <= ana@dominio H=(me) [127.0.0.1] P=esmtp S=271 id=a1@dominio
${time} 1xVyyZ-0004DM-2j <= <> R=${id} U=Debian-exim P=local S=1463
${time} ${id} => root <root@dominio> R=localuser T=local_delivery
${time} ${id} -> /var/mail/x <x@dominio> R=localuser T=local_delivery
${time} ${id} => far@elsewhere.example R=remote T=remote_smtp H=mx.elsewhere.example [192.0.2.1] X=TLS1.3:ECDHE_X25519:256 CV=yes C="250 2.0.0 Ok: queued as 4FA"
${time} ${id} == later@dominio R=defer defer (-1): try later
${time} ${id} ** nobody-here@dominio <alias@dominio> R=fail: Unrouteable address
`,
  );
  const expected = `${id}
client      (me) [127.0.0.1], esmtp
message-id  <a1@dominio>
queue       from <ana@dominio>, 271 bytes
delivered   to <root@dominio>, relay=local_delivery, status=sent
delivered   to <x@dominio>, relay=local_delivery, status=sent
delivered   to <far@elsewhere.example>, relay=mx.elsewhere.example [192.0.2.1], status=sent (250 2.0.0 Ok: queued as 4FA)
deferred    to <later@dominio>, relay=defer, status=deferred (try later)
bounced     to <nobody-here@dominio>, orig_to=<alias@dominio>, relay=fail, status=bounced (Unrouteable address)
`;
  for (const what of [id, "a1@dominio", "later@dominio"]) {
    const { said, exit } = await tracked(what);
    expect(said.startsWith(expected)).toBe(true);
    expect(exit).toBe(69);
  }
});

test("a message is tracked in OpenSMTPD's log, which names the client once per session, not once per message", async () => {
  const line = (text: string) => `${at} smtpd[44]: ${text}\n`;
  const envelope = "evpid=1a2b3c4d5e6f7a8b from=<ana@dominio> to=<root@dominio>";
  writeFileSync(
    path(),
    line("8e5d1c7e0a1b2c3d smtp connected address=127.0.0.1 host=localhost") +
      line("8e5d1c7e0a1b2c3d smtp message msgid=11111111 size=5 nrcpt=1 proto=ESMTP") +
      line("8e5d1c7e0a1b2c3d smtp message msgid=1a2b3c4d size=797 nrcpt=2 proto=ESMTP") +
      line(`8e5d1c7e0a1b2c3d smtp envelope ${envelope}`) +
      line("8e5d1c7e0a1b2c3d smtp disconnected reason=quit") +
      line(`8e5d1c801f2e3d4c mda delivery ${envelope} user=root delay=0s result=Ok stat=Delivered`) +
      line(
        '8e5d1c801f2e3d4d mta delivery evpid=1a2b3c4d5e6f7a8c from=<ana@dominio> to=<x@far> rcpt=<-> source="192.0.2.9" relay="192.0.2.1 (mx.far)" delay=1s result="TempFail" stat="451 4.7.1 try again"',
      ),
  );
  expect(await tracked("1a2b3c4d")).toEqual({
    exit: 75,
    said: `1a2b3c4d
client      localhost[127.0.0.1], ESMTP
queue       797 bytes, 2 recipients
note        from=<ana@dominio> to=<root@dominio>
delivered   to <root@dominio>, relay=local, delay=0s, status=sent (to the mailbox of root)
deferred    to <x@far>, relay=192.0.2.1 (mx.far), delay=1s, status=deferred (451 4.7.1 try again)
root@dominio: delivered, to the mailbox of root
x@far: deferred, 451 4.7.1 try again
`,
  });
});

test("Exim's lines about aliases, deferrals and later deliveries are understood", async () => {
  const [time, id] = ["2026-11-25 01:34:28", "1xW1u0-0008C2-06"];
  const log = `${time} ${id} <= ann@dominio.test H=(vm) [127.0.0.1] P=esmtp S=489 id=o8s@vm
${time} ${id} H=127.0.0.1 [127.0.0.1] Connection refused
${time} ${id} == x@far.test R=later T=remote_smtp defer (111): Connection refused
${time} ${id} == root@dominio.test <all@dominio.test> R=localuser T=local_delivery defer (13): Permission denied: failed to chdir to /root
${time} ${id} == y@far.test R=remote T=remote_smtp defer (-44) H=127.0.0.1 [127.0.0.1]*: SMTP error from remote mail server after RCPT TO:<y@far.test>: 451 4.7.1 greylisted, come back
${time} ${id} == z@far.test routing defer (-51): retry time not reached
`;
  writeFileSync(path(), log);
  expect(await tracked(id)).toEqual({
    exit: 75,
    said: expect.stringMatching(
      /^x@far\.test: deferred, Connection refused\nroot@dominio\.test \(for all@dominio\.test\): deferred, Permission .*\ny@far\.test: deferred, SMTP error .*: 451 4\.7\.1 greylisted, come back\nz@far\.test: deferred, retry time not reached\n$/m,
    ),
  });
  appendFileSync(
    path(),
    `${time} ${id} => root <all@dominio.test> R=localuser T=local_delivery
${time} ${id} => games <all@dominio.test> R=localuser T=local_delivery
${time} ${id} => x@far.test R=later T=remote_smtp H=127.0.0.1 [127.0.0.1]* C="250 ok"
${time} ${id} => y@far.test R=remote T=remote_smtp H=127.0.0.1 [127.0.0.1] C="250 ok"
${time} ${id} => z@far.test R=remote T=remote_smtp H=127.0.0.1 [127.0.0.1] C="250 ok"
${time} ${id} Completed
`,
  );
  expect(await tracked("games")).toEqual({
    exit: 0,
    said: expect.stringMatching(
      /removed\nx@far\.test: delivered, 250 ok\nroot \(for all@dominio\.test\): delivered\ny@far\.test: delivered, 250 ok\nz@far\.test: delivered, 250 ok\ngames \(for all@dominio\.test\): delivered\n$/,
    ),
  });
});

test("OpenSMTPD's log lines are understood if an alias has two mailboxes and one of them is full at first", async () => {
  const line = (text: string) => `${at} smtpd[44]: 9bced0e2b3a25b8b ${text}\n`;
  const all = "from=<ann@dominio> to=<all@dominio> rcpt=<all@dominio>";
  writeFileSync(
    path(),
    line("smtp message msgid=fc0e3ae3 size=445 nrcpt=1 proto=ESMTP") +
      line("smtp envelope evpid=fc0e3ae3e3d01363 from=<ann@dominio> to=<all@dominio>") +
      line(`mda delivery evpid=fc0e3ae3f0d95db8 ${all} user=root delay=0s result=TempFail stat=Error ("disk full")`) +
      line(`mda delivery evpid=fc0e3ae31cc31d23 ${all} user=games delay=0s result=Ok stat=Delivered`),
  );
  expect((await tracked("ann@dominio")).exit).toBe(75);
  appendFileSync(
    path(),
    line(`mda delivery evpid=fc0e3ae3f0d95db8 ${all} user=root delay=9s result=Ok stat=Delivered`),
  );
  expect(await tracked("all@dominio")).toEqual({
    exit: 0,
    said: expect.stringMatching(
      /^all@dominio: delivered, to the mailbox of root\nall@dominio: delivered, to the mailbox of games\n$/m,
    ),
  });
});

const nobody = "nosuch@dominio.test";
test.each([
  [
    "Postfix",
    `Nov 25 01:40:00 vm postfix/smtpd[7]: NOQUEUE: reject: RCPT from localhost[127.0.0.1]: 550 5.1.1 <${nobody}>: Recipient address rejected: User unknown in local recipient table; from=<ann@dominio.test> to=<${nobody}> proto=ESMTP helo=<vm>`,
    69,
    `from=<ann@dominio.test>, client=localhost[127.0.0.1], status=refused (550 5.1.1 <${nobody}>: Recipient address rejected: User unknown in local recipient table)`,
  ],
  [
    "Postfix, put off",
    `2026-11-25T01:40:00.5+00:00 vm postfix/smtpd[7]: NOQUEUE: reject: RCPT from mx[192.0.2.1]: 450 4.2.0 <${nobody}>: Recipient address rejected: Greylisted; from=<ann@dominio.test> to=<${nobody}> proto=ESMTP helo=<vm>`,
    75,
    `from=<ann@dominio.test>, client=mx[192.0.2.1], status=refused (450 4.2.0 <${nobody}>: Recipient address rejected: Greylisted)`,
  ],
  [
    "postscreen",
    `Nov 25 01:40:00 vm postfix/postscreen[7]: NOQUEUE: reject: RCPT from [192.0.2.1]:3456: 550 5.7.1 Service unavailable; client [192.0.2.1] blocked; from=<ann@dominio.test>, to=<${nobody}>, proto=ESMTP, helo=<vm>`,
    69,
    "from=<ann@dominio.test>, client=[192.0.2.1]:3456, status=refused (550 5.7.1 Service unavailable; client [192.0.2.1] blocked)",
  ],
  [
    "Exim",
    `2026-11-25 01:34:24 H=(vm) [127.0.0.1] F=<ann@dominio.test> rejected RCPT <${nobody}>: Unrouteable address`,
    69,
    "from=<ann@dominio.test>, client=(vm) [127.0.0.1], status=refused (550 Unrouteable address)",
  ],
  [
    "Exim, put off",
    `2026-11-25 01:34:24 H=(vm) [127.0.0.1] F=<ann@dominio.test> temporarily rejected RCPT <${nobody}>: greylisted`,
    75,
    "from=<ann@dominio.test>, client=(vm) [127.0.0.1], status=refused (451 greylisted)",
  ],
  [
    "OpenSMTPD",
    `Nov 25 01:32:29 vm smtpd[22445]: 9bced0df33e871b7 smtp failed-command command="RCPT TO:<${nobody}>" result="550 Invalid recipient: <${nobody}>"`,
    69,
    `status=refused (550 Invalid recipient: <${nobody}>)`,
  ],
])("a recipient that was refused before the message had an ID is found: %s", async (_server, line, exit, told) => {
  writeFileSync(path(), `${line}\n${other}`);
  const { said, exit: code } = await tracked(nobody);
  expect([said.split("\n").slice(0, 2), code]).toEqual([["not queued", `refused     to <${nobody}>, ${told}`], exit]);
  // If a later message is accepted for this recipient, the new outcome replaces the refusal.
  appendFileSync(path(), `${arrived("DE3232C16A")}${delivered("DE3232C16A", nobody)}${removed("DE3232C16A")}`);
  expect((await tracked(nobody)).exit).toBe(0);
});

test("if one of several recipients is refused, the refusal and the deliveries are reported, and the exit code is 69", async () => {
  const refused = `${at} postfix/smtpd[7]: DE3232C16A: reject: RCPT from localhost[127.0.0.1]: 550 5.1.1 <gone@dominio>: Recipient address rejected: User unknown; from=<debian@dominio> to=<gone@dominio> proto=ESMTP helo=<vm>\n`;
  const [client = "", ...rest] = arrived("DE3232C16A", "debian@dominio", 2).split(/^(?=.)/m);
  writeFileSync(path(), [client, refused, ...rest, delivered("DE3232C16A")].join(""));
  const { said } = await tracked("gone@dominio");
  expect(said).toMatch(
    /\ngone@dominio: refused, 550 5\.1\.1 .*\nroot@dominio: delivered, .*\n1 recipient still in the queue\n$/,
  );
  expect((await tracked("DE3232C16A")).exit).toBe(69);
});

test("a message that is not found is reported with the logs that were searched", async () => {
  writeFileSync(path(), other);
  writeFileSync(path("mail.log.1"), other);
  expect(await tracked("FFFFFFFFFF")).toEqual({
    exit: 66,
    said: `"FFFFFFFFFF": not found in ${path()}, ${path("mail.log.1")} as a queue id, message-id or address`,
  });
  expect(await tracked(undefined)).toMatchObject({
    exit: 66,
    said: expect.stringContaining("no message has been sent"),
  });
});

test("for the most recently sent message, the transport is reported, because the log may be on another host", async () => {
  writeFileSync(path(), other);
  mkdirSync(path(".local/state/mail"), { recursive: true });
  const sent = { way: "smtps://me@mail.example:465", queueId: "FFFFFFFFFF", messageId: "<x@here>", time: "", to: [] };
  writeFileSync(path(".local/state/mail/sent"), `${JSON.stringify(sent)}\n`);
  expect(await tracked(undefined)).toMatchObject({
    exit: 66,
    said: expect.stringMatching(/^FFFFFFFFFF \(the message sent last, by smtps:\/\/me@mail\.example:465\): not found/),
  });
});

test("a missing log is reported", async () => {
  expect(await tracked("x")).toEqual({
    exit: 66,
    said: `${path()}: No such file or directory; use -S maillog=FILE for another log`,
  });
});

(isRoot ? test.skip : test)("for an unreadable log, `mail` prints the commands that make it readable", async () => {
  writeFileSync(path(), other);
  chmodSync(path(), 0);
  expect(await tracked("x")).toMatchObject({ exit: 66, said: expect.stringContaining(`chgrp adm ${path()}; `) });
});

test("without a log file, the journal is searched", async () => {
  mkdirSync(path("bin"));
  writeFileSync(path("bin/journalctl"), `#!/bin/sh\ncat '${path("journal")}'\n`, { mode: 0o755 });
  writeFileSync(path("journal"), `${arrived("DE3232C16A")}${delivered("DE3232C16A")}${removed("DE3232C16A")}`);
  process.env["PATH"] = `${path("bin")}:${PATH}`;
  const { linesWith } = await import("../../src/track/log-files.ts");
  const lines: string[] = [];
  for await (const { line } of linesWith({ name: "the journal", path: undefined }, ["removed"])) lines.push(line);
  expect(lines).toEqual([removed("DE3232C16A").trimEnd()]);
});

test.each([
  ["Jan  6 18:22:03", "Jan  6 18:22:03"],
  ["2026-01-16T18:22:03.123456+01:00", "2026-01-16 18:22:03"],
  ["2026-01-16T18:22:03Z", "2026-01-16 18:22:03"],
])("the time %s is shown as %s", (inLog, told) => {
  const line = `${inLog} host postfix/qmgr[9]: DE3232C16A: removed`;
  expect(syslogLine(line)).toEqual({ time: told, program: "postfix/qmgr", text: "DE3232C16A: removed" });
});
