/**
 * Runs `mail` with command lines in the syntax of various clients, and checks that a server receives the given body,
 * attachments and recipients.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import PostalMime from "postal-mime";
import { openAttachment } from "../../src/compose/draft/attachment.ts";
import { splitAtNewlines } from "../../src/compose/draft/recipients.ts";
import { sendMail } from "./support/send.ts";

const html = "<html><body><h1>Título ñ</h1><p>Text</p></body></html>\n";
const files = {
  "page.html": html,
  "report.csv": "a,b\n1,2\n",
  "empty.txt": "",
  "latin.txt": Buffer.from("ni\xf1o\n", "latin1"),
};

test.each([
  ["-M", ["-M", "text/html"], "text/html; charset=utf-8"],
  ["--content-type", ["--content-type=text/html"], "text/html; charset=utf-8"],
  ["a field", ["-a", "Content-Type: text/html"], "text/html; charset=utf-8"],
  ["a field that ends with a semicolon", ["-a", "Content-Type: text/html;"], "text/html; charset=utf-8"],
  ["a field with a charset", ["-a", 'Content-Type: text/html; charset="UTF-8"'], 'text/html; charset="UTF-8"'],
  ["the subject", ["-s", "S\nContent-Type: text/html"], "text/html; charset=utf-8"],
  ["a type for attachments, and a body that is HTML", ["--content-type=text/html", "-A", "report.csv"], undefined],
])("an HTML body declares its charset if its type is given by %s", async (_by, argv, type) => {
  const sent = await sendMail({ argv: [...argv, "a@x.org"], stdin: html, files });
  expect([sent.exit, sent.stderr]).toEqual([0, ""]);
  if (type !== undefined)
    expect(sent.fields("Content-Type").map((each) => each.replace("UTF-8", "utf-8"))).toEqual([
      type.replace("UTF-8", "utf-8"),
    ]);
  const mail = await PostalMime.parse(Buffer.from(sent.message ?? "", "latin1"));
  expect(mail.html).toContain("Título ñ");
});

test("the type that is given for attachments does not apply to a plain-text body", async () => {
  const sent = await sendMail({
    argv: ["--content-type=text/html", "-A", "page.html", "a@x.org"],
    stdin: "text\n",
    files,
  });
  expect(sent.message).toContain("\nContent-Type: text/plain; charset=us-ascii\n");
  expect(sent.message).toContain("\nContent-Type: text/html; charset=utf-8\n");
});

test("--html sends a plain-text alternative before the HTML", async () => {
  const { exit, message = "", fields } = await sendMail({ argv: ["--html", "-s", "S", "a@x.org"], stdin: html });
  const mail = await PostalMime.parse(Buffer.from(message, "latin1"));
  expect([exit, mail.text?.includes("ñ"), mail.html?.trim()]).toEqual([0, true, html.trim()]);
  expect(fields("Content-Type")[0]).toMatch(/^multipart\/alternative; boundary=/);
  expect(message.indexOf("text/plain; charset=UTF-8")).toBeLessThan(message.indexOf("text/html; charset=UTF-8"));
});

test("--html and attachments", async () => {
  const sent = await sendMail({ argv: ["--html", "-A", "report.csv", "a@x.org"], stdin: html, files });
  const mail = await PostalMime.parse(Buffer.from(sent.message ?? "", "latin1"));
  expect([mail.html?.trim(), mail.text?.includes("Text"), mail.attachments.map(({ filename }) => filename)]).toEqual([
    html.trim(),
    true,
    ["report.csv"],
  ]);
  expect(sent.fields("Content-Type")[0]).toMatch(/^multipart\/mixed/);
});

test("the HTML is encoded for a server without 8BITMIME", async () => {
  const server = { EHLO: "250 test.example" };
  const sent = await sendMail({ argv: ["--html", "a@x.org"], stdin: html, server });
  expect([sent.exit, /^[\0-\x7f]*$/.test(sent.message ?? "ñ")]).toEqual([0, true]);
  expect((await PostalMime.parse(sent.message ?? "")).html?.trim()).toBe(html.trim());
});

test.each([
  ["-A /dev/stdin", ["-A", "/dev/stdin"], ""],
  ["-a /dev/fd/0", ["-a", "/dev/fd/0"], ""],
  ["--attach-fd 0", ["--attach-fd", "0"], ""],
  ["-A /dev/stdin -m FILE", ["-A", "/dev/stdin", "-m", "note.txt"], "note"],
])("%s attaches all of standard input, which is not used as the body", async (_case, argv, text) => {
  const place = mkdtempSync(join(tmpdir(), "mail-input-"));
  try {
    const input = join(place, "input");
    const content = "0123456789abcde\n".repeat(20_000);
    writeFileSync(input, content);
    const sent = await sendMail({ argv: [...argv, "a@x.org"], input, files: { "note.txt": "note\n" } });
    const mail = await PostalMime.parse(sent.message ?? "");
    const attached = mail.attachments.map((each) => Buffer.from(each.content as ArrayBuffer).toString());
    expect([sent.exit, sent.stderr, (mail.text ?? "").trim()]).toEqual([0, "", text]);
    expect(attached).toEqual([content]);
  } finally {
    rmSync(place, { recursive: true });
  }
});

test("-m sends a file as the body, with the file's type, and does not read standard input", async () => {
  const sent = await sendMail({ argv: ["-m", "page.html", "a@x.org"], stdin: "not read\n", files });
  expect([sent.exit, sent.fields("Content-Type")]).toEqual([0, ["text/html; charset=UTF-8"]]);
  expect(Buffer.from(sent.body, "latin1").toString()).toBe(html);
});

test("-m preserves every byte of a file that is not text", async () => {
  const bytes = Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 255, 13, 10]);
  const sent = await sendMail({ argv: ["-m", "photo.png", "a@x.org"], files: { "photo.png": bytes } });
  expect([sent.exit, sent.fields("Content-Type")]).toEqual([0, ["image/png"]]);
  expect(Buffer.from(sent.body, "base64")).toEqual(bytes);
});

test.each([
  ["base64", "w7EK\n"],
  ["quoted-printable", "=C3=B1\n"],
  ["8bit", "\xc3\xb1\n"],
])("--encoding=%s encodes the body", async (encoding, body) => {
  const sent = await sendMail({ argv: [`--encoding=${encoding}`, "a@x.org"], stdin: "ñ\n" });
  expect([sent.exit, sent.fields("Content-Transfer-Encoding"), sent.body]).toEqual([0, [encoding], body]);
});

test.each([
  [["--encoding=7bit"], "--encoding: the body cannot be sent as 7bit"],
  [["--without-mime"], "--without-mime: the text is not plain ASCII"],
])("%j is refused if it does not suit the text, and the text is kept", async (argv, message) => {
  const sent = await sendMail({ argv: [...argv, "a@x.org"], stdin: "ñ\n" });
  expect([sent.exit, sent.message]).toEqual([65, undefined]);
  expect(sent.stderr).toContain(message);
  expect(sent.dead).toContain("\xc3\xb1");
});

test("--without-mime writes no MIME fields", async () => {
  const sent = await sendMail({ argv: ["-m", "-s", "S", "a@x.org"], stdin: "text\n" });
  expect([sent.exit, sent.message?.match(/^(?:MIME|Content)-.*$/m)]).toEqual([0, null]);
});

test.each([
  [["-a", "report.csv"], "report.csv", "text/csv"],
  [["-a", "latin.txt=iso-8859-1"], "latin.txt", "text/plain"],
  [["--content-filename=new.txt", "-a", "report.csv"], "new.txt", "text/plain"],
  [["--content-type=application/x-z", "-A", "report.csv"], "report.csv", "application/x-z"],
  [["--skip-empty-attachments", "-A", "empty.txt", "-A", "report.csv"], "report.csv", "text/csv"],
  [["--encoding=8bit", "-A", "report.csv"], "report.csv", "text/csv"],
  [["--encoding=quoted-printable", "-A", "report.csv"], "report.csv", "text/csv"],
])("%j attaches one file", async (argv, name, type) => {
  const sent = await sendMail({ argv: [...argv, "a@x.org"], stdin: "text\n", files });
  const { attachments } = await PostalMime.parse(Buffer.from(sent.message ?? "", "latin1"));
  expect([sent.exit, attachments.map(({ filename, mimeType }) => [filename, mimeType])]).toEqual([0, [[name, type]]]);
});

test("the charset of an attachment is declared, or the attachment is converted", async () => {
  const declared = await sendMail({ argv: ["-a", "latin.txt=iso-8859-1", "a@x.org"], files });
  expect(declared.message).toContain("text/plain; charset=iso-8859-1");
  expect(declared.message).toContain(Buffer.from("ni\xf1o\n", "latin1").toString("base64"));
  const converted = await sendMail({ argv: ["-a", "latin.txt=iso-8859-1#utf-8", "a@x.org"], files });
  expect(converted.message).toContain("text/plain; charset=utf-8");
  expect(converted.message).toContain(Buffer.from("niño\n").toString("base64"));
});

test("--content-name sets the parameter `name` of the content type", async () => {
  const sent = await sendMail({ argv: ["--content-name=n.txt", "-A", "report.csv", "a@x.org"], files });
  expect(sent.message).toMatch(/Content-Type: text\/csv; charset=us-ascii;\s+name="?n\.txt"?\n/);
  expect(sent.message).toContain('filename="report.csv"');
});

test("--alternative sends the body and the attachments as alternative forms of the same text", async () => {
  const sent = await sendMail({ argv: ["--alternative", "-A", "page.html", "a@x.org"], stdin: "text\n", files });
  expect(sent.fields("Content-Type")[0]).toMatch(/^multipart\/alternative/);
  expect(sent.message).not.toContain("Content-Disposition");
  const mail = await PostalMime.parse(Buffer.from(sent.message ?? "", "latin1"));
  expect([mail.text?.trim(), mail.html?.trim()]).toEqual(["text", html.trim()]);
});

test("a pipe attached with -a must deliver data within the time limit", async () => {
  const home = mkdtempSync(join(tmpdir(), "mail-forms-"));
  const pipe = join(home, "pipe");
  execFileSync("mkfifo", [pipe]);
  await expect(openAttachment(pipe, { patience: 20 })).rejects.toMatchObject({
    exit: 66,
    message: `${pipe}: nothing was written to this pipe for 0.02 s; use -A to wait without a limit`,
  });
  rmSync(home, { recursive: true });
});

test.each([
  [["-c", "", "a@x.org"], 0, ["a@x.org"]],
  [["-b", " ", "a@x.org"], 0, ["a@x.org"]],
  [["", "a@x.org"], 0, ["a@x.org"]],
  [["-a", "", "a@x.org"], 0, ["a@x.org"]],
  [[""], 65, []],
  [["-c", "b@x.org", ""], 65, []],
  [["a@x.org\nb@x.org"], 0, ["a@x.org", "b@x.org"]],
  [["-c", "B <b@x.org>\n", "a@x.org"], 0, ["a@x.org", "b@x.org"]],
  [["a@x.org\nBcc: b@x.org"], 65, []],
  [["a@x.org\nb@x.org c@x.org"], 65, []],
  [["-T", "cc: b@x.org", "a@x.org"], 0, ["a@x.org", "b@x.org"]],
])("recipients %j", async (argv, exit, recipients) => {
  const sent = await sendMail({ argv, stdin: "text\n" });
  expect([sent.exit, [...sent.recipients].sort()]).toEqual([exit, recipients]);
});

test.each([
  ["a@x\nb@x", ["a@x", "b@x"]],
  ["root\r\nann", ["root", "ann"]],
  ['"Lee, Ann: x" <a@x>\nb@x', ['"Lee, Ann: x" <a@x>', "b@x"]],
  ["a@x\n\nb@x", undefined],
  ["a@x\nb@x,c@x", undefined],
  ["a@x\nteam:b@x;", undefined],
  ['"a\nb" <c@x>', undefined],
  ["a@x\n(b", undefined],
  ["a@x\n<b@x", undefined],
])("%j is split into its lines only if each line is one address", (item, lines) => {
  expect(splitAtNewlines(item)).toEqual(lines ?? [item]);
});

test.each([
  ["plain text", ["-t", "a@x.org"], "LOG\n1,2\n", [0, ["a@x.org"], "LOG\n1,2\n", ""]],
  [
    "text that begins like a field",
    ["-t", "a@x.org"],
    "Error: disk\n\nmore\n",
    [0, ["a@x.org"], "Error: disk\n\nmore\n", ""],
  ],
  ["a header", ["-t", "a@x.org"], "Subject: S\nX-A: 1\n\ntext\n", [0, ["a@x.org"], "text\n", ""]],
  [
    "a header with recipients",
    ["-t", "a@x.org"],
    "Cc: b@x.org\nSubject: S\n\ntext\n",
    [
      0,
      ["a@x.org"],
      "text\n",
      'mail: -t: "Cc: b@x.org" adds no recipient, because the command line names recipients\n',
    ],
  ],
])("-t and recipient words: %s", async (_what, argv, stdin, [exit, recipients, body, stderr]) => {
  const sent = await sendMail({ argv, stdin });
  expect([sent.exit, sent.recipients, sent.body, sent.stderr]).toEqual([exit, recipients, body, stderr]);
});

test("a header field in the argument of -s is reported, and does not add a recipient", async () => {
  const sent = await sendMail({ argv: ["-s", "S\nBcc: m@x.org", "a@x.org"], stdin: "text\n" });
  expect([sent.exit, sent.recipients, sent.fields("Subject")]).toEqual([0, ["a@x.org"], ["S Bcc: m@x.org"]]);
  expect(sent.stderr).toBe('mail: -s: "Bcc: m@x.org" became part of the subject; use -a to add a header field\n');
});

test("-X runs commands before the message is composed, and nothing is sent if a command fails", async () => {
  const sent = await sendMail({ argv: ["-X", "alias team a@x.org\nset from=o@x.org", "team"], stdin: "text\n" });
  expect([sent.exit, sent.recipients, sent.sender]).toEqual([0, ["a@x.org"], "o@x.org"]);
  const failed = await sendMail({ argv: ["-X", "nonsense", "a@x.org"], stdin: "text\n" });
  expect([failed.exit, failed.message]).toEqual([64, undefined]);
});

test("-F stores a copy in a file named after the first recipient", async () => {
  let names: readonly string[] = [];
  await sendMail({
    argv: ["-F", "zoe@x.org", "ann@x.org"],
    stdin: "text\n",
    leaves: (found) => {
      names = found;
    },
  });
  expect(names).toContain("zoe");
});

test("-: selects the start-up files", async () => {
  const sent = await sendMail({ argv: ["-:/", "-d", "a@x.org"], stdin: "text\n" });
  expect(sent.stdout).not.toContain("127.0.0.1");
  const own = await sendMail({ argv: ["-:u", "-d", "a@x.org"], stdin: "text\n" });
  expect(own.stdout).toContain("127.0.0.1");
});

test("-# runs commands and tilde escapes from a pipe, without a mailbox", async () => {
  const sent = await sendMail({ argv: ["-#"], stdin: "mail a@x.org\n~s Subject\ntext\n~.\necho done\n" });
  expect([sent.exit, sent.recipients, sent.fields("Subject"), sent.body]).toEqual([
    0,
    ["a@x.org"],
    ["Subject"],
    "text\n",
  ]);
  expect(sent.stdout).toContain("done\n");
});

test.each([
  ["an account", ["-A", "work", "a@x.org"], {}, 0, ["a@x.org", "o@x.org"]],
  ["a file, if no account has its name", ["-A", "page.html", "a@x.org"], files, 0, ["a@x.org", "ann@"]],
  ["ambiguous, if both exist", ["-A", "work", "a@x.org"], { work: "" }, 64, []],
  ["a file after --attach", ["--attach", "work", "a@x.org"], { work: "" }, 0, ["a@x.org", "ann@"]],
  ["neither", ["-A", "nosuch", "a@x.org"], {}, 66, []],
])("-A is %s", async (_what, argv, present, exit, [recipient, sender = ""]) => {
  const rc = "account work {\nset from=o@x.org\n}\n";
  const sent = await sendMail({ argv, stdin: "text\n", files: present as Record<string, string>, rc });
  expect([sent.exit, sent.recipients]).toEqual([exit, recipient === undefined ? [] : [recipient]]);
  if (exit === 0) expect(sent.sender).toContain(sender);
});
