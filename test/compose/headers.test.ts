/** Tests the header and the recipients of a message. */
import { expect, test } from "@jest/globals";
import { sendMail } from "./support/send.ts";

test.each([
  // case, arguments, field, its values, recipients
  ["-a Cc adds a recipient", ["-a", "Cc: c@x.org", "a@x.org"], "Cc", ["c@x.org"], ["a@x.org", "c@x.org"]],
  ["-a Bcc adds a hidden recipient", ["-a", "Bcc: c@x.org", "a@x.org"], "Bcc", [], ["a@x.org", "c@x.org"]],
  ["-a To replaces our To", ["-a", "To: List <l@x.org>", "a@x.org"], "To", ["List <l@x.org>"], ["a@x.org", "l@x.org"]],
  ["a group without members", ["-a", "To: hidden:;", "a@x.org"], "To", ["hidden:;"], ["a@x.org"]],
  ["a group", ["Team: a@x.org, B <b@x.org>;"], "To", ["a@x.org, B <b@x.org>"], ["a@x.org", "b@x.org"]],
  ["a quoted local part", ['"a b"@x.org'], "To", ['"a b"@x.org'], ['"a b"@x.org']],
  ["a comment", ["a@x.org (Ann)"], "To", ["Ann <a@x.org>"], ["a@x.org"]],
  ["a domain that is not ASCII", ["a@bücher.example"], "To", ["a@xn--bcher-kva.example"], ["a@xn--bcher-kva.example"]],
  ["names are encoded, addresses are not", ["Jörg <j@x.org>"], "To", ["=?UTF-8?B?SsO2cmc=?= <j@x.org>"], ["j@x.org"]],
  ["-a Subject replaces -s", ["-s", "one", "-a", "Subject: two", "a@x.org"], "Subject", ["two"], ["a@x.org"]],
  ["-C adds a field", ["-C", "X-One: ñ", "a@x.org"], "X-One", ["=?UTF-8?B?w7E=?="], ["a@x.org"]],
  [
    "commas and spaces in one list",
    ["-c", "b@x.org,c@x.org d@x.org", "a@x.org"],
    "Cc",
    ["b@x.org, c@x.org, d@x.org"],
    ["a@x.org", "b@x.org", "c@x.org", "d@x.org"],
  ],
  [
    "several addresses separated by spaces",
    ['"q r"@x.org b@x.org', "Ann B. <c@x.org> <d@x.org>"],
    "To",
    ['"Ann B." <c@x.org>, "q r"@x.org, b@x.org, d@x.org'],
    ['"q r"@x.org', "b@x.org", "c@x.org", "d@x.org"],
  ],
  ["an address in the obsolete form", ["ann at x.org"], "To", ["ann@x.org"], ["ann@x.org"]],
  ["an address literal", ["a@[IPv6:::1]"], "To", ["a@[IPv6:::1]"], ["a@[IPv6:::1]"]],
  [
    "a sender that is only a name",
    ["-r", "Cron Daemon", "a@x.org"],
    "From",
    [expect.stringMatching(/^Cron Daemon <ann@\S+>$/)],
    ["a@x.org"],
  ],
  [
    "a From field of -a that is only a name",
    ["-a", "From: Cron Daemon", "a@x.org"],
    "From",
    [expect.stringMatching(/^Cron Daemon <ann@\S+>$/)],
    ["a@x.org"],
  ],
  ["a repeated address", ["A@x.org", "a@x.org"], "To", ["A@x.org"], ["A@x.org"]],
])("%s", async (_shows, argv, name, values, recipients) => {
  const sent = await sendMail({ argv, stdin: "text\n" });
  expect(sent.stderr).toBe("");
  expect(sent.fields(name)).toEqual(values);
  expect([...sent.recipients].sort()).toEqual(recipients);
});

const broken = "v@x.org\nBcc: evil@x.org";

test.each([
  ["-r", ["-r", broken], {}],
  ["-c", ["-c", broken], {}],
  ["-b", ["-b", broken], {}],
  ["-a From", ["-a", `From: ${broken}`], {}],
  ["-a Reply-To", ["-a", `Reply-To: ${broken}`], {}],
  ["-C To", ["-C", `To: ${broken}`], {}],
  ["the variable from", ["-S", `from=${broken}`], {}],
  ["the environment's from", [], { from: broken }],
  ["the environment's REPLYTO", [], { REPLYTO: broken }],
])("an address with a line break is refused: %s", async (_where, argv, env) => {
  const sent = await sendMail({ argv: [...argv, "a@x.org"], stdin: "text\n", env });
  expect([sent.exit, sent.message, sent.recipients]).toEqual([65, undefined, []]);
  expect(sent.stderr).toMatch(/^mail: .*"v@x\.org\\nBcc: evil@x\.org".*; nothing was sent\nmail: the message is in /);
  expect(sent.dead).toMatch(/^text\n$|\n\ntext\n$/);
});

