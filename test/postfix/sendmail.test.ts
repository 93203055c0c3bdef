/**
 * Runs programs that call sendmail(8), once with this project's sendmail and once with Postfix's sendmail; the
 * delivered messages must be the same.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { until } from "../until.ts";
import { content, Office } from "./people.ts";
import { makeMachine, type PrivateMachine } from "./private-machine.ts";

let directory: string;
let office: Office;
let ours: PrivateMachine;
let postfix: PrivateMachine;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "mail-sendmail-"));
  office = await Office.open();
  const { domain, port, configuration } = office.postfix;
  // In the namespace, /usr/sbin/sendmail is not Postfix's program.
  cpSync("/usr/sbin/sendmail", join(directory, "postfix-sendmail"));
  const others = { domain, files: { "/etc/mail.rc": `set mta=smtp://127.0.0.1:${port}\n` } };
  ours = makeMachine(join(directory, "ours"), { ...others, sendmail: office.sendmailCommand.join(" ") });
  postfix = makeMachine(join(directory, "postfix"), {
    ...others,
    sendmail: `${join(directory, "postfix-sendmail")} -C ${configuration}`,
  });
});

afterAll(() => {
  office?.close();
  rmSync(directory, { recursive: true, force: true });
});

const users = ["games", "root"];
const inbox = (user: string) => join(office.postfix.spool, user);
beforeEach(() => {
  for (const user of users) rmSync(inbox(user), { force: true });
});

const removals = () => office.postfix.readLog().split(": removed\n").length - 1;

/** Runs a command, and returns each user's mailbox after Postfix has delivered the message. */
async function deliver(machine: PrivateMachine, command: string, input: string | Buffer): Promise<string[]> {
  for (const user of users) rmSync(inbox(user), { force: true });
  const before = removals();
  const ran = await machine.run(command, input);
  expect(ran).toEqual({ status: 0, said: expect.not.stringMatching(/error|fail|not sent|queued as/i) });
  await until(() => removals() > before);
  return users.map((user) => withoutTrace(content(inbox(user))));
}

/**
 * Removes the differences between two submissions of the same message: the trace, and values that differ in every
 * message.
 */
function withoutTrace(mailbox: string): string {
  return (
    mailbox
      .replace(/^From (\S+) .*$/gm, "From $1 DATE")
      .replace(/^Received: .*\n(?:[ \t].*\n)*/gm, "")
      .replace(/^((?:Resent-)?Date): .*$/gm, "$1: DATE")
      .replace(/^((?:Resent-)?Message-I)[dD]: .*(?:\n[ \t].*)*$/gm, "$1D: NEW")
      // Over SMTP, a recipient always has a domain.
      .replace(/^(X-Original-To: [^@\n]+)$/gm, "$1@dominio.test")
      .replace(/\b(?:=_)?[\w.-]*[0-9a-f]{12}[\w.-]*\b/g, "UNIQUE")
  );
}

/** Returns the header's fields sorted by name, because programs add missing fields in different places. */
function sortHeader(mailbox: string): string {
  const end = mailbox.indexOf("\n\n");
  const [line = "", ...fields] = mailbox.slice(0, end).split(/\n(?![ \t])/);
  return [line, ...fields.sort(), mailbox.slice(end)].join("\n");
}

async function expectSame(command: string, input: string | Buffer = "body\n"): Promise<string> {
  const theirs = await deliver(postfix, command, input);
  const own = await deliver(ours, command, input);
  expect(theirs.join("")).not.toBe("");
  expect(own.map(sortHeader)).toEqual(theirs.map(sortHeader));
  return own.join("\n");
}

const to = "games@dominio.test";

test.each<[string, string, string]>([
  ["bsd-mailx", `bsd-mailx -s subject -c root ${to}`, "body\n.\nmore\n"],
  ["S-nail", `s-nail -s subject ${to}`, "body \u00fc\n"],
  ["S-nail with a sender", `s-nail -s subject -r root@dominio.test ${to}`, "body\n"],
  ["GNU mail", `mail.mailutils -s subject ${to}`, "body\n"],
  ["mutt", `mutt -s subject -b root@dominio.test -- ${to}`, "body \u00fc\n"],
  [
    "PHP's mail()",
    `php -r 'mail("${to}", "subject", "body\\n.\\nmore\\n", "Cc: root@dominio.test\\r\\nX-Page: 1", "-froot@dominio.test") || exit(1);'`,
    "",
  ],
])("a message from %s is delivered exactly as if Postfix's sendmail had sent it", async (_caller, command, input) => {
  expect(await expectSame(command, input)).toContain("Subject: subject\n");
});

