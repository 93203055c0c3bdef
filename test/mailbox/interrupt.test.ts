import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { appendMessages } from "../../src/mailbox/append.ts";
import { openMailbox } from "../../src/mailbox/open.ts";

let directory: string;
let box: string;
let interrupt: AbortController;
const message = (id: number, size = 100) =>
  `From a Sat Jan 16 18:22:01 2021\nX-Id: ${id}\nStatus: O\n\n${`${id} `.repeat(size)}\n\n`;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "interrupt-"));
  box = join(directory, "box");
  interrupt = new AbortController();
});
afterEach(() => rmSync(directory, { recursive: true }));

const state = () => join(directory, "state");
const large = [1, 2, 3, 4].map((id) => message(id, 2_000_000));

test.each([
  ["that already exists", message(0)],
  ["that does not exist yet", undefined],
])("an interrupted append has no effect on a file %s", async (_which, before) => {
  if (before !== undefined) writeFileSync(box, before);
  function* messages() {
    for (const text of large) {
      yield [Buffer.from(text)];
      interrupt.abort(new Error("interrupted"));
    }
  }
  const options = { lockwait: 1, stateDirectory: state(), signal: interrupt.signal };
  await expect(appendMessages(box, messages(), options)).rejects.toThrow("interrupted");
  // No record is needed for a new file, which has no name until it is complete.
  expect(readdirSync(directory)).toEqual(before === undefined ? [] : ["box", "state"]);
  if (before === undefined) return;
  expect(readFileSync(box, "utf8")).toBe(before);
  expect(readdirSync(state())).toEqual([]);
});

test("a commit that is interrupted while its journal is being written changes nothing", async () => {
  const before = message(0) + large.join("");
  writeFileSync(box, before);
  const onProgress = (done: number, total: number) => {
    if (done < total / 2) interrupt.abort(new Error("interrupted"));
  };
  const again = await openMailbox(box, { lockwait: 1, stateDirectory: state(), onProgress });
  interrupt = new AbortController();
  const plan = { fate: (n: number) => (n === 1 ? "drop" : "keep"), signal: interrupt.signal } as const;
  await expect(again.commit(plan)).rejects.toThrow("interrupted");
  expect(readFileSync(box, "utf8") === before).toBe(true);
  expect(readdirSync(directory)).toEqual(["box"]);
  expect((await again.commit({ fate: plan.fate })).held).toBe(4);
  expect(readFileSync(box, "utf8") === large.join("")).toBe(true);
  await again.close();
});
