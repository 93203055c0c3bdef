/**
 * Tests messages in which one element is larger than in any real message. The built program lists, prints and searches
 * these messages, and replies to them. An algorithm that needs quadratic time would exceed the test's time limit.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "@jest/globals";

const program = resolve(import.meta.dirname, "../../bin/mail.js");
const megabyte = 1 << 20;

/** Returns the standard output of a session with the given mailbox. */
function session(box: string, commands: readonly string[], options: readonly string[] = []) {
  const home = mkdtempSync(join(tmpdir(), "mail-enormous-"));
  writeFileSync(join(home, "box"), box, "latin1");
  try {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, "-n", ...options, "-f", "box"], {
      cwd: home,
      env: { HOME: home, PATH: "/usr/bin:/bin", USER: "root", LC_ALL: "C.UTF-8" },
      input: `${[...commands, "x"].join("\n")}\n`,
      encoding: "latin1",
      maxBuffer: 64 * megabyte,
      timeout: 60_000,
    });
    return { status, stdout, stderr };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

const fromLine = "From ann@example.org Sat Jan 16 18:22:01 2021\n";
const blanks = " ".repeat(megabyte);

test.each<[string, string]>([
  ["spaces in a folded sender", `From: ann${blanks}x <ann@example.org>\n y\nSubject: hola\n`],
  ["spaces in a folded subject", `From: ann@example.org\nSubject: hola${blanks}x\n y\n`],
  ["carriage returns in a folded field", `From: ann@example.org\nSubject: hola\nTo: a${"\r".repeat(megabyte)}b\n c\n`],
])(
  "a header with a megabyte of %s is listed, printed and searched",
  (_what, fields) => {
    const ended = session(`${fromLine}${fields}\nend of the text\n\n`, ["set decode", "print 1", "from subject:hola"]);
    expect(ended).toMatchObject({ status: 0, stderr: "" });
    expect(ended.stdout).toContain("end of the text");
    expect(ended.stdout.match(/^>.*hola/gm)?.length).toBeGreaterThan(0);
  },
  120_000,
);

test.each<[string, string, string[]]>([
  ["that is not terminated is printed", `X: ${"y".repeat(90)}\n`.repeat(60_000), ["print 1"]],
  ["with a single line is printed", `X: ${"y".repeat(5 * megabyte)}\n`, ["print 1"]],
  [
    "with a single folded field is saved",
    `X: y\n${` ${"z".repeat(90)}\n`.repeat(60_000)}`,
    ["copy 1 saved", "print 1"],
  ],
])(
  "a header %s completely, and so is the body that follows it",
  (_what, fields, commands) => {
    const ended = session(`${fromLine}Subject: hola\n${fields}\nend of the text\n\n`, commands);
    expect(ended).toMatchObject({ status: 0, stderr: "" });
    const printed = ended.stdout.slice(ended.stdout.indexOf("Message 1:"));
    expect(printed.length).toBeGreaterThan(fields.length);
    expect(printed.endsWith("\nend of the text\n\n")).toBe(true);
  },
  120_000,
);

test.each([
  ["angle brackets", "<".repeat(160_000)],
  ["open quoted strings", '<"\\"'.repeat(160_000)],
  ["open comments", "(".repeat(160_000)],
  ["addresses", "a@b,".repeat(160_000)],
  ["addresses without commas", "<a>".repeat(160_000)],
  ["dots and spaces", "a. ".repeat(160_000)],
  ["quoted words", '"a"b'.repeat(160_000)],
  ["colons", "a:".repeat(160_000)],
])(
  "a message with 160,000 %s in To and From is listed, replied to and printed by --json",
  (_what, list) => {
    const fields = `To: ann@example.org, ${list}\nFrom: ben@example.org, ${list}\nCc: ${list}\nSubject: hola\n`;
    const box = `${fromLine}${fields}\nend of the text\n\n`;
    const ended = session(box, ["set sendmail=/bin/true", "from 1", "from to:ann", "print 1", "reply 1", "text"]);
    expect(ended).toMatchObject({ status: 0 });
    expect(ended.stderr).not.toContain("call stack");
    expect(ended.stdout).toContain("end of the text");
    const told = session(box, [], ["--json"]);
    expect({ ...told, stdout: JSON.parse(told.stdout).subject }).toEqual({ status: 0, stderr: "", stdout: "hola" });
  },
  120_000,
);
