import { appendFileSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { runMail } from "../run-mail.ts";

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "same-output-"));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const subjects = ["hola", "Re: hola", "=?utf-8?q?H=C3=B6la?=", "gr\u00fc\u00dfe", "", "a\tb", "Weekly report"];
const people = ["Ann <ann@a.example>", "b@b.example", "\u00c4 <c@c.example>", "(x) d@d.example", "e!f!g"];
const extras = [
  "",
  "X-Status: F\n",
  "Content-Type: multipart/mixed; boundary=x\n",
  "Subject : with a space\n",
  "In-Reply-To: <3@x>\n",
  "References: <1@x>\n <2@x>\n",
  "Return-Path: <>\n",
  "To: root@x, ann@a.example\nCc: b@b.example\n",
];
const pick = (list: readonly string[], n: number) => list[n % list.length] as string;
const date = (n: number) => new Date(Date.UTC(2026, 0, 1) + ((n * 7919) % 2000) * 60_000);

function makeMessage(n: number): string {
  const from = n % 11 === 0 ? "" : `From: ${pick(people, n)}\n`;
  const subject = n % 13 === 0 ? "" : `Subject: ${pick(subjects, n)}\n`;
  const when = n % 17 === 0 ? "" : `Date: ${date(n).toUTCString()}\n`;
  const ends = n % 19 === 0 ? "\r\n" : "\n";
  const text = `From u${n}@x Thu Jan  1 00:0${n % 10}:00 2026\n${from}${subject}${when}Message-ID: <${n}@x>\n${pick(extras, n)}Status: RO\n\n${"text\n".repeat(400 + (n % 50))}\n`;
  return text.replaceAll("\n", ends);
}

const sessions = [
  "f *\nf subject:hola\nf since:2026-01-01\n",
  "f subject:h\u00f6la\nsort subject\nf *\nf from:ann\n",
  "f subject:hola or from:ann\nf subject:hola from:ann\nf not subject:hola\nf subject:hola or body:text and 1-9\n",
  "thread\nf *\nsort date\nf *\nf /hola\nsize *\nf has:attachment\n",
  "sort subject\nf *\nsort -subject\nf *\nsort from\nf *\nsort -from\nf *\n",
];

async function run(box: string, options: readonly string[], input: string): Promise<string> {
  const env = {
    HOME: home,
    MAILRC: "/dev/null",
    TZ: "UTC",
    LC_ALL: "C.UTF-8",
    PATH: process.env["PATH"],
    USER: "root",
  };
  const { out, err } = await runMail(["-n", "-N", "-f", box, ...options], env, input);
  return out + err;
}

test("the output of lists, queries, sorting, threads and --json does not depend on whether an earlier session stored facts about the mailbox", async () => {
  const box = join(home, "box");
  writeFileSync(box, Array.from({ length: 2200 }, (_, n) => makeMessage(n)).join(""));
  // The first --json stores facts that the second one uses.
  const inputs = [...sessions.map((commands) => `${commands}x\n`), undefined, undefined];
  // If many new messages have arrived, the facts about them are stored. If only a few have arrived, the facts about
  // them are read again in each session.
  for (const added of [0, 150, 20]) {
    if (added > 0) appendFileSync(box, Array.from({ length: added }, (_, n) => makeMessage(5000 + n)).join(""));
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(box, longAgo, longAgo);
    await new Promise((resolve) => setTimeout(resolve, 150));
    for (const input of inputs) {
      const options = input === undefined ? ["--json"] : [];
      const kept = await run(box, options, input ?? "");
      expect(kept.length).toBeGreaterThan(100);
      expect(kept === (await run(box, [...options, "-S", "noindex"], input ?? ""))).toBe(true);
    }
  }
  expect(readdirSync(join(home, ".cache/mail")).some((name) => name.endsWith(".facts"))).toBe(true);
}, 120_000);
