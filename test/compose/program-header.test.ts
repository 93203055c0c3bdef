/** Tests the header that a sendmail program receives; the record and dead.letter contain the same header. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { runMail } from "../run-mail.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mail-program-header-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function sendThroughProgram(argv: readonly string[], { exit = 0, input = "text\n" } = {}) {
  const program = join(home, "program");
  writeFileSync(program, `#!/bin/sh\ncat > '${home}/message'\nexit ${exit}\n`);
  chmodSync(program, 0o755);
  writeFileSync(join(home, ".mailrc"), `set sendmail='${program}' record='${home}/record' expandaddr\n`);
  const env = { HOME: home, PATH: process.env["PATH"], USER: "ana", LC_ALL: "C.UTF-8" };
  const ended = await runMail(["-n", ...argv], env, input);
  const file = (name: string) => {
    const path = join(home, name);
    return existsSync(path) ? readFileSync(path, "latin1") : undefined;
  };
  return { ...ended, message: file("message"), record: file("record"), dead: file("dead.letter") };
}

const jorg = "=?UTF-8?B?SsO2cmc=?=";

test.each([
  ["a subject", ["-s", "ñ", "a@x.org"], "Subject: =?UTF-8?B?w7E=?="],
  ["a name", ["Jörg <j@x.org>"], `To: ${jorg} <j@x.org>`],
  ["a name among others", ["-c", "Ann <a@x.org>, Jörg <j@x.org>", "b"], `Cc: Ann <a@x.org>, ${jorg} <j@x.org>`],
  ["a member of a group", ["Team: Jörg <j@x.org>, b@x.org;"], `To: ${jorg} <j@x.org>, b@x.org`],
  ["a name next to a file", ["/dev/null", "Jörg <j@x.org>"], `To: /dev/null, ${jorg} <j@x.org>`],
  ["the sender's name", ["-r", "Jörg <j@x.org>", "a@x.org"], `From: ${jorg} <j@x.org>`],
  ["a field of -a, with its spaces", ["-a", "X-One:  ñ", "a@x.org"], "X-One:  =?UTF-8?B?w7E=?="],
  ["a list of addresses in -a", ["-a", "Reply-To: Jörg <j@x.org>", "a@x.org"], `Reply-To: ${jorg} <j@x.org>`],
])("non-ASCII text is encoded: %s", async (_what, argv, line) => {
  const { exit, err, message } = await sendThroughProgram(argv);
  expect({ exit, err }).toEqual({ exit: 0, err: "" });
  expect(message?.split("\n")).toContain(line);
  expect(message).toMatch(/^[\0-\x7f]*$/);
});

test.each([
  ["-a", "X-One:two", "X-One:two"],
  ["-a", "X-One:   two  three", "X-One:   two  three"],
  ["-s", "  =?half", "Subject:   =?half"],
])("ASCII text is sent as it was typed: %s %j", async (option, value, line) => {
  const { message } = await sendThroughProgram([option, value, "a@x.org"]);
  expect(message?.split("\n")).toContain(line);
});

test("the encoded words of a long subject are folded", async () => {
  const { message } = await sendThroughProgram(["-s", "ñ".repeat(300), "a@x.org"]);
  const header = message?.split("\n\n")[0]?.split("\n") ?? [];
  expect(header.filter((line) => line.startsWith(" =?UTF-8?B?")).length).toBeGreaterThan(5);
  expect(Math.max(...header.map((line) => line.length))).toBeLessThanOrEqual(78);
});

test("the record and dead.letter contain the message that the program received", async () => {
  const argv = ["-s", "ñ", "-b", "Jörg <j@x.org>", "a@x.org"];
  const { exit, message = "", record, dead } = await sendThroughProgram(argv, { exit: 75 });
  expect([exit, dead]).toEqual([1, message]);
  expect(record?.replace(/^From .*\n/, "")).toBe(`${message}\n`);
});

test("-a refuses a value that is neither a field nor a file", async () => {
  const { exit, err, message } = await sendThroughProgram(["-a", "nocolon", "a@x.org"]);
  expect([exit, message]).toEqual([64, undefined]);
  expect(err).toBe(
    'mail: -a "nocolon": not a header field of the form "Name: value", and not a file; nothing was sent\n',
  );
});

test.each([
  ["--html", ["--html"], /^Content-Type: multipart\/alternative.*text\/plain.*text\/html/ms],
  [
    "a type that is not a text",
    ["-M", "application/pdf"],
    /^Content-Type: application\/pdf\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\ndGV4dAo=\n/m,
  ],
  ["HTML without a charset", ["-a", "Content-Type: text/html"], /^Content-Type: text\/html; charset=us-ascii\n/m],
])("a sendmail program receives the MIME fields that suit the body: %s", async (_form, argv, form) => {
  const { exit, message } = await sendThroughProgram([...argv, "-b", "b@x.org", "a@x.org"]);
  expect([exit, message]).toEqual([0, expect.stringMatching(form)]);
  expect(message).toContain("Bcc: b@x.org");
});
