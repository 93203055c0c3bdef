/**
 * Tests the opening of a mailbox and the check for new mail. Meanwhile, another program acquires the fcntl() lock and
 * rewrites the mailbox in place.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Progress } from "../../../src/mailbox/mailbox.ts";
import { until } from "../../until.ts";
import { openLocal } from "../support/local-mailbox.ts";

const message = (id: string, more = "") =>
  `From a Sat Jan 16 18:22:01 2021\nX-Id: ${id}\n${more}\n${`line of ${id}\n`.repeat(50)}\n`;
const before = ["a", "b", "c"].map((id) => message(id)).join("");
const after = ["a", "b", "c"].map((id) => message(id, "X-UID: 1\n")).join("");

/** Writes a part of the new mailbox, reports this, waits for input, writes the rest, and releases the lock. */
const rewriter = `
  const { openSync, readFileSync, writeSync } = require("fs");
  const koffi = require("koffi");
  const fcntl = koffi.load(null).func("int fcntl(int, int, _Inout_ uint8_t *)");
  const lock = Buffer.alloc(64); lock.writeInt16LE(1, 0);
  const [box, text, start, end] = process.argv.slice(1);
  const bytes = readFileSync(text);
  const descriptor = openSync(box, "r+");
  if (fcntl(descriptor, 6, lock) !== 0) process.exit(1);
  writeSync(descriptor, bytes, Number(start), Number(end) - Number(start), Number(start));
  console.log("half");
  process.stdin.once("data", () => {
    writeSync(descriptor, bytes, 0, bytes.length, 0);
    process.exit(0);
  });`;

let directory: string;
let box: string;
let other: ChildProcess;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rewriting-"));
  box = join(directory, "box");
  writeFileSync(box, before);
});
afterEach(() => {
  other?.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

/** @param part the bytes that are written first */
async function beginsToRewrite(
  text = after,
  [start, end]: readonly [number, number] = [text.length >> 1, text.length],
): Promise<void> {
  const path = join(directory, "new");
  writeFileSync(path, text);
  other = spawn(process.execPath, ["-e", rewriter, box, path, String(start), String(end)], {
    cwd: process.cwd(),
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(other.stdout as NodeJS.ReadableStream, "data");
}

const open = (lockwait: number, onProgress?: Progress) =>
  openLocal(box, { lockwait, stateDirectory: join(directory, "state"), onProgress });

test("opening waits until another program has finished writing", async () => {
  await beginsToRewrite();
  const opening = open(30);
  // Without a lock, the session would have read the mixed contents by now.
  await sleep(300);
  other.stdin?.write("\n");
  const mailbox = await opening;
  const texts = [1, 2, 3].map((number) => mailbox.read(number, 0, mailbox.size(number)).toString());
  await mailbox.close();
  expect(texts.join("")).toBe(after);
});

test("opening starts again if another program begins to rewrite the mailbox during the scan", async () => {
  const lines = `${"a line of seventy characters".padEnd(70, ".")}\n`.repeat(50_000);
  const large = (id: string, more: string) => message(id, `${more}\n${lines}`);
  const old = large("a", "X-Padding: ....\n") + large("b", "") + large("c", "");
  const fresh = large("a", "") + large("b", "X-UID: 12345678\n") + large("c", "");
  writeFileSync(box, old);
  await beginsToRewrite(fresh, [0, 0]);
  // A mailbox that has not changed for a while is opened without a lock.
  await until(() => Date.now() - statSync(box).ctimeMs > 5000);
  let isWritten = false;
  const onProgress = () => {
    if (isWritten) return;
    isWritten = true;
    const descriptor = openSync(box, "r+");
    writeSync(descriptor, fresh.slice(0, 100_000), 0, "latin1");
    closeSync(descriptor);
    setTimeout(() => other.stdin?.write("\n"), 500);
  };
  const mailbox = await open(30, onProgress);
  const ids = [1, 2, 3].map((number) => /X-Id: .*\n.*/.exec(mailbox.header(number).toString())?.[0]);
  const texts = [1, 2, 3].map((number) => mailbox.read(number, 0, mailbox.size(number)).toString());
  await mailbox.close();
  expect(ids).toEqual(["X-Id: a\n", "X-Id: b\nX-UID: 12345678", "X-Id: c\n"]);
  expect(texts.join("") === fresh).toBe(true);
}, 20_000);

test("opening continues without the lock if the lock is never released", async () => {
  await beginsToRewrite();
  const mailbox = await open(1);
  expect(mailbox.count).toBeGreaterThan(0);
  await mailbox.close();
});

test("a session that checks for new mail reads no part of a mailbox that is being rewritten", async () => {
  const mailbox = await open(30);
  await beginsToRewrite();
  expect(await mailbox.poll()).toBe(0);
  const texts = [1, 2, 3].map((number) => mailbox.read(number, 0, mailbox.size(number)).toString());
  await mailbox.close();
  expect(texts.join("")).toBe(before);
});

describe("a mailbox that is too large for memory", () => {
  const lines = `${"a line of seventy characters".padEnd(70, ".")}\n`.repeat(50_000);
  const large = (id: string, more: string) => message(id, `${more}\n${lines}`);
  const old = large("a", "") + large("b", "") + large("c", "X-Padding: ....\n") + large("d", "");
  // As in Dovecot, bytes that are added to one message are removed from the padding of the next.
  const fresh = large("a", "") + large("b", "X-UID: 12345678\n") + large("c", "") + large("d", "");
  const endOfB = large("a", "").length + large("b", "").length;
  const insideB: readonly [number, number] = [endOfB - 100_000, endOfB - 1000];

  /** Starts `mail -f box`, waits for its list of messages, runs `meanwhile`, and then types the commands. */
  async function session(commands: string, meanwhile: () => Promise<void>): Promise<string> {
    const argv = [join(process.cwd(), "bin/mail.js"), "-n", "-f", box];
    const child = spawn(process.execPath, argv, { cwd: directory, env: { PATH: "/usr/bin:/bin", HOME: directory } });
    let errors = "";
    child.stderr.on("data", (piece) => {
      errors += String(piece);
    });
    await once(child.stdout, "data");
    child.stdout.resume();
    await meanwhile();
    child.stdin.end(commands);
    await once(child, "close");
    return errors;
  }

  const saved = () => join(directory, "saved");

  beforeEach(() => {
    writeFileSync(box, old);
    expect(fresh.length).toBe(old.length);
  });

  test("a copy waits for the rewrite, and is refused if the rewrite moved a message", async () => {
    const errors = await session("copy 2 saved\nx\n", async () => {
      await beginsToRewrite(fresh, insideB);
      setTimeout(() => other.stdin?.write("\n"), 500);
    });
    expect(errors).toMatch(/moved its messages/);
    expect(existsSync(saved())).toBe(false);
  });

  test("a copy is refused if the rewrite takes longer than lockwait", async () => {
    writeFileSync(join(directory, ".mailrc"), "set lockwait=1\n");
    const errors = await session("copy 2 saved\nx\n", async () => beginsToRewrite(fresh, insideB));
    expect(errors).toMatch(/box: locked by .*; nothing was changed/);
    expect(existsSync(saved())).toBe(false);
  });

  test("messages can be copied to the mailbox itself", async () => {
    expect(await session("copy 2 box\nx\n", async () => {})).toBe("");
    expect(
      readFileSync(box, "latin1")
        .match(/X-Id: ./g)
        ?.join(),
    ).toBe("X-Id: a,X-Id: b,X-Id: c,X-Id: d,X-Id: b");
  });
});
