import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { formatSchemas } from "../../../src/act/schemas.ts";
import { parseLines, parseProblems } from "../../act/support/schemas.ts";
import { message } from "../support/session.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const home = mkdtempSync(join(tmpdir(), "mail-listing-"));
const box = `${message("ann@x.org", "hola")}From eve@z.org Sat Jan 16 18:22:03 2021
From: =?UTF-8?Q?Eve_M=C3=BCller?= <eve@z.org>
To: root@x.org, "Doe, John" <jd@x.org>
Subject: =?ISO-8859-1?Q?caf=E9?=
 au lait
Date: Tue, 05 Jan 2021 10:00:00 +0100
Message-ID: <1@z.org>
Reply-To: Eve <e@z.org>
In-Reply-To: your mail <0@z.org>
References: <a@z.org>
 <0@z.org>
X-Status: AF
Content-Type: multipart/mixed; boundary=cut

--cut

hi
--cut
Content-Type: image/png; name="\u001b[2Jé.png"

x
--cut--

${message("cron@y.org", "disk", "RO")}`;

function mail(...argv: string[]) {
  return mailIn("UTC", ...argv);
}

function mailIn(zone: string, ...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "bin/mail.js"), "-n", ...argv], {
    cwd: home,
    env: { PATH: process.env["PATH"], HOME: home, MAIL: join(home, "spool"), TZ: zone },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

beforeAll(() => writeFileSync(join(home, "box"), box));
afterAll(() => {
  expect(readFileSync(join(home, "box"), "utf8")).toBe(box);
  rmSync(home, { recursive: true, force: true });
});

test("every line of --json conforms to the schema and contains all required properties", () => {
  const { status, stdout } = mail("--json", "-f", "box");
  expect(status).toBe(0);
  const messages = parseLines("message", stdout);
  expect(messages).toHaveLength(3);
  for (const each of messages) expect(Object.keys(each)).toEqual(JSON.parse(formatSchemas("message")).required);
  const offset = box.indexOf("From eve");
  expect(messages[1]).toEqual({
    version: 1,
    id: expect.stringMatching(/^m-[0-9a-f]{32}$/),
    number: 2,
    offset: Buffer.byteLength(box.slice(0, offset)),
    size: Buffer.byteLength(box.slice(offset, box.indexOf("From cron"))),
    lines: 23,
    state: "new",
    flagged: true,
    answered: true,
    flags: ["flagged", "answered"],
    envelopeSender: "eve@z.org",
    date: "2021-01-05T09:00:00.000Z",
    from: [{ name: "Eve Müller", address: "eve@z.org" }],
    to: [
      { name: "", address: "root@x.org" },
      { name: "Doe, John", address: "jd@x.org" },
    ],
    cc: [],
    replyTo: [{ name: "Eve", address: "e@z.org" }],
    subject: "café au lait",
    messageId: "<1@z.org>",
    inReplyTo: ["<0@z.org>"],
    references: ["<a@z.org>", "<0@z.org>"],
    attachments: [{ name: "\u001b[2Jé.png", type: "image/png" }],
    failedRecipients: null,
  });
  expect(/[\0-\t\x0b-\x1f]/.test(stdout)).toBe(false);
});

test.each([
  ["a query selects messages", ["--count", "-f", "box", "from:ann or from:cron"], 0, "2\n"],
  ["the words of a query need not be quoted", ["--count", "-f", "box", "from:ann", "or", "from:cron"], 0, "2\n"],
  ["the file is the argument of -f", ["--count", "is:read", "-f", "box"], 0, "1\n"],
  ["the exit code is 1 if there are none, as in grep", ["--count", "-f", "box", "from:zoe"], 1, "0\n"],
  ["the exit code is 1 if a list's sender does not exist", ["--json", "-f", "box", "zoe"], 1, ""],
  ["the exit code is 1 if there is no mail", ["--count"], 1, "0\n"],
  ["--json prints the count as JSON", ["--count", "--json", "-f", "box"], 0, '{"version":1,"count":3}\n'],
  [
    "--print prints a message as print shows it",
    ["--print", "-f", "box", "3"],
    0,
    "Message 3:\nFrom cron@y.org Sat Jan 16 18:22:03 2021\nFrom: cron@y.org\nSubject: disk\nStatus: RO\n\nbody of disk\n\n",
  ],
])("%s: mail %j", (_shows, argv, status, stdout) => {
  expect(mail(...argv)).toEqual({ status, stdout, stderr: "" });
});

test.each([
  ["an invalid query", ["--count", "-f", "box", "since:soon"], 64, /^mail: Bad date "soon" in since:/],
  ["an invalid number", ["--print", "-f", "box", "9"], 64, /^mail: 9: Invalid message number\n$/],
  ["a missing file", ["--count", "-f", "nix"], 66, /^mail: nix: No such file or directory\n$/],
])("%s has its own exit code and message", (_shows, argv, status, words) => {
  const result = mail(...argv);
  expect({ ...result, stderr: words.test(result.stderr) }).toEqual({ status, stdout: "", stderr: true });
});

test.each([
  [
    "a day is in the user's time zone, regardless of the zone in the Date field",
    "Europe/Madrid",
    "on:2021-03-28",
    "2\n",
  ],
  ["the same day in another time zone covers other messages", "America/New_York", "on:2021-03-28", "1\n"],
  ["an hour skipped in spring is treated as the following hour", "Europe/Madrid", "since:2021-03-28T02:00", "2\n"],
  ["a day on which the clocks change ends at midnight", "Europe/Madrid", "before:2021-03-29", "2\n"],
])("%s: %s %s", (_shows, zone, query, count) => {
  const dated = (date: string) => message("ann@x.org", "hola").replace("Subject", `Date: ${date}\nSubject`);
  const dates = [
    "Sat, 27 Mar 2021 23:30:00 +0000",
    "Sun, 28 Mar 2021 01:00:00 +0000",
    "Mon, 29 Mar 2021 00:00:00 +0200",
  ];
  writeFileSync(join(home, "dated"), dates.map(dated).join(""));
  expect(mailIn(zone, "--count", "-f", "dated", query).stdout).toBe(count);
});

test("a message is found by its id, and identical copies have the same id", () => {
  writeFileSync(join(home, "copies"), box + message("ann@x.org", "hola", "RO"));
  const ids = mail("--json", "-f", "copies")
    .stdout.trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).id as string);
  expect(ids[3]).toBe(ids[0]);
  expect(new Set(ids).size).toBe(3);
  const numbers = (...query: string[]) =>
    mail("--json", "-f", "copies", ...query)
      .stdout.trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).number);
  expect(numbers(`id:${ids[0]}`)).toEqual([1, 4]);
  expect(numbers(`id:${ids[1]}`, "or", "from:cron")).toEqual([2, 3]);
  expect(mail("--json", "-f", "copies", `id:${ids[0]?.slice(0, -1)}`)).toMatchObject({ status: 1, stdout: "" });
});

