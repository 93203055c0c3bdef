/**
 * Commands read each message through the window that contains the message, and therefore also work with a mailbox on a
 * server.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { MessageNeed } from "../../src/mailbox/mailbox.ts";
import { executeLine } from "../../src/read/interpreter/interpreter.ts";
import type { Session } from "../../src/read/session/session.ts";
import { withSmallWindows } from "../mailbox/support/small-windows.ts";
import { type Bench, bench } from "./support/session.ts";

const multipart = [
  "From dan Sat Jan 16 18:22:06 2021",
  "From: Dan <dan@example.org>",
  "Subject: =?utf-8?q?caf=C3=A9?=",
  "References: <one@example.org>",
  "Content-Type: multipart/mixed; boundary=b",
  "",
  "--b",
  "Content-Type: text/plain",
  "",
  "the text",
  "--b",
  "Content-Type: text/x-note; name=note.txt",
  "Content-Disposition: attachment; filename=note.txt",
  "Content-Transfer-Encoding: base64",
  "",
  Buffer.from("the note\n").toString("base64"),
  "--b--",
  "",
  "",
].join("\n");

const mbox = [
  "From ann Sat Jan 16 18:22:03 2021\nFrom: ann@example.org\nSubject: one\nMessage-ID: <one@example.org>\n\nthe first body\n\n",
  "From bob Sat Jan 16 18:22:04 2021\nFrom: bob@example.org\nSubject: two\nDate: Fri, 1 Jan 2021 00:00:00 +0000\n\nsecond\n\n",
  "From cat Sat Jan 16 18:22:05 2021\nSubject: three\nStatus: RO\n\nthird body\nFrom the end\n\n",
  multipart,
].join("");

let home: string;
let plain: Bench;
let windowed: Bench;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "mail-windows-"));
  [plain, windowed] = [await bench(mbox), await bench(mbox)];
  Object.assign(windowed.folder, { mailbox: withSmallWindows(windowed.folder.mailbox) });
});
afterEach(async () => {
  await plain.remove();
  await windowed.remove();
  rmSync(home, { recursive: true, force: true });
});

/** Runs command lines, and returns the output and the files that they write to the directory DIR. */
async function run(session: Bench, lines: readonly string[]): Promise<readonly string[]> {
  const directory = mkdtempSync(join(home, "run-"));
  for (const line of lines) {
    await executeLine(session as unknown as Session, line.replaceAll("DIR", directory));
    await session.folder.history.close(line, session.folder.current, true);
  }
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const contents = files.map(({ name, parentPath }) => {
    // File names in a Maildir are random.
    const shown = parentPath === directory ? name : relative(directory, parentPath);
    return `${shown}: ${readFileSync(join(parentPath, name), "latin1")}`;
  });
  return [session.said().replaceAll(directory, "DIR"), ...contents.sort()];
}

test.each<[string, ...string[]]>([
  ["header lists", "h", "f *", "z", "size *", "set show-rcpt", "h"],
  ["printing", "p *", "set decode", "p *", "P 4", "top 1-3", "n", "dp", "n"],
  ["parts", "parts *", "p -p 1 4", "p -p 9 4", "save -p all 4 DIR", "pipe -p 2 4 cat >DIR/piped"],
  [
    "queries",
    "f body:first",
    "f subject:t and not body:third",
    "f size:<150",
    "f from:ann or has:attachment",
    "f /two",
  ],
  ["message lists", "f bob", "f :u", "d 2", "f :d", "u 2", "f is:flagged"],
  [
    "saving",
    "save * DIR/all",
    "copy 2-3 DIR/some",
    "write 1 4 DIR/bodies",
    "copy 1 DIR/maildir/",
    "copy from:nobody DIR/no",
  ],
  ["saving selected fields", "saveretain subject", "copy * DIR/short", "set saveretain", "copy 4 DIR/short"],
  ["piping", "pipe * cat >DIR/piped"],
  ["orders", "sort -date", "h", "sort subject", "h", "sort size", "h", "thread", "h", "copy * DIR/sorted"],
  ["undo", "d 1-2", "undo", "f *"],
])("%s: the output is the same if each window contains only one message", async (_title, ...lines) => {
  const expected = await run(plain, lines);
  expect(expected.join("").length).toBeGreaterThan(50);
  expect(await run(windowed, lines)).toEqual(expected);
});

test("the save command loads all messages before it creates and locks the destination", async () => {
  const { mailbox } = windowed.folder;
  const destination = join(home, "saved");
  const found: boolean[] = [];
  Object.assign(windowed.folder, {
    mailbox: {
      ...mailbox,
      count: mailbox.count,
      openMessages: async function* (messages: readonly number[], need: MessageNeed) {
        for await (const window of mailbox.openMessages(messages, need)) {
          found.push(existsSync(destination));
          yield window;
        }
      },
    },
  });
  await executeLine(windowed as unknown as Session, `save * ${destination}`);
  expect(found).toEqual([false, false, false, false]);
  expect(readFileSync(destination, "latin1")).toContain("the first body");
});
