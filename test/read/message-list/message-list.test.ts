import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { UserMistake } from "../../../src/errors.ts";
import { Flag } from "../../../src/mailbox/mailbox.ts";
import { selectMessages } from "../../../src/read/message-list/message-list.ts";
import { type Bench, bench, lineOfMistake, message } from "../support/session.ts";

let five: Bench;

beforeAll(async () => {
  five = await bench(
    message("ann@x.org", "hola") +
      message("bob@x.org", "plan", "RO") +
      message("cy@y.org", "Hola again", "O") +
      message("dee@y.org", "four") +
      message("ann@z.org", "five", "RO"),
  );
});
afterAll(() => five.remove());
beforeEach(() => {
  five.folder.current = 2;
  for (let n = 1; n <= 5; n++) five.folder.mailbox.mark(n, 0, Flag.Deleted);
  five.folder.mailbox.mark(4, Flag.Deleted);
  five.said();
});

test.each([
  ["an empty list selects the current message", "", [2]],
  ["a set is in the mailbox's order", "3 1 3", [1, 3]],
  ["a range omits deleted messages", "2-5", [2, 3, 5]],
  ["a descending range selects its first message", "5-2", [2]],
  ["repeated signs are a single step", "+++ --", [1, 3]],
  ["^ . $ select the first, the current and the last message", "^ . $", [1, 2, 5]],
  ["* selects all messages and overrides other items", "* bob", [1, 2, 3, 5]],
  ["a sender is found in any case", "ANN", [1, 5]],
  ["numbers beside a sender are ignored", "2 cy", [3]],
  ["a subject is found in any case", "/hola", [1, 3]],
  ["each modifier narrows the list", ":r :o", [2, 5]],
  ["a modifier narrows a sender", "ann :n", [1]],
  ["parentheses are skipped", "(1 2)", [1, 2]],
  ["a parenthesis ends a range", "1) - 3", [1, 3]],
  ["quotes are dropped", '"cy"', [3]],
])("%s: %j", async (_shows, list, wanted) => {
  expect(await selectMessages(five, list)).toEqual(wanted);
  expect(five.said()).toBe("");
});

test("a single colon repeats the modifiers of the previous list", async () => {
  expect(await selectMessages(five, ":n")).toEqual([1]);
  expect(await selectMessages(five, ":")).toEqual([1]);
  expect(await selectMessages(five, "3")).toEqual([3]);
  await expect(selectMessages(five, ":")).rejects.toEqual(new UserMistake('Unknown colon modifier ":"'));
});

test.each([
  ["1 99", "99: Invalid message number"],
  ["0", "0: Invalid message number"],
  ["4", "4: Inappropriate message"],
  ["3-bob", "Non-numeric second argument"],
  ["* 1", "No numbers mixed with *"],
  ["2-*", `Can't mix "*" with anything`],
  [":x", 'Unknown colon modifier ":x"'],
  [":d", "No messages satisfy :d"],
  ['""', "No applicable messages from {}"],
  ["eve zoe", "No applicable messages from {eve, zoe}"],
])("%j is refused with an error message", async (list, words) => {
  await expect(selectMessages(five, list)).rejects.toEqual(new UserMistake(words));
  expect(five.said()).toBe("");
});

test("undelete selects deleted messages", async () => {
  expect(await selectMessages(five, "*", { deleted: true })).toEqual([4]);
});

test("any list selects ascending message numbers or is refused with a one-line error message", async () => {
  const item = fc.oneof(
    fc.constantFrom("-", "+", "*", "$", "^", ".", ":n", ":u", "/", "/hola", "ann", "'", " "),
    fc.nat(7).map(String),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(item), async (items) => {
      const found = await selectMessages(five, items.join("")).catch(lineOfMistake);
      if (typeof found === "string" || found === undefined) return;
      expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
      expect(found.every((n) => n >= 1 && n <= 5)).toBe(true);
      expect(five.said()).toBe("");
    }),
  );
});
