/** Tests replies and forwarded messages, from the mailbox to the server. */
import { expect, test } from "@jest/globals";
import { sendMail } from "./support/send.ts";

const from = "From bob@x.org Sat Jan 16 18:22:03 2021\n";
const plain = `${from}From: Bob <bob@x.org>\nTo: ann, eve@x.org\nCc: list@x.org\nSubject: plan\nMessage-ID: <2@x>\nReferences: <0@x> <1@x>\n\nthe plan\n\n`;
const latin = `${from}From: bob@x.org\nSubject: =?ISO-8859-1?Q?caf=E9?=\nMIME-Version: 1.0\nContent-Type: text/plain; charset=ISO-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nun caf=E9\n\n`;
const mixed = `${from}From: bob@x.org\nSubject: files\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\nStatus: RO\n\n--b\nContent-Type: text/plain\n\nsee\n--b\nContent-Type: image/png\nContent-Disposition: attachment; filename=a.png\n\nx\n--b--\n\n`;

/** Runs a session with piped commands and text. With -I, the input is treated as if it were typed on a terminal. */
const session = (box: string, stdin: string, rc = "") =>
  sendMail({ argv: ["-I", "-N", "-f", "box"], stdin, rc: `set dot\n${rc}`, files: { box } });

test("reply addresses everyone except the user, and continues the thread", async () => {
  const sent = await session(plain, "r 1\nyes\n.\nx\n");
  expect([...sent.recipients].sort()).toEqual(["bob@x.org", "eve@x.org", "list@x.org"]);
  expect([sent.fields("Subject"), sent.fields("In-Reply-To"), sent.fields("References")]).toEqual([
    ["Re: plan"],
    ["<2@x>"],
    ["<0@x> <1@x> <2@x>"],
  ]);
});

test.each([
  ["Reply", "", ["bob@x.org"]],
  ["reply", "set flipr\n", ["bob@x.org"]],
  ["reply", "alternates eve@x.org\n", ["bob@x.org", "list@x.org"]],
  ["reply", "set allnet\nalternates eve list@elsewhere.org\n", ["bob@x.org", "list@x.org"]],
])("%s with %j", async (command, rc, recipients) => {
  const sent = await session(plain, `${command} 1\nyes\n.\nx\n`, rc);
  expect([...sent.recipients].sort()).toEqual(recipients);
});

test.each([
  ["a From field without an address", plain.replace("<bob@x.org>", "<>"), ["bob@x.org", "eve@x.org", "list@x.org"]],
  [
    "an encoded name that contains a comma",
    plain.replace("From: Bob", "From: =?UTF-8?Q?Doe,_Bob?="),
    ["bob@x.org", "eve@x.org", "list@x.org"],
  ],
  [
    "an address in the obsolete form",
    plain.replace("eve@x.org", "eve at y.org"),
    ["bob@x.org", "eve@y.org", "list@x.org"],
  ],
  ["an address literal", plain.replace("eve@x.org", "eve@[IPv6:::1]"), ["bob@x.org", "eve@[IPv6:::1]", "list@x.org"]],
])("%s does not prevent a reply to the right recipients", async (_what, box, recipients) => {
  const sent = await session(box, "r 1\nyes\n.\nx\n");
  expect([...sent.recipients].sort()).toEqual(recipients);
});

test("a reply to all is sent to Mail-Followup-To", async () => {
  const sent = await session(plain.replace("Cc:", "Mail-Followup-To: list@x.org\nCc:"), "r 1\nyes\n.\nx\n");
  expect(sent.recipients).toEqual(["list@x.org"]);
});

test.each([
  ["C.UTF-8", 'text/plain; charset="UTF-8"', "un café"],
  ["de_DE.ISO-8859-1", 'text/plain; charset="ISO-8859-1"', "un caf\xe9"],
])("a quoted message is converted from its charset to the charset of %s", async (locale, type, words) => {
  const sent = await sendMail({
    argv: ["-I", "-N", "-f", "box"],
    stdin: "r 1\n~m\n.\nx\n",
    rc: "set dot\n",
    files: { box: latin },
    env: { LC_ALL: locale },
    server: { EHLO: "250-x\r\n250 8BITMIME" },
  });
  expect(sent.fields("Content-Type")).toEqual([type]);
  const bytes = Buffer.from(sent.body, "latin1");
  expect(locale.endsWith("UTF-8") ? bytes.toString() : sent.body).toContain(`\t${words}\n`);
});

test("forward appends the message to the typed text", async () => {
  const sent = await session(plain, "forward 1 eve@x.org\nlook\n.\nx\n");
  expect([sent.recipients, sent.fields("Subject")]).toEqual([["eve@x.org"], ["Fwd: plan"]]);
  expect(sent.body).toMatch(
    /^look\n\n-+ Forwarded message -+\nFrom: Bob <bob@x\.org>\nTo: ann, eve@x\.org\n[\s\S]*\n\nthe plan\n/,
  );
});

test("a message with parts is forwarded as an attachment, without the mailbox's status fields", async () => {
  const sent = await session(mixed, "fwd 1 eve@x.org\nlook\n.\nx\n");
  expect(sent.message).toMatch(/\nContent-Type: message\/rfc822\n[\s\S]*\n\nFrom: bob@x\.org\nSubject: files\n/);
  expect(sent.message).not.toContain("Status:");
});

test.each(["forward", "fwd"])("in a pipe, %s forwards a message", async (name) => {
  const stdin = `${name} 1 a@x.org\n`;
  const { recipients } = await sendMail({ argv: ["-N", "-f", "box"], stdin, files: { box: plain } });
  expect(recipients).toEqual(["a@x.org"]);
});

test("followup stores a copy in a file named after the author", async () => {
  const sent = await sendMail({
    argv: ["-I", "-N", "-f", "box"],
    stdin: "followup 1\nyes\n.\n! cat bob\nx\n",
    rc: "set dot\n",
    files: { box: plain },
  });
  expect(sent.stdout).toMatch(/From ann [\s\S]*\nSubject: Re: plan\n[\s\S]*\n\nyes\n/);
});
