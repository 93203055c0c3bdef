/** Tests messages that other programs wrote, each reduced to the fields that an earlier version misread. */
import { afterEach, expect, test } from "@jest/globals";
import { filterMessages } from "../../../src/read/query/filter.ts";
import { compileTerm } from "../../../src/read/query/terms.ts";
import { jsonLine } from "../../../src/read/without-session/json-line.ts";
import { type Bench, bench } from "../support/session.ts";

let session: Bench;
afterEach(() => session.remove());

const envelope = "From eve@z.org Sat Jan 16 18:22:03 2021";

async function json(...lines: string[]): Promise<Record<string, unknown>> {
  const all = lines[0]?.startsWith("From ") === true ? lines : [envelope, ...lines];
  session = await bench(Buffer.from(all.map((line) => `${line}\n`).join(""), "latin1"));
  return JSON.parse(await jsonLine(session.folder.mailbox, 1));
}

test.each<[string, string[], Record<string, unknown>]>([
  [
    "a blank before the colon",
    ["From : Ann <ann@x.org>", "Subject\t: x", "Date : Wed Feb  1 19:06:09 2006", "", "hi"],
    { from: [{ name: "Ann", address: "ann@x.org" }], subject: "x", date: "2006-02-01T19:06:09.000Z" },
  ],
  [
    "addresses with comments, with a route, and without angle brackets",
    ["From: Big Bug bb@bug.com", "To: Pete(A \\) c) <pete(x)@y.test(h)>, <@a.example:joe@b.example>", "", "hi"],
    {
      from: [{ name: "Big Bug", address: "bb@bug.com" }],
      to: [
        { name: "Pete", address: "pete@y.test" },
        { name: "", address: "joe@b.example" },
      ],
    },
  ],
  [
    "names with unquoted commas, and a name without an address",
    ["From: Doe, Jane <jane@x.org>", "To: Mail Delivery System", "", "hi"],
    { from: [{ name: "Doe, Jane", address: "jane@x.org" }], to: [{ name: "Mail Delivery System", address: "" }] },
  ],
  [
    "a From_ line with a disguised address",
    ["From upi at papat.org  Wed Feb  1 19:06:09 +0100 2006", "Subject: x", "", "hi"],
    { envelopeSender: "upi@papat.org", date: "2006-02-01T18:06:09.000Z" },
  ],
  [
    "8-bit fields in the body's charset",
    ["From: \xf0\xd2\xc9 <a@b.c>", "Subject: \xf0\xd2\xc9", "Content-Type: text/plain; charset=koi8-r", "", "hi"],
    { from: [{ name: "При", address: "a@b.c" }], subject: "При" },
  ],
  [
    "8-bit fields in the charset of the first part",
    [
      "Subject: \xc4\xe3",
      "Content-Type: multipart/mixed; boundary=b",
      "",
      "--b",
      "Content-Type: text/plain; charset=gbk",
      "",
      "hi",
      "--b--",
    ],
    { subject: "你" },
  ],
  ["a line ending in an encoded word", ["Subject: =?utf-8?q?a=0D=0Ab?=", "", "hi"], { subject: "a b" }],
  [
    "encoded words in UTF-7 and in an unknown charset",
    ["Subject: =?utf-7?q?+AOk-?= =?x-y?q?z?=", "", "hi"],
    { subject: "éz" },
  ],
  ["characters of Hong Kong", ["Subject: =?big5?b?jmmkpA==?=", "", "hi"], { subject: "箸中" }],
  [
    "encoded words and names of attachments in a charset that Node lacks",
    [
      "From: =?cp850?q?J=94?= <j@b.c>",
      "Subject: =?cp850?q?=82?=",
      "Content-Type: application/pdf; name*=cp850''%82.pdf",
      ...["", "x"],
    ],
    {
      subject: "é",
      from: [{ name: "Jö", address: "j@b.c" }],
      attachments: [{ name: "é.pdf", type: "application/pdf" }],
    },
  ],
])("--json reads %s", async (_what, lines, properties) => {
  expect(await json(...lines)).toMatchObject(properties);
});

const dsn = (...fields: string[]) => [
  "From: MAILER-DAEMON@mx.example",
  "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
  ...["", "--b", "", "It failed.", "--b", "Content-Type: message/delivery-status", ""],
  ...["Reporting-MTA: dns; mx.example", "", ...fields, "--b--"],
];

const notice = (...lines: string[]) => {
  const body = Buffer.from(lines.map((line) => `${line}\n`).join(""), "utf8").toString("latin1");
  return ["From: Postmaster <postmaster@mx.example>", "Content-Type: text/plain; charset=utf-8", "", body];
};

