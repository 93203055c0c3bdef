import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Flag } from "../../../src/mailbox/mailbox.ts";
import { openLocal } from "../support/local-mailbox.ts";

const message = (n: number, status = "RO", size = 3000) =>
  `From a@example.org Sat Jan 16 18:22:01 2021\nX-Id: ${n}\nStatus: ${status}\n\n${"x".repeat(size)}\n\n`;
const many = Array.from({ length: 2000 }, (_, n) => message(n));
const longAgo = new Date(Date.now() - 60_000);

let directory: string;
let box: string;
let cache: string;

/** Waits until an index can be kept. No index is kept for a file that has just been changed. */
const settling = () => new Promise((resolve) => setTimeout(resolve, 120));

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "index-"));
  box = join(directory, "box");
  cache = join(directory, "cache");
  write(many);
  await settling();
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(messages: readonly string[]): void {
  writeFileSync(box, messages.join(""));
  utimesSync(box, longAgo, longAgo);
}

/** Returns the IDs of all messages and of the unread messages, as the program reports them. */
async function look(): Promise<{ ids: number[]; unread: number[] }> {
  const mailbox = await openLocal(box, {
    lockwait: 1,
    stateDirectory: join(directory, "state"),
    cacheDirectory: cache,
  });
  const ids: number[] = [];
  const unread: number[] = [];
  for (let n = 1; n <= mailbox.count; n++) {
    const id = Number(/X-Id: (\d+)/.exec(mailbox.header(n).toString())?.[1] ?? -1);
    ids.push(id);
    if ((mailbox.flags(n) & Flag.Read) === 0) unread.push(id);
  }
  await mailbox.close();
  return { ids, unread };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const indexFile = () => join(cache, readdirSync(cache).find((name) => name.endsWith(".index")) as string);

test("a commit that finds an incomplete message leaves no index of it", async () => {
  const body = "text\n\nFrom c@example.org Sat Jan 16 18:22:01 2021\nno header\n";
  const rest = "the rest\n";
  const incomplete = message(2000).replace(/\n\nx+\n\n$/, `\nContent-Length: ${body.length + rest.length}\n\n${body}`);
  const mailbox = await openLocal(box, {
    lockwait: 1,
    stateDirectory: join(directory, "state"),
    cacheDirectory: cache,
  });
  appendFileSync(box, incomplete);
  await mailbox.commit({ fate: () => "keep" });
  await mailbox.close();
  appendFileSync(box, rest);
  expect((await look()).ids).toEqual(numbers(0, 2001));
});

test("an index is private, and lists the same messages as the mailbox", async () => {
  const first = await look();
  expect(first).toEqual({ ids: numbers(0, 2000), unread: [] });
  expect(statSync(indexFile()).mode & 0o777).toBe(0o600);
  expect(await look()).toEqual(first);
});

test("no index is kept for a small mailbox", async () => {
  write(many.slice(0, 20));
  await look();
  expect(() => indexFile()).toThrow();
});

test.each<[string, () => void, number[], number[]]>([
  ["grown", () => appendFileSync(box, message(7777, "O")), [...numbers(0, 2000), 7777], [7777]],
  ["cut", () => write(many.slice(0, 1500)), numbers(0, 1500), []],
  ["rewritten", () => write([...many.slice(1), message(9)]), [...numbers(1, 2000), 9], []],
  ["edited in place", () => write(many.with(1000, message(1000, "OO"))), numbers(0, 2000), [1000]],
  [
    "edited in place, and grown",
    () => write([...many.with(1900, message(1900, "OO")), message(8)]),
    [...numbers(0, 2000), 8],
    [1900],
  ],
  [
    "shifted in the middle, and grown",
    () =>
      write([
        ...many.slice(0, 500),
        message(500, "RO", 2900),
        message(501, "RO", 3100),
        ...many.slice(502),
        message(8),
      ]),
    [...numbers(0, 2000), 8],
    [],
  ],
  [
    "replaced by another",
    () => {
      rmSync(box);
      write(many.toReversed());
    },
    numbers(0, 2000).reverse(),
    [],
  ],
])("a mailbox that was %s is shown in its current state", async (_how, change, ids, unread) => {
  await look();
  change();
  expect(await look()).toEqual({ ids, unread });
});

test("a mailbox that grows from session to session is shown in its current state", async () => {
  await look();
  for (let n = 2000; n < 2003; n++) {
    appendFileSync(box, message(n, n % 2 === 0 ? "RO" : "O"));
    utimesSync(box, longAgo, longAgo);
    await settling();
    const unread = numbers(2000, n + 1).filter((id) => id % 2 === 1);
    expect(await look()).toEqual({ ids: numbers(0, n + 1), unread });
  }
  expect(statSync(indexFile()).size).toBeGreaterThan(2003 * 9);
});

test.each<[string, (bytes: Buffer) => Buffer]>([
  ["cut off", (bytes) => bytes.subarray(0, bytes.length - 5)],
  ["empty", () => Buffer.alloc(0)],
  ["grown", (bytes) => Buffer.concat([bytes, Buffer.alloc(9)])],
  ["damaged in its offsets", (bytes) => flipped(bytes, 128 + 8 * 700)],
  ["damaged in its states", (bytes) => flipped(bytes, bytes.length - 3)],
  ["one with a huge count", (bytes) => withField(bytes, 6, 1n << 60n)],
  ["one with a negative count", (bytes) => withField(bytes, 6, -1n)],
  ["one of a file with a longer past", (bytes) => withField(bytes, 3, 1n << 50n)],
  ["something else", () => Buffer.from("From a b c\n\n".repeat(2000))],
])("an index that is %s is ignored", async (_how, change) => {
  await look();
  const name = indexFile();
  writeFileSync(name, change(readFileSync(name)));
  expect((await look()).ids).toEqual(numbers(0, 2000));
});

test("the next session detects an edit even if it was made at the moment of the last check and the modification time was then restored", async () => {
  const options = { lockwait: 1, stateDirectory: join(directory, "state"), cacheDirectory: cache };
  for (let late = true; late; ) {
    rmSync(cache, { recursive: true, force: true });
    write(many.with(10, message(10, "OO")));
    const written = Date.now();
    const mailbox = await openLocal(box, options);
    // On a slow machine, the mailbox may be opened too long after it was written; in that case, both steps are
    // repeated.
    late = Date.now() - written > 90;
    await mailbox.close();
  }
  writeFileSync(box, many.join(""));
  utimesSync(box, longAgo, longAgo);
  expect(await look()).toEqual({ ids: numbers(0, 2000), unread: [] });
  expect(() => indexFile()).toThrow();
});

test("an index that other users can write to is not trusted", async () => {
  await look();
  const name = indexFile();
  chmodSync(name, 0o622);
  const { mtimeMs, ino } = statSync(name);
  await look();
  // The index was rebuilt and saved again.
  expect([statSync(name).mtimeMs, statSync(name).ino]).not.toEqual([mtimeMs, ino]);
});

test("no index is kept for a mailbox that another program has rewritten during the session", async () => {
  const options = { lockwait: 1, stateDirectory: join(directory, "state"), cacheDirectory: cache };
  const mailbox = await openLocal(box, options);
  write([...many.slice(1), message(2000), message(2001)]);
  await settling();
  await mailbox.poll();
  await mailbox.close();
  expect(await look()).toEqual({ ids: numbers(1, 2002), unread: [] });
});

test("after a commit, the index describes the new mailbox", async () => {
  const options = { lockwait: 1, stateDirectory: join(directory, "state"), cacheDirectory: cache };
  const mailbox = await openLocal(box, options);
  mailbox.mark(5, Flag.Deleted | Flag.Touched);
  await mailbox.commit({ fate: (n) => (n === 5 ? "drop" : "keep") });
  await mailbox.close();
  const { ino } = statSync(indexFile());
  expect((await look()).ids).toEqual(numbers(0, 2000).filter((n) => n !== 4));
  expect(ino).toBeGreaterThan(0);
});

function flipped(bytes: Buffer, at: number): Buffer {
  bytes[at] = (bytes[at] as number) ^ 0x10;
  return bytes;
}

function withField(bytes: Buffer, field: number, value: bigint): Buffer {
  bytes.writeBigInt64LE(value, field * 8);
  return bytes;
}

/** Returns the keys of the last 100 messages. @param cacheDirectory undefined to compute all keys */
async function readLastKeys(cacheDirectory: string | undefined): Promise<string[]> {
  const mailbox = await openLocal(box, { lockwait: 1, stateDirectory: join(directory, "state"), cacheDirectory });
  const keys: string[] = [];
  for (let n = mailbox.count - 99; n <= mailbox.count; n++) keys.push(mailbox.key(n));
  await mailbox.close();
  return keys;
}

test("the index contains the keys of the newest messages", async () => {
  const keys = await readLastKeys(cache);
  const stored = readFileSync(indexFile());
  const isStored = (key: string) => stored.includes(Buffer.from(key.slice("m-".length), "hex"));
  expect(keys.map(isStored)).toEqual(keys.map((_, at) => at >= keys.length - 64));
});

test("keys that are requested after the index has been created are added to it", async () => {
  await look();
  const before = readFileSync(indexFile());
  const keys = await readLastKeys(cache);
  expect(readFileSync(indexFile()).equals(before)).toBe(false);
  const after = readFileSync(indexFile());
  expect(await readLastKeys(cache)).toEqual(keys);
  expect(readFileSync(indexFile()).equals(after)).toBe(true);
});

const last = many.slice(0, -1);
test.each([
  ["new mail arrives", [...many, message(2000)]],
  ["several messages arrive", [...many, ...Array.from({ length: 70 }, (_, n) => message(2000 + n))]],
  ["the last message continues", [...many, "more\n\n"]],
  ["the last message was incomplete", [...last, `${message(1999).trimEnd()} more\n\n`]],
  ["the last message is edited", [...last, message(1999).replace("xxx", "yyy")]],
  ["a recent message is edited and mail arrives", [...many.with(1990, message(7, "RO", 3000)), message(2000)]],
  ["a recent message is removed", many.toSpliced(1990, 1)],
  ["an earlier message is removed and mail arrives", [...many.slice(1), message(2000), message(2001)]],
  ["states are changed", many.map((_, n) => message(n, "O", 3001))],
])("keys are correct after this change: %s", async (_, messages) => {
  await readLastKeys(cache);
  writeFileSync(box, messages.join(""));
  await settling();
  const expected = await readLastKeys(undefined);
  expect(await readLastKeys(cache)).toEqual(expected);
  expect(await readLastKeys(cache)).toEqual(expected);
});

test("keys are correct after a session has deleted a recent message", async () => {
  const mailbox = await openLocal(box, {
    lockwait: 1,
    stateDirectory: join(directory, "state"),
    cacheDirectory: cache,
  });
  for (let n = 1950; n <= 2000; n++) mailbox.key(n);
  mailbox.mark(1990, Flag.Deleted);
  await mailbox.commit({ fate: (n) => (n === 1990 ? "drop" : "keep") });
  await mailbox.close();
  await settling();
  const expected = await readLastKeys(undefined);
  expect(await readLastKeys(cache)).toEqual(expected);
});
