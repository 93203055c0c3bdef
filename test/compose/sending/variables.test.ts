/**
 * Tests variables that change the header, the envelope or the encoding of each message, with the built program and a
 * server.
 */
import { expect, test } from "@jest/globals";
import { sendMail } from "../support/send.ts";

test("autocc and autobcc add recipients to every message, with aliases expanded", async () => {
  const sent = await sendMail({
    argv: ["-c", "c@x.org", "a@x.org"],
    stdin: "text\n",
    rc: "alias team d@x.org e@x.org\nset autocc='team, f@x.org' autobcc=archive@x.org\n",
  });
  expect([...sent.recipients].sort()).toEqual(["a@x.org", "archive@x.org", "c@x.org", "d@x.org", "e@x.org", "f@x.org"]);
  expect(sent.fields("Cc")).toEqual(["c@x.org, d@x.org, e@x.org, f@x.org"]);
  expect(sent.fields("Bcc")).toEqual([]);
});

test.each([
  ["reply-to in a start-up file", { rc: "set reply-to='Ann <ann@x.org>'\n" }, "Ann <ann@x.org>"],
  ["replyto as an option", { argv: ["-S", "replyto=Ann<ann@x.org>", "a@x.org"] }, "Ann <ann@x.org>"],
  ["replyto in the environment", { env: { replyto: "ann@x.org" } }, "ann@x.org"],
  [
    "-a, which overrides it",
    { rc: "set replyto=no@x.org\n", argv: ["-a", "Reply-To: ann@x.org", "a@x.org"] },
    "ann@x.org",
  ],
])("Reply-To comes from %s", async (_what, sending, expected) => {
  const sent = await sendMail({ argv: ["a@x.org"], stdin: "text\n", ...sending });
  expect([sent.exit, sent.fields("Reply-To")]).toEqual([0, [expected]]);
});

test("REPLYTO in a start-up file has no effect on messages that are sent from the command line, as in bsd-mailx", async () => {
  const sent = await sendMail({ argv: ["a@x.org"], stdin: "text\n", rc: "set REPLYTO=ann@x.org\n" });
  expect(sent.fields("Reply-To")).toEqual([]);
});

test("the sender variable sets the Sender field", async () => {
  const sent = await sendMail({ argv: ["-S", "sender=ops@x.org", "a@x.org"], stdin: "text\n" });
  expect(sent.fields("Sender")).toEqual(["ops@x.org"]);
});

test.each([
  ["base64", "base64"],
  ["quoted-printable", "quoted-printable"],
  ["8bit", "8bit"],
])("with encoding=%s, non-ASCII text is sent as %s", async (encoding, used) => {
  const sent = await sendMail({ argv: ["-S", `encoding=${encoding}`, "a@x.org"], stdin: "ñandú\n" });
  expect(sent.fields("Content-Transfer-Encoding")).toEqual([used]);
});

test.each([
  ["encoding=uuencode", 'encoding: "uuencode" is invalid; nothing was sent; use 8bit, quoted-printable or base64'],
  ["smime-sign", "smime-sign: not supported; use a program such as gpgsm to sign the message; nothing was sent"],
  ["sendcharsets=latin1", 'sendcharsets: "latin1" is not supported, because mail sends UTF-8'],
  ["mta-arguments=-t", "mta-arguments: not supported; add the arguments to mta"],
  ["smtp-auth=gssapi", 'smtp-auth: "gssapi" is not supported; nothing was sent; use none, login'],
])("with %s, nothing is sent, the exit code is 78, and the text is kept", async (setting, message) => {
  const sent = await sendMail({ argv: ["-S", setting, "a@x.org"], stdin: "text\n" });
  expect([sent.exit, sent.recipients, sent.stderr]).toEqual([78, [], expect.stringContaining(`mail: ${message}`)]);
  expect(sent.dead).toContain("\n\ntext\n");
});

test("hostname completes local addresses and the Message-ID", async () => {
  const sent = await sendMail({ argv: ["-S", "hostname=mx.example", "ann"], stdin: "text\n" });
  expect(sent.recipients).toEqual(["ann@mx.example"]);
  expect(sent.fields("Message-ID")).toEqual([expect.stringMatching(/@mx\.example>$/)]);
});

test.each([
  ["a text", [], "text\n", "text\n-- \nAnn\n"],
  ["a text without a newline at its end", [], "text", "text\n-- \nAnn\n"],
  ["HTML, to which it is not added", ["-M", "text/html"], "<p>text</p>\n", "<p>text</p>\n"],
])("the file that the signature variable names is appended to %s", async (_what, options, stdin, body) => {
  const sent = await sendMail({
    argv: [...options, "a@x.org"],
    stdin,
    rc: "set signature=~/sig\n",
    files: { sig: "-- \nAnn\n" },
  });
  expect([sent.exit, sent.body]).toEqual([0, body]);
});

test("a missing signature file prevents sending", async () => {
  const sent = await sendMail({ argv: ["-S", "signature=~/nosuch", "a@x.org"], stdin: "text\n" });
  expect([sent.exit, sent.recipients]).toEqual([78, []]);
  expect(sent.stderr).toMatch(/^mail: signature: .*nosuch: No such file or directory\n/);
});