test.each<[string, string[], string[] | null]>([
  [
    "a delivery report",
    dsn(
      "Final-Recipient: rfc822; <ann@x.org>",
      "Action: failed",
      "",
      "Final-Recipient: rfc822; b@x.org",
      "Action: delayed",
    ),
    ["ann@x.org"],
  ],
  ["a report of a delay", dsn("Final-Recipient: rfc822; ann@x.org", "Action: delayed", "Status: 4.4.1"), null],
  ["a report of a delivery", dsn("Final-Recipient: rfc822; ann@x.org", "Action: delivered"), null],
  ["a report without an action", dsn("Final-Recipient: rfc822; ann@x.org", "Status: 5.1.1"), ["ann@x.org"]],
  [
    "a report of prose",
    [
      "From: Postmaster <postmaster@mx.example>",
      "Content-Type: multipart/report; boundary=b",
      ...[
        "",
        "--b",
        "Content-Type: message/delivery-status",
        "",
        "These addresses are unknown:",
        "",
        "<ann@x.org>",
        "--b--",
      ],
    ],
    ["ann@x.org"],
  ],
  ["Exim's report", ["X-Failed-Recipients: ann@x.org, ben@x.org", "", "It failed."], ["ann@x.org", "ben@x.org"]],
  [
    "qmail's report",
    [
      "From: MAILER-DAEMON@mx.example",
      ...[
        "",
        "Hi. This is the qmail-send program at mx.example.",
        "It failed.",
        "",
        "<ann@x.org>:",
        "No such user.",
        "",
      ],
      ...["--- Below this line is a copy of the message.", "", "<ben@x.org>:"],
    ],
    ["ann@x.org"],
  ],
  [
    "an old sendmail's report",
    [
      "From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
      ...[
        "",
        "   ----- The following addresses had permanent fatal errors -----",
        "<ann@x.org>",
        "",
        "   ----- Transcript",
        "<no@x.org>",
      ],
    ],
    ["ann@x.org"],
  ],
  [
    "a report whose action precedes all recipients",
    dsn("Action: failed", "Arrival-Date: x", "", "Final-Recipient: rfc822; ann@x.org"),
    ["ann@x.org"],
  ],
  ["a report of a failure in other words", dsn("Final-Recipient: rfc822;ann@x.org", "Action: failure"), ["ann@x.org"]],
  [
    "a report that is labelled as text",
    notice("It failed.", "", "Final-Recipient: rfc822; ann@x.org", "Action: failed"),
    ["ann@x.org"],
  ],
  [
    "a report in an attachment of text",
    [
      "From: MAILER-DAEMON@mx.example",
      "Content-Type: multipart/mixed; boundary=b",
      ...["", "--b", "", "Your message could not be delivered.", "", "<ann@x.org>:", "No such user.", "--b"],
      ...["Content-Type: message/rfc822", "", "From: ben@x.org", "", "<ben@x.org>:", "--b--"],
    ],
    ["ann@x.org"],
  ],
  [
    "Google's old report",
    notice(
      ...["Delivery to the following recipient failed permanently:", "", "     ann@x.org", ""],
      ...["   ----- Original message -----", "", "Received: x", "To:", " ben@x.org"],
    ),
    ["ann@x.org"],
  ],
  [
    "Exchange's old report",
    notice(
      "did not reach the following recipient(s):",
      "",
      "ann@x.org on Wed, 15 Feb 2006 04:25:29 -0500",
      "    Unknown",
    ),
    ["ann@x.org"],
  ],
  [
    "Exchange's old report without an address",
    notice("did not reach the following recipient(s):", "", "Ann Lee on Wed, 15 Feb 2006 04:25:29 -0500"),
    [],
  ],
  [
    "Domino's report",
    notice("was not delivered to:", "  ann@x.org", "because:", "User x (ben@x.org) not listed"),
    ["ann@x.org"],
  ],
  ["GroupWise's report", notice("The message was undeliverable to:", "\tann@x.org (user not found)"), ["ann@x.org"]],
  [
    "IMail's report",
    notice("User mailbox exceeds allowed size: ann@x.org", "", "Original message follows.", "", "b@x.org"),
    ["ann@x.org"],
  ],
  ["a sentence about the recipient", notice("There was an error delivering your mail to <ann@x.org>."), ["ann@x.org"]],
  [
    "a transcript without a list",
    notice(
      "   ----- Transcript of session follows -----",
      "550 ann@x.org... User unknown",
      "",
      "   ----- Unsent message follows",
      "b@x.org",
    ),
    ["ann@x.org"],
  ],
  ["a report in another language", notice("このメールは送信できませんでした。", "ann@x.org"), ["ann@x.org"]],
  [
    "a warning about a delay",
    notice("Your message has not yet been delivered to:", "  ann@x.org", "We will give up in 3 days."),
    null,
  ],
  ["an automatic reply", notice("I am away. Write to", "ben@x.org"), null],
  [
    "a letter about a bounce",
    ["From: ann@x.org", "", "The following addresses had permanent fatal errors", "<b@x.org>"],
    null,
  ],
])("is:bounce and --json recognize %s", async (_what, lines, failed) => {
  expect(await json(...lines)).toMatchObject({ failedRecipients: failed });
  const found: number[] = [];
  const query = compileTerm("is", "bounce", { now: new Date(), isKeyedByContent: true });
  for await (const some of filterMessages(session.folder.mailbox, [1], query)) found.push(...some);
  expect(found).toEqual(failed === null ? [] : [1]);
});
