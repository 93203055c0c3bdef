import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { NotAMailbox } from "../../src/mailbox/mailbox-errors.ts";
import { type LocalMailbox, openLocal } from "./support/local-mailbox.ts";

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "one-message-"));
  file = join(directory, "note.eml");
});
afterEach(() => rmSync(directory, { recursive: true }));

const options = () => ({ lockwait: 5, stateDirectory: join(directory, "state"), mustBeMailbox: true });
const note = "Subject: note\nFrom: Ann <ann@example.org>\nDate: Sat, 16 Jan 2021 18:22:01 +0000\n\ntext\n";
const stored = "From b@example.org Sat Jan 16 18:22:01 2021\nSubject: stored\n\nend\n";

async function openedAs(contents: string | Buffer, path = file): Promise<LocalMailbox> {
  writeFileSync(file, contents);
  return openLocal(path, options());
}

const wholeOf = (mailbox: LocalMailbox) => mailbox.read(1, 0, mailbox.size(1)).toString("latin1");

test.each([
  ["a header and a body", note],
  ["a header alone", "Subject: note\nTo: b"],
  ["folded fields and CRLF", "Subject: note\r\n with more\r\n\r\ntext\r\n"],
  [
    "a body with From lines",
    `${note}\nFrom here to there\nmore\n\nFrom - \n\nFrom c@x Sat Jan 16 18:22:01 2021\nmore\n`,
  ],
])(
  "a file of %s is read as a single read-only message, with a From_ line before it and an empty line after it",
  async (_, text) => {
    const mailbox = await openedAs(text);
    expect([mailbox.count, mailbox.readOnly, mailbox.header(1).includes("Subject: note")]).toEqual([1, true, true]);
    const whole = wholeOf(mailbox);
    expect(whole).toMatch(/^From \S+ \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\r?\nSubject: note/);
    expect(whole.slice(whole.indexOf("\n") + 1)).toMatch(
      new RegExp(`^${text.replace(/[-+.]/g, "\\$&")}(?:\r?\n){1,2}$`),
    );
    await expect(mailbox.commit({ fate: () => "keep" })).rejects.toThrow("Read-only");
    await mailbox.close();
    expect(readFileSync(file, "latin1")).toBe(text);
  },
);

test("the From_ line of a single message contains the message's author and date", async () => {
  const mailbox = await openedAs(note);
  expect(wholeOf(mailbox)).toMatch(/^From ann@example\.org Sat Jan 16 18:22:01 2021\n/);
  await mailbox.close();
});

test("a From field with a space before its colon is not a From_ line", async () => {
  const mailbox = await openedAs("From : Ann <ann@example.org>\nDate: Sat, 16 Jan 2021 18:22:01 +0000\n\ntext\n");
  expect(wholeOf(mailbox)).toMatch(/^From ann@example\.org Sat Jan 16 18:22:01 2021\nFrom : Ann/);
  await mailbox.close();
});

test("a file with a single message may be compressed, or opened through a symbolic link", async () => {
  const packed = await openedAs(gzipSync(note));
  expect(wholeOf(packed)).toContain("Subject: note");
  await packed.close();
  symlinkSync(file, join(directory, "link"));
  const linked = await openedAs(note, join(directory, "link"));
  expect(wholeOf(linked)).toContain("Subject: note");
  await linked.close();
});

test("a file that begins with a header and contains stored messages is a mailbox", async () => {
  const mailbox = await openedAs(`${note}\n${stored}`);
  expect([mailbox.count, mailbox.readOnly, wholeOf(mailbox)]).toEqual([1, false, stored]);
  await mailbox.close();
});

test.each([
  "garbage line\nmore\n",
  "Subject: note\nno field\n\ntext\n",
  " Subject: folded\n\n",
  "From: \0\nno field",
  "From\n\ntext\n",
  "From - \n\ntext\n",
  "\n\ntext\n",
  "\0".repeat(9000),
])("a file that begins with %j is refused if a mailbox is required", async (text) => {
  await expect(openedAs(text)).rejects.toThrow(NotAMailbox);
  const mailbox = await openLocal(file, { ...options(), mustBeMailbox: false });
  expect(mailbox.count).toBe(0);
  await mailbox.close();
});

test.each(["", "\n", "\r\n\n"])("an empty file (%j) is an empty mailbox", async (text) => {
  const mailbox = await openedAs(text);
  expect(mailbox.count).toBe(0);
  await mailbox.close();
});
