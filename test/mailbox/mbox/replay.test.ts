import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { writeJournal } from "../../../src/mailbox/mbox/journal-writer.ts";
import { openMailbox } from "../../../src/mailbox/open.ts";
import { showNotices } from "../../../src/notices.ts";

const message = (id: string, body = "body") => `From a Sat Jan 16 18:22:01 2021\nX-Id: ${id}\nStatus: O\n\n${body}\n\n`;
const one = message("one", "z".repeat(10_000));
const before = one + message("two", "x".repeat(20_000)) + message("three");
/** The commit moves message one to mbox and deletes message two. */
const after = message("three");

let directory: string;
let spool: string;
let mbox: string;
let notices: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "replay-"));
  spool = join(directory, "spool");
  mbox = join(directory, "mbox");
  writeFileSync(spool, before);
  notices = [];
  showNotices((text) => notices.push(text));
});
afterEach(() => {
  showNotices(() => {});
  rmSync(directory, { recursive: true });
});

const state = () => join(directory, "state");
const journals = () => readdirSync(directory).filter((name) => name.includes("journal"));

async function leaveJournal(tail = after): Promise<void> {
  const { dev, ino } = statSync(spool);
  const plan = {
    path: spool,
    dev,
    ino,
    oldSize: before.length,
    offset: 0,
    mbox: { path: mbox, at: "end", oldSize: -1 },
  } as const;
  const content = { tail: () => [Buffer.from(tail)], forMbox: () => [Buffer.from(one)] };
  (await writeJournal(state(), plan, openSync(spool, "r"), content)).close();
}

async function open(): Promise<void> {
  await (await openMailbox(spool, { lockwait: 1, stateDirectory: state() })).close();
}

const content = (path: string) => (existsSync(path) ? readFileSync(path, "latin1") : undefined);
const overwritten = (part: string) => part + before.slice(part.length);

/** How far the commit had progressed when it was interrupted. */
const interruptions: [when: string, done: () => void][] = [
  ["before anything was done", () => {}],
  ["in the middle of mbox", () => writeFileSync(mbox, one.slice(0, 30))],
  [
    "in the middle of mbox, by a power failure that lost an earlier page",
    () => writeFileSync(mbox, one.slice(0, 4096) + "\0".repeat(4096) + one.slice(8192, 9000)),
  ],
  ["after mbox", () => writeFileSync(mbox, one)],
  [
    "after the tail",
    () => {
      writeFileSync(mbox, one);
      writeFileSync(spool, overwritten(after));
    },
  ],
  [
    "after the truncation",
    () => {
      writeFileSync(mbox, one);
      writeFileSync(spool, after);
    },
  ],
];

describe("an interrupted commit is completed when the mailbox is opened again", () => {
  test.each(interruptions)("%s", async (_when, done) => {
    await leaveJournal();
    done();
    await open();
    expect([content(spool), content(mbox)]).toEqual([after, one]);
    expect(journals()).toEqual([]);
    await open();
    expect([content(spool), content(mbox)]).toEqual([after, one]);
  });

  test.each(interruptions)("new mail that was delivered after an interruption is kept: %s", async (_when, done) => {
    await leaveJournal();
    done();
    appendFileSync(spool, message("new"));
    await open();
    expect([content(spool), content(mbox)]).toEqual([after + message("new"), one]);
    expect(journals()).toEqual([]);
  });
});

test("a commit that makes the mailbox longer is completed even if a page after the mailbox's old end was lost in a power failure", async () => {
  const longer = before + message("edited", "y".repeat(20_000));
  await leaveJournal(longer);
  writeFileSync(mbox, one);
  const end = Math.ceil(before.length / 4096) * 4096;
  writeFileSync(spool, longer.slice(0, end) + "\0".repeat(4096) + longer.slice(end + 4096, end + 9000));
  await open();
  expect([content(spool), content(mbox)]).toEqual([longer, one]);
  expect(journals()).toEqual([]);
});

describe("a mailbox that another program has written to since the crash", () => {
  test("if the commit had not begun before the crash, a mailbox that has since been rewritten is kept, and no copy is made", async () => {
    await leaveJournal();
    const other = message("two", "y".repeat(20_000)) + message("three");
    writeFileSync(spool, other);
    await open();
    expect([content(spool), content(mbox) ?? ""]).toEqual([other, ""]);
    expect(journals()).toEqual([]);
    expect(notices).toEqual([]);
  });

  test("a mailbox that has been rewritten since a commit began is kept, and the commit's contents are saved in a file", async () => {
    await leaveJournal();
    writeFileSync(mbox, one);
    const other = message("four", "y".repeat(20_000)) + message("five");
    writeFileSync(spool, other);
    await open();
    expect([content(spool), content(mbox)]).toEqual([other, one]);
    const [kept = ""] = readdirSync(state());
    expect(content(join(state(), kept))).toBe(after);
    expect(notices.join()).toContain(kept);
  });
});

test.each([
  ["unreadable", "nonsense"],
  ["truncated", '{"version":2,"tailLength":5,"mbox":null}\n123'],
  ["of another version", '{"version":3}\n'],
])("a journal that is %s does not prevent the mailbox from being opened", async (_how, content) => {
  await leaveJournal();
  const [name = ""] = journals();
  writeFileSync(join(directory, name), content);
  await open();
  expect(readFileSync(spool, "latin1")).toBe(before);
  expect(journals()).toEqual([`${name}.damaged`]);
  expect(notices.join()).toContain("damaged");
});