test("in a Maildir, marks are read from the file names, and no offset is reported", () => {
  for (const name of ["cur", "new", "tmp"]) mkdirSync(join(home, "dir", name), { recursive: true });
  writeFileSync(join(home, "dir/cur/1.a.host:2,FRS"), "From: ann@x.org\nSubject: hola\n\nhi\n");
  writeFileSync(join(home, "dir/new/2.b.host"), "From: bob@x.org\nSubject: plan\n\nhi\n");
  const lines = mail("--json", "-f", "dir").stdout.trimEnd().split("\n");
  const known = lines.map((line) => JSON.parse(line));
  expect(known.map(({ offset, flagged, answered, state }) => [offset, flagged, answered, state])).toEqual([
    [null, true, true, "read"],
    [null, false, false, "new"],
  ]);
  expect(known.map(({ id }) => id)).toEqual(["1.a.host", "2.b.host"]);
  expect(mail("--count", "-f", "dir", "id:2.b.host").stdout).toBe("1\n");
  expect(mail("--count", "-f", "dir", "is:flagged and is:answered").stdout).toBe("1\n");
});

test.each([["--json"], ["--count"], ["--print"], ["-H"], ["-e"]])(
  "%s does not change a mailbox's times, which shells use to detect new mail",
  (option) => {
    const [read, written] = [new Date("2020-01-01"), new Date("2021-01-01")];
    utimesSync(join(home, "box"), read, written);
    expect(mail(option, "-f", "box").status).toBe(0);
    const { atime, mtime } = statSync(join(home, "box"));
    expect([atime, mtime]).toEqual([read, written]);
  },
);

test("a reader that closes the pipe ends the listing without an error", () => {
  writeFileSync(join(home, "long"), box.repeat(500));
  const command = `"${process.execPath}" "${join(root, "bin/mail.js")}" -n --json -f long; echo $? >code`;
  const { stdout, stderr } = spawnSync("/bin/sh", ["-c", `(${command}) | head -1`], { cwd: home, encoding: "utf8" });
  expect({ number: JSON.parse(stdout).number, stderr }).toEqual({ number: 1, stderr: "" });
  expect(readFileSync(join(home, "code"), "utf8")).toBe("0\n");
});

test.each([
  ["big5", "jmmkpA==", "箸中"],
  ["cp850", "gg==", "é"],
])("the built program decodes %s, for which Node lacks characters", (charset, bytes, text) => {
  const fields = [`Subject: =?${charset}?b?${bytes}?=`, `Content-Type: text/plain; charset=${charset}`];
  const body = ["Content-Transfer-Encoding: base64", "", bytes, "", ""];
  writeFileSync(join(home, "charset"), ["From a@x Sat Jan 16 18:22:03 2021", ...fields, ...body].join("\n"));
  const { stdout } = mail("--json", "--text", "--all-headers", "-f", "charset");
  const found = JSON.parse(stdout);
  expect([found.subject, found.headers[0].value, found.text]).toEqual([text, text, `${text}\n`]);
});

test.each(["--json", "--count", "--print"])("%s reports a file that is not a mailbox", (option) => {
  writeFileSync(join(home, "garbage"), "garbage line\nmore\n");
  const text = "garbage: not a mailbox; nothing was opened";
  const { stderr, ...ended } = mail(option, "-f", "garbage");
  expect(ended).toEqual({ status: 65, stdout: "" });
  if (option === "--json")
    expect(parseProblems(stderr)).toEqual([
      { error: { code: 65, reason: "not a mailbox", message: text, remedy: "check the name of the file" } },
    ]);
  else expect(stderr).toBe(`mail: ${text}\n`);
  expect(mail("-e", "-f", "garbage")).toEqual({ status: 1, stdout: "", stderr: "" });
});
