import {
  appendFileSync,
  chmodSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { appendMessages } from "../../src/mailbox/append.ts";
import { writeIntent } from "../../src/mailbox/append-intent.ts";
import { settleAppends } from "../../src/mailbox/settle-appends.ts";

const old = "From a Sat Jan 16 18:22:01 2021\nSubject: old\n\nbody\n\n";
const long = Array.from({ length: 2000 }, (_, line) => `${line} of a long message\n`).join("");
const half = "From b Sat Jan 16 18:22:01 2021\nSubject: ha";

let directory: string;
let state: string;
let box: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "append-"));
  state = join(directory, "state");
  box = join(directory, "box");
});
afterEach(() => rmSync(directory, { recursive: true }));

/**
 * Creates the state that a program leaves if it is killed during an append: the append is recorded and partly written.
 */
function killedAppend(text: string, written = text.length, isLast = true): void {
  const created = !existsSync(box);
  const descriptor = openSync(box, "a+", 0o600);
  const { size } = fstatSync(descriptor);
  writeIntent(state, box, descriptor, created, size + text.length, Buffer.from(text), isLast);
  appendFileSync(descriptor, text.slice(0, written));
}

/** Changes an intent as if the machine had been restarted after the append. */
function restarted(): void {
  const [name = ""] = readdirSync(state);
  const path = join(state, name);
  const text = readFileSync(path, "latin1");
  writeFileSync(path, text.replace(/"boot":"[^"]*"/, `"boot":"${"0".repeat(36)}"`), "latin1");
  utimesSync(box, new Date(0), new Date(0));
}

describe("an append that a crash interrupted", () => {
  test("an interrupted append that wrote nothing leaves nothing behind and is not reported", async () => {
    writeFileSync(box, old);
    killedAppend(long, 0);
    expect(await settleAppends(state)).toEqual([]);
    expect(readFileSync(box, "latin1")).toBe(old);
    expect(readdirSync(state)).toEqual([]);
  });

  test("an append that was interrupted between two writes is removed and reported", async () => {
    writeFileSync(box, old);
    killedAppend(half, half.length, false);
    const notices = await settleAppends(state);
    expect(notices).toEqual([
      `${box}: an interrupted save was incomplete; the ${half.length} bytes that it had written were removed`,
    ]);
    expect(readFileSync(box, "latin1")).toBe(old);
    expect(readdirSync(state)).toEqual([]);
  });

  test.each<[string, string]>([
    ["", ""],
    [" and another program has appended since", old],
  ])("an interrupted append stays and is reported if all of it was written%s", async (_since, other) => {
    writeFileSync(box, old);
    killedAppend(long);
    appendFileSync(box, other);
    expect(await settleAppends(state)).toEqual([
      `${box}: a save was interrupted after all its data had been written; the saved messages were kept`,
    ]);
    expect(readFileSync(box, "latin1")).toBe(old + long + other);
    expect(readdirSync(state)).toEqual([]);
  });

  test("an append that consists of several writes is kept if the last record marks the append as complete", async () => {
    writeFileSync(box, old);
    const descriptor = openSync(box, "a+");
    const intent = writeIntent(state, box, descriptor, false, old.length + long.length, Buffer.from(long), false);
    appendFileSync(descriptor, long);
    intent?.complete();
    expect(await settleAppends(state)).toEqual([
      `${box}: a save was interrupted after all its data had been written; the saved messages were kept`,
    ]);
    expect(readFileSync(box, "latin1")).toBe(old + long);
  });

  test.each<[string, string]>([
    ["with the same length", old.replace("body", "text")],
    ["that differs in its last byte", `${old.slice(0, -1)}.`],
  ])(
    "another program's message %s stays if an append was killed before it wrote its first byte",
    async (_what, other) => {
      writeFileSync(box, old);
      killedAppend(old, 0);
      appendFileSync(box, other);
      expect((await settleAppends(state)).join()).toMatch(/nothing was removed/);
      expect(readFileSync(box, "latin1")).toBe(old + other);
    },
  );

  test("an append by version 0.1.0, which recorded no checksums, is reported but not removed", async () => {
    writeFileSync(box, old);
    killedAppend(half);
    const [name = ""] = readdirSync(state);
    writeFileSync(
      join(state, name),
      readFileSync(join(state, name), "latin1").replace('"version":2,', " ".repeat(12)),
      "latin1",
    );
    expect((await settleAppends(state)).join()).toMatch(/nothing was removed/);
    expect(readFileSync(box, "latin1")).toBe(old + half);
  });

  test("an interrupted append is found even if the file is later opened by another of its names", async () => {
    writeFileSync(box, old);
    killedAppend(half, half.length, false);
    symlinkSync(directory, join(directory, "link"));
    await appendMessages(join(directory, "link/box"), [[Buffer.from(old)]], { lockwait: 1, stateDirectory: state });
    expect(readFileSync(box, "latin1")).toBe(old + old);
  });

  test("an append is not removed if another user could have written its intent", async () => {
    writeFileSync(box, old);
    killedAppend(half, half.length, false);
    const [name = ""] = readdirSync(state);
    chmodSync(join(state, name), 0o666);
    expect(await settleAppends(state)).toEqual([]);
    expect(readFileSync(box, "latin1")).toBe(old + half);
  });

  test.each([1, 5])("an append that was killed during a write, after %i pages, is removed", async (pages) => {
    writeFileSync(box, old);
    killedAppend(long, pages * 4096 - old.length);
    expect((await settleAppends(state)).join()).toMatch(/were removed$/);
    expect(readFileSync(box, "latin1")).toBe(old);
  });

  test("an interrupted append is removed after a power failure, even if zeros were written in place of data", async () => {
    writeFileSync(box, old);
    killedAppend(long, 8192 - old.length);
    truncateSync(box, 4096);
    truncateSync(box, 16384);
    restarted();
    expect((await settleAppends(state)).join()).toMatch(/were removed$/);
    expect(readFileSync(box, "latin1")).toBe(old);
  });

  test.each([
    ["a message that ends before the append would have ended", old, () => {}],
    ["a message that ends at a page boundary", `${old.slice(0, -2)}${".".repeat(4096 - old.length)}\n\n`, () => {}],
    ["a message, and the machine was restarted since", old, restarted],
    ["one of pages, and the machine was restarted since", "From c\n".repeat(4096), restarted],
  ])("an append is reported but not removed if another program has written %s", async (_what, other, since) => {
    writeFileSync(box, old);
    killedAppend(long, 8192 - old.length);
    appendFileSync(box, other);
    since();
    const [notice] = await settleAppends(state);
    expect(notice).toMatch(/interrupted save left part of a message at byte 52/);
    expect(readFileSync(box, "latin1").endsWith(other)).toBe(true);
  });

  test("an interrupted append is removed together with the file that it created", async () => {
    killedAppend(half, half.length, false);
    await settleAppends(state);
    expect(existsSync(box)).toBe(false);
  });

  test("an interrupted append is removed by the next append to the same file", async () => {
    writeFileSync(box, old);
    killedAppend(half, half.length, false);
    await appendMessages(box, [[Buffer.from(old)]], { lockwait: 1, stateDirectory: state });
    expect(readFileSync(box, "latin1")).toBe(old + old);
  });

  test("an interrupted append is reported but not removed if another program has since appended to the file", async () => {
    writeFileSync(box, old);
    killedAppend(half + long, half.length);
    appendFileSync(box, `\n\n${old}`);
    const [notice] = await settleAppends(state);
    expect(notice).toMatch(/interrupted save left part of a message at byte 52/);
    expect(readFileSync(box, "latin1")).toBe(`${old}${half}\n\n${old}`);
  });

  test("an interrupted append is forgotten if its file has been removed or replaced", async () => {
    writeFileSync(box, old);
    killedAppend(half);
    rmSync(box);
    writeFileSync(box, `${old}${half}`);
    await settleAppends(state);
    expect(readFileSync(box, "latin1")).toBe(`${old}${half}`);
    expect(readdirSync(state)).toEqual([]);
  });

  test("a completed append is not undone", async () => {
    await appendMessages(box, [[Buffer.from(old)]], { lockwait: 1, stateDirectory: state });
    await settleAppends(state);
    expect(readFileSync(box, "latin1")).toBe(old);
  });
});
