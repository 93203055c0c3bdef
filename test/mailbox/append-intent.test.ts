import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { appendMessages } from "../../src/mailbox/append.ts";
import { settleAppends, writeIntent } from "../../src/mailbox/append-intent.ts";

const old = "From a Sat Jan 16 18:22:01 2021\nSubject: old\n\nbody\n\n";
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

/** An append as a kill leaves it: announced, so much written. */
function killedAppend(text: string): void {
  const created = !existsSync(box);
  const descriptor = openSync(box, "a+", 0o600);
  writeIntent(state, box, descriptor, created, old.length + text.length);
  appendFileSync(descriptor, text);
}

describe("an append that a crash interrupted", () => {
  test.each([
    ["nothing of it was written", ""],
    ["half a message was written", half],
    ["all was written, but it was not reported", `${half}lf\n\nbody\n\n`],
  ])("is cut back at the next start when %s", async (_case, written) => {
    writeFileSync(box, old);
    killedAppend(written);
    expect(await settleAppends(state)).toEqual([]);
    expect(readFileSync(box, "latin1")).toBe(old);
    expect(readdirSync(state)).toEqual([]);
  });

  test("takes the file away that it had made", async () => {
    killedAppend(half);
    await settleAppends(state);
    expect(existsSync(box)).toBe(false);
  });

  test("is cut back by the next append to the same file", async () => {
    writeFileSync(box, old);
    killedAppend(half);
    await appendMessages(box, [[Buffer.from(old)]], { lockwait: 1, stateDirectory: state });
    expect(readFileSync(box, "latin1")).toBe(old + old);
  });

  test("is left alone, and told, when another program wrote behind it", async () => {
    writeFileSync(box, old);
    killedAppend(half);
    appendFileSync(box, `\n\n${old}`);
    const [notice] = await settleAppends(state);
    expect(notice).toMatch(/interrupted save left part of a message at byte 52/);
    expect(readFileSync(box, "latin1")).toBe(`${old}${half}\n\n${old}`);
  });

  test("is forgotten when its file is gone or another", async () => {
    writeFileSync(box, old);
    killedAppend(half);
    rmSync(box);
    writeFileSync(box, `${old}${half}`);
    await settleAppends(state);
    expect(readFileSync(box, "latin1")).toBe(`${old}${half}`);
    expect(readdirSync(state)).toEqual([]);
  });

  test("is not done again for one that was completed", async () => {
    await appendMessages(box, [[Buffer.from(old)]], { lockwait: 1, stateDirectory: state });
    await settleAppends(state);
    expect(readFileSync(box, "latin1")).toBe(old);
  });
});