test.each([
  ["-s", ["-s", `s ${broken}`], {}, "Subject"],
  ["-a", ["-a", `X-One: ${broken}`], {}, "X-One"],
  ["-a, folded", ["-a", "X-One: v@x.org\n Bcc: evil@x.org"], {}, "X-One"],
  ["LOGNAME", [], { LOGNAME: broken, USER: "ben" }, "From"],
  ["ORGANIZATION, NAME, EMAIL", [], { ORGANIZATION: broken, NAME: broken, EMAIL: broken }, "From"],
])("a line break in %s does not start a new field", async (_where, argv, env, name) => {
  const sent = await sendMail({ argv: [...argv, "a@x.org"], stdin: "text\n", env: env as Record<string, string> });
  expect([sent.exit, sent.recipients, sent.fields("Bcc")]).toEqual([0, ["a@x.org"], []]);
  expect(sent.fields(name)).toEqual([
    expect.stringMatching(name === "From" ? /^\S*(ann|ben)@\S+$/ : /v@x\.org Bcc: evil@x\.org$/),
  ]);
});

test("with -t, a group without members is kept in the To field", async () => {
  const sent = await sendMail({ argv: ["-t"], stdin: "To: undisclosed-recipients:;\nBcc: a@x.org\n\ntext\n" });
  expect([sent.exit, sent.stderr, sent.recipients]).toEqual([0, "", ["a@x.org"]]);
  expect([sent.fields("To"), sent.fields("Bcc"), sent.body]).toEqual([["undisclosed-recipients:;"], [], "text\n"]);
});

test("-t reads recipients and fields from the input", async () => {
  const stdin = "To: A <a@x.org>\nbcc: b@x.org\nSubject: hé\nX-Y: z\n\nbody\n";
  const sent = await sendMail({ argv: ["-t", "-c", "c@x.org"], stdin });
  expect([...sent.recipients].sort()).toEqual(["a@x.org", "b@x.org", "c@x.org"]);
  expect([sent.fields("Subject"), sent.fields("X-Y"), sent.fields("Bcc")]).toEqual([["=?UTF-8?B?aMOp?="], ["z"], []]);
  expect(sent.body).toBe("body\n");
});

test.each([
  [["-A", "none", "a@x.org"], 66, "mail: none: No such file or directory; nothing was sent\n"],
  [
    ["-a", "no field", "a@x.org"],
    64,
    'mail: -a "no field": not a header field of the form "Name: value", and not a file; nothing was sent\n',
  ],
  [["-C", "no field", "a@x.org"], 64, 'mail: -C "no field": not a header field of the form "Name: value"\n'],
  [["-t"], 65, "mail: -t: the input does not begin with a header; nothing was sent\n"],
])("%j is refused", async (argv, exit, stderr) => {
  const sent = await sendMail({ argv, stdin: "the text\n" });
  expect([sent.exit, sent.message]).toEqual([exit, undefined]);
  expect(sent.stderr).toContain(stderr);
  if (exit !== 64) expect(sent.dead).toBe("the text\n");
});

test("in a Latin-1 locale, arguments and text keep their bytes and are labelled ISO-8859-1", async () => {
  const latin = { LC_ALL: "de_DE.ISO-8859-1" };
  const sent = await sendMail({ argv: ["a@x.org"], stdin: Buffer.from("caf\xe9\n", "latin1"), env: latin });
  expect(sent.fields("Content-Type")).toEqual(['text/plain; charset="ISO-8859-1"']);
  expect(sent.body).toMatch(/^caf(\xe9|=E9)\n$/);
});

test("with -~, tilde escapes are processed in piped input, but a lone dot is still text", async () => {
  const sent = await sendMail({ argv: ["-~", "a@x.org"], stdin: "~s subject\n.\n~~x\n" });
  expect([sent.fields("Subject"), sent.body]).toEqual([["subject"], ".\n~x\n"]);
});

test("-q inserts a file at the start of the body", async () => {
  const sent = await sendMail({ argv: ["-q", "note", "a@x.org"], stdin: "second\n", files: { note: "first" } });
  expect(sent.body).toBe("first\nsecond\n");
});

