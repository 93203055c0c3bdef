/** Tests replies to messages that other programs wrote; a sendmail program receives the replies. */
import { expect, test } from "@jest/globals";
import { ours, run } from "./support/peer.ts";

/** A sendmail program that is run as `/bin/sh take`. */
const take = "cat >>sent\n";

async function reply(
  fields: readonly string[],
  commands = "r 1",
  mailrc = "",
  ...options: readonly string[]
): Promise<Record<string, string>> {
  const box = ["From eve@z.org Sat Jan 16 18:22:03 2021", ...fields, "", "hi", "", ""].join("\n");
  const session = {
    argv: ["-N", ...options, "-f", "box"],
    mailrc: `set quiet\n${mailrc}`,
    input: `${commands}\n`,
    files: { box, take },
  };
  const { sent = "" } = await run(ours, session);
  const [header = ""] = sent.split("\n\n");
  const unfolded = header.replace(/\n[ \t]+/g, " ").split("\n");
  return Object.fromEntries(unfolded.map((line) => [line.replace(/:.*/s, ""), line.replace(/^[^:]*: /, "")]));
}

test.each<[string, string[], Record<string, string>]>([
  [
    "a Re: in an encoded word is the only one",
    ["From: a@x", "Subject: =?utf-8?q?Re=3A_J=C3=B6?="],
    { Subject: "=?utf-8?q?Re=3A_J=C3=B6?=" },
  ],
  ["an address without angle brackets is one recipient", ["From: Big Bug bb@bug.com"], { To: "bb@bug.com" }],
  [
    "comments and routes are no part of addresses",
    ["From: Pete <pete(his account)@silly.test>", "To: <@a.example:joe@b.example>"],
    { To: "joe@b.example, pete@silly.test" },
  ],
  [
    "a name with an unquoted comma is not a recipient",
    ["From: Doe, Jane <jane@x>", "To: Big Shop", "Cc: Roe, Rick <rick@x>"],
    { To: "jane@x", Cc: "rick@x" },
  ],
  ["a blank may precede the colon", ["From : a@x", "Subject\t: s"], { To: "a@x", Subject: "Re: s" }],
])("%s", async (_what, fields, wanted) => {
  expect(await reply(fields)).toMatchObject(wanted);
});

const list = ["From: a@x", "To: b@x", "Cc: c@x", "Reply-To: r@x"];

test.each<[string, string, Record<string, string>]>([
  ["", "r 1", { To: "r@x" }],
  ["", "R 1", { To: "a@x" }],
  ["set reply-to-honour", "r 1", { To: "b@x, r@x", Cc: "c@x" }],
  ["set reply-to-honour", "R 1", { To: "r@x" }],
  ["set reply-to-honour=ask-yes", "R 1", { To: "r@x" }],
  ["set reply-to-honour=no", "r 1", { To: "a@x, b@x", Cc: "c@x" }],
  ["set reply-to-honour=ask-no", "R 1", { To: "a@x" }],
])(
  "after %j, the command %j selects the right recipients for a message that has a Reply-To field",
  async (mailrc, command, wanted) => {
    const header = await reply(list, command, `${mailrc}\n`);
    expect({ To: header["To"], Cc: header["Cc"] }).toEqual({ Cc: undefined, ...wanted });
  },
);

test.each([
  // variable, answer, recipient
  ["ask-yes", "", "r@x"],
  ["ask-yes", "no", "a@x"],
  ["ask-no", "", "a@x"],
  ["ask-no", "y", "r@x"],
])("with reply-to-honour=%s and the answer %j, a reply is sent to %s", async (value, answer, recipient) => {
  const typed = `R 1\n${answer}\nbody\n.\n`;
  const header = await reply(list, typed, `set dot reply-to-honour=${value}\n`, "-I");
  expect(header["To"]).toBe(recipient);
});

const thread = ["From: a@x", "Message-ID: <2@x>", "References: <0@x> <1@x>"];

test.each<[string, string, string | undefined]>([
  ["sendmail receives replies without References, as from bsd-mailx", 'set sendmail="/bin/sh take"', undefined],
  ["mta receives replies with References, as an SMTP server does", 'set mta="/bin/sh take"', "<0@x> <1@x> <2@x>"],
  [
    "the sendmail of an account receives replies with References",
    'account work {\nset sendmail="/bin/sh take"\n}\naccount work',
    "<0@x> <1@x> <2@x>",
  ],
])("a program named by %s", async (_how, mailrc, references) => {
  const header = await reply(thread, "r 1", mailrc);
  expect([header["In-Reply-To"], header["References"]]).toEqual(["<2@x>", references]);
});
