import { afterEach, beforeEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Flag } from "../../src/mailbox/mailbox.ts";
import { executeLine } from "../../src/read/interpreter/interpreter.ts";
import { type Bench, bench, message } from "./support/session.ts";

let five: Bench;

beforeEach(async () => {
  five = await bench(["ann", "bob", "cy", "dee", "eve"].map((who) => message(`${who}@x.org`, who, "O")).join(""));
});
afterEach(() => five.remove());

async function run(line: string): Promise<string> {
  const { folder } = five;
  const current = folder.current;
  await executeLine(five, line);
  await folder.history.close(line, current, false);
  return five.said();
}

const states = () =>
  Array.from({ length: 5 }, (_, index) => five.folder.mailbox.flags(index + 1) & ~Flag.StatusChanged);

test.each([
  ["d 1-3", "3 deletions"],
  ["hold 2", "1 hold"],
  ["mbox 2 3", "2 marks for mbox"],
  ["touch 4", "1 touch"],
  ["new 2", "1 new mark"],
  ["p 1-2", "2 reads"],
  ["top 5", "1 read"],
  ["dp 1", "1 deletion and 1 read"],
])("undo reverses %s", async (line, words) => {
  const before = states();
  await run(line);
  expect(states()).not.toEqual(before);
  expect(await run("undo")).toBe(`Undid "${line}": ${words}\n`);
  expect(states()).toEqual(before);
  expect(five.folder.current).toBe(1);
  expect(await run("undo")).toBe("Nothing to undo\n");
});

test("undo reverses one command at a time, any number of times", async () => {
  for (const line of ["d 1", "d 2", "u 1", "unread 3"]) await run(line);
  expect(await run("undo")).toBe('Undid "u 1": 1 undeletion\n');
  expect(await run("undo")).toBe('Undid "d 2": 1 deletion\n');
  await run("d 4");
  expect(await run("undo")).toBe('Undid "d 4": 1 deletion\n');
  expect(await run("undo")).toBe('Undid "d 1": 1 deletion\n');
});

test("undo does not reverse the editing of a message", async () => {
  await run("p 1");
  five.folder.mailbox.replace(1, Buffer.from("From ann Sat Jan 16 18:22:03 2021\nStatus: O\n\nedited\n\n"));
  await five.folder.history.close("edit", 1, false);
  await run("undo");
  const { path, history } = { path: five.folder.mailbox.path, history: five.folder.history };
  await five.folder.mailbox.commit({ fate: () => "keep" });
  history.forget();
  expect(path).not.toBe("");
  expect(five.folder.mailbox.read(1, 0, 100).toString()).toContain("edited");
});

test("undoing any series of commands restores every state", async () => {
  const command = fc.constantFrom("d", "u", "p", "new", "hold", "mbox", "touch", "unread", "dp", "n", "top");
  const list = fc.constantFrom("", "1", "2-4", "*", "ann", ":u", "$");
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(command, list), { maxLength: 8 }), async (lines) => {
      const before = states();
      for (const [name, messages] of lines) await run(`${name} ${messages}`);
      for (let more = true; more; ) more = (await run("undo")) !== "Nothing to undo\n";
      expect(states()).toEqual(before);
      five.folder.current = 1;
    }),
    { numRuns: 60 },
  );
});