test("a patch from git send-email is delivered exactly as if Postfix's sendmail had sent it", async () => {
  const patch = join(directory, "0001-change.patch");
  writeFileSync(
    patch,
    "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: Ann <root@dominio.test>\n" +
      "Date: Sat, 16 Jan 2021 18:22:03 +0000\nSubject: [PATCH] change\n\nText\n---\n file | 1 +\n\n-- \n2.39\n",
    { mode: 0o644 },
  );
  const command = `git send-email --quiet --confirm=never --suppress-cc=all --from=root@dominio.test --to=${to} ${patch}`;
  expect(await expectSame(command, "")).toContain("Subject: [PATCH] change\n");
});

test("the output of a cron job is delivered in the form in which Postfix's sendmail would have sent it", async () => {
  const jobs = "MAILTO=games\n* * * * * root echo output of the job; echo second line >&2\n";
  const run = async (name: string, machine: PrivateMachine) => {
    const tab = join(directory, `crontab-${name}`);
    writeFileSync(tab, jobs, { mode: 0o644 });
    const empty = mkdtempSync(join(directory, "empty-"));
    const mounts = [
      `mount --bind ${tab} /etc/crontab`,
      `mount --bind ${empty} /etc/cron.d`,
      `mount --bind ${empty} /var/spool/cron/crontabs`,
      "mount -t tmpfs none /run",
    ];
    // The job starts at the next full minute. The second cron daemon starts after the first has exited.
    const before = removals();
    const log = join(directory, `cron-${name}.log`);
    const running = machine.run(`${mounts.join(" && ")} && exec timeout 75 cron -f -L 0 > ${log} 2>&1`);
    await until(() => removals() > before);
    const delivered = withoutTrace(content(inbox("games")));
    return { delivered, ended: running };
  };
  const theirs = await run("postfix", postfix);
  rmSync(inbox("games"), { force: true });
  await theirs.ended;
  rmSync(inbox("games"), { force: true });
  const own = await run("ours", ours);
  await own.ended;
  expect(own.delivered).toContain("output of the job\nsecond line\n");
  expect(sortHeader(own.delivered)).toBe(sortHeader(theirs.delivered));
}, 240_000);

test.each<[string, string, string | Buffer]>([
  ["no header", `sendmail ${to}`, "just text\n"],
  ["no header and no body", `sendmail ${to}`, ""],
  ["recipients in the header", "sendmail -t", "To: games\nBcc: root@dominio.test\nSubject: s\n\nbody\n"],
  ["recipients in both", "sendmail -t root", "To: Games <games@dominio.test>\nSubject: s\n\nbody\n"],
  ["recipients that are resent", "sendmail -t", "To: nobody@elsewhere.test\nResent-To: games\nSubject: s\n\nb\n"],
  ["a full name and a sender", `sendmail -F 'Full Name' -f games@dominio.test ${to}`, "Subject: s\n\nb\n"],
  ["a local sender", `sendmail -f games ${to}`, "Subject: s\n\nb\n"],
  ["the null sender", `sendmail -f '<>' ${to}`, "From: daemon@dominio.test\nSubject: s\n\nb\n"],
  ["a lone dot", `sendmail ${to}`, "Subject: s\n\nbody\n..\n.x\n.\nnot sent\n"],
  ["a lone dot with -i", `sendmail -i ${to}`, "Subject: s\n\nbody\n.\n..\n.x\n"],
  ["CRLF", `sendmail -oi ${to}`, "Subject: s\r\nX-A: 1\r\n\tfolded\r\n\r\nbody\r\n.\r\n"],
  ["bytes above 127", `sendmail -i ${to}`, Buffer.from("Subject: \xfc\n\n\xe9\xff\x80\n", "latin1")],
  ["a From_ line", `sendmail ${to}`, "From somebody Sat Jan 16 18:22:03 2021\nSubject: s\n\nFrom here\n"],
  ["a space before the colon", "sendmail -t", "To : games\nBcc : root\nSubject : s\n\nb\n"],
  ["a first line that is not a field", `sendmail ${to}`, "not a field\nSubject: s\n\nb\n"],
  ["a line in the header that is not a field", `sendmail ${to}`, "Subject: s\nnot a field\nX-A: 1\n\nb\n"],
  ["fields that are removed", `sendmail ${to}`, "Return-Path: <x@y>\nContent-Length: 3\nSubject: s\n\nb\n"],
  ["no final newline", `sendmail ${to}`, "Subject: s\n\nb"],
])(
  "a message with %s is delivered in the form in which Postfix's sendmail would have sent it",
  async (_what, command, input) => {
    await expectSame(command, input);
  },
);

test.each(["sendmail", "sendmail -Z root", "sendmail -t"])("%j is refused by both programs", async (command) => {
  const input = "Subject: s\n\n";
  expect((await postfix.run(command, input)).status).not.toBe(0);
  expect(await ours.run(command, input)).toMatchObject({ status: 64, said: expect.stringMatching(/^sendmail: /) });
});
