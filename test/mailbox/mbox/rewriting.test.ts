/** Tests opening a mailbox and checking for new mail while another program rewrites it in place with the fcntl() lock. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openMailbox } from "../../../src/mailbox/open.ts";

const message = (id: string, more = "") =>
  `From a Sat Jan 16 18:22:01 2021\nX-Id: ${id}\n${more}\n${`line of ${id}\n`.repeat(50)}\n`;
const before = ["a", "b", "c"].map((id) => message(id)).join("");
const after = ["a", "b", "c"].map((id) => message(id, "X-UID: 1\n")).join("");

/** Writes the end of the new mailbox, reports this, waits for input, writes the rest, and releases the lock. */
const rewriter = `
  const { openSync, writeSync } = require("fs");
  const koffi = require("koffi");
  const fcntl = koffi.load(null).func("int fcntl(int, int, _Inout_ uint8_t *)");
  const lock = Buffer.alloc(64); lock.writeInt16LE(1, 0);
  const [box, text] = process.argv.slice(1);
  const bytes = Buffer.from(text);
  const descriptor = openSync(box, "r+");
  if (fcntl(descriptor, 6, lock) !== 0) process.exit(1);
  const middle = bytes.length >> 1;
  writeSync(descriptor, bytes, middle, bytes.length - middle, middle);
  console.log("half");
  process.stdin.once("data", () => {
    writeSync(descriptor, bytes, 0, middle, 0);
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
  other.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

async function beginsToRewrite(): Promise<void> {
  other = spawn(process.execPath, ["-e", rewriter, box, after], {
    cwd: process.cwd(),
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(other.stdout as NodeJS.ReadableStream, "data");
}

const open = (lockwait: number) => openMailbox(box, { lockwait, stateDirectory: join(directory, "state") });

test("opening waits until another program has finished writing", async () => {
  await beginsToRewrite();
  const opening = open(30);
  // Without a lock, the session would have read the mixed contents by now.
  await sleep(300);
  other.stdin?.write("\n");
  const mailbox = await opening;
  const texts = [1, 2, 3].map((number) => mailbox.read(number, 0, mailbox.size(number)).toString());
  mailbox.close();
  expect(texts.join("")).toBe(after);
});

test("opening continues without the lock if the lock is never released", async () => {
  await beginsToRewrite();
  const mailbox = await open(1);
  expect(mailbox.count).toBeGreaterThan(0);
  mailbox.close();
});

test("a session that checks for new mail reads no part of a mailbox that is being rewritten", async () => {
  const mailbox = await open(30);
  await beginsToRewrite();
  expect(await mailbox.poll()).toBe(0);
  const texts = [1, 2, 3].map((number) => mailbox.read(number, 0, mailbox.size(number)).toString());
  mailbox.close();
  expect(texts.join("")).toBe(before);
});