test("an attachment's type is determined by its content and its name", async () => {
  const files = {
    "a.txt": "text\n",
    "b.png": Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    c: "%PDF-1.7",
    "d.log": "",
    "e.eml": "no header",
    "f.csv": Buffer.of(0xe9),
    "año.json": "{}",
  };
  const argv = Object.keys(files).flatMap((name) => ["-A", name]);
  const sent = await sendMail({ argv: [...argv, "a@x.org"], stdin: "see\n", files });
  const types = [
    ...(sent.message ?? "").matchAll(/\nContent-Type: ([^\n]*)\n[^:]*: base64\nContent-Disposition: ([^\n]*)/g),
  ];
  expect(types.map(([, type, disposition]) => `${type} ${disposition}`)).toEqual([
    'text/plain; charset=us-ascii attachment; filename="a.txt"',
    'image/png attachment; filename="b.png"',
    'application/pdf attachment; filename="c"',
    'text/plain; charset=us-ascii attachment; filename="d.log"',
    'application/octet-stream attachment; filename="e.eml"',
    'application/octet-stream attachment; filename="f.csv"',
    "application/json attachment; filename*=UTF-8''a%C3%B1o.json",
  ]);
});

test("a message is attached unencoded as message/rfc822, or as a file if it requires encoding", async () => {
  const note = "From: a@x.org\r\nSubject: note\r\n\r\n.one\r\n";
  const eight = "From: a@x.org\nContent-Type: text/plain; charset=utf-8\n\nñ\n";
  const files = { "note.eml": note, "8.EML": eight, "long.eml": `Subject: x\n\n${"x".repeat(2000)}\n` };
  const argv = [...Object.keys(files).flatMap((name) => ["-A", name]), "a@x.org"];
  const partsOf = async (EHLO: string) => {
    const { message = "" } = await sendMail({ argv, stdin: "see\n", files, server: { EHLO } });
    return [...message.matchAll(/\n--.*\nContent-Type: (.*)\n([\s\S]*?)\n\n([\s\S]*?)(?=\n--)/g)]
      .slice(1)
      .map(([, type, fields = "", content = ""]) => [
        type,
        /Encoding: (.*)/.exec(fields)?.[1],
        /ition: (.*)/.exec(fields)?.[1],
        content,
      ]);
  };
  const unix = note.replaceAll("\r", "");
  expect(await partsOf("250-x\r\n250 8BITMIME")).toEqual([
    ["message/rfc822", "7bit", 'attachment; filename="note.eml"', unix],
    ["message/rfc822", "8bit", 'attachment; filename="8.EML"', Buffer.from(eight).toString("latin1")],
    ["application/octet-stream", "base64", 'attachment; filename="long.eml"', expect.any(String)],
  ]);
  expect((await partsOf("250 x")).map(([type, encoding]) => [type, encoding])).toEqual([
    ["message/rfc822", "7bit"],
    ["application/octet-stream", "base64"],
    ["application/octet-stream", "base64"],
  ]);
});

test("a message may have a thousand recipients and four hundred attachments", async () => {
  const people = Array.from({ length: 1000 }, (_, at) => `user${at}@x.org`);
  const files = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`f${at}`, `${at}\n`]));
  const sent = await sendMail({ argv: [...Object.keys(files).flatMap((name) => ["-A", name]), ...people], files });
  expect([sent.exit, sent.recipients.length, sent.message?.match(/\nContent-Disposition/g)?.length]).toEqual([
    0, 1000, 400,
  ]);
  expect(Math.max(...(sent.message ?? "").split("\n").map((line) => line.length))).toBeLessThan(100);
});

test("long lists of recipients are folded for a sendmail program as in bsd-mailx", async () => {
  const people = ["ann@example.org", "ben@example.org", "carla@example.org", "dave@example.org", "eve@example.org"];
  const sent = await sendMail({ argv: ["--dry-run", "-S", "mta=/bin/true", ...people], stdin: "text\n" });
  expect(sent.stdout).toContain(
    "To: ann@example.org, ben@example.org, carla@example.org,\n    dave@example.org, eve@example.org\n",
  );
});

test("every byte of an attachment is preserved", async () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7919 + (at >> 8)) & 0xff));
  const sent = await sendMail({ argv: ["-A", "data", "a@x.org"], stdin: "see\n", files: { data: bytes } });
  const encoded = /filename="data"\n\n([A-Za-z0-9+/=\n]+)\n--/.exec(sent.message ?? "")?.[1] ?? "";
  expect(Buffer.from(encoded, "base64").equals(bytes)).toBe(true);
  expect(sent.body).toMatch(/\n\nsee\n\n--/);
});
