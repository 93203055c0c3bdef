import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { bareSubject } from "../../../src/read/header-list/sort-columns.ts";
import { Forest, type Threads } from "../../../src/read/header-list/threads.ts";

/** @param ids for each message, its own Message-ID and the Message-IDs to which it refers, nearest last */
function threadsOf(ids: readonly (readonly string[])[], dates: readonly number[]): Threads {
  const forest = new Forest();
  for (const [index, [own = "", ...references]] of ids.entries())
    forest.addMessage(own, references, dates[index] as number);
  return forest.arrange();
}

test.each([
  ["a reply is below its original", [["a"], ["b", "a"]], "1 2.1"],
  ["the nearest reference determines the parent", [["a"], ["b", "a"], ["c", "a", "b"]], "1 2.1 3.2"],
  ["a missing reference is skipped", [["a"], ["c", "a", "lost"]], "1 2.1"],
  ["replies to a missing message form a thread", [["b", "lost"], ["x"], ["c", "lost"]], "1 3.1 2"],
  ["the thread with the newest message is first", [["a"], ["b"], ["c"], ["d", "a"]], "1 4.1 3 2"],
  ["a reply may precede its original", [["b", "a"], ["a"]], "2 1.1"],
  [
    "a circle of references is broken",
    [
      ["a", "b"],
      ["b", "a"],
    ],
    "2 1.1",
  ],
  ["a message cannot reply to itself", [["a", "a"]], "1"],
  ["two messages with the same id are separate", [["a"], ["a"], ["b", "a"]], "1 3.1 2"],
  ["messages without ids are not in a thread", [[""], [""]], "2 1"],
])("%s", (_shows, ids, wanted) => {
  const dates = ids.map((_, index) => index);
  const { order, depths } = threadsOf(ids, dates);
  expect(order.map((message) => `${message}${depths[message] ? `.${depths[message]}` : ""}`).join(" ")).toBe(wanted);
});

test("messages without a date are sorted last", () => {
  const none = Number.NEGATIVE_INFINITY;
  expect(threadsOf([["a"], ["b"], ["c"]], [none, 5, none]).order).toEqual([2, 3, 1]);
});

test("regardless of its references, each message is listed once, and at most one level deeper than the previous message", () => {
  const id = fc.constantFrom("", "a", "b", "c", "d", "e");
  fc.assert(
    fc.property(fc.array(fc.array(id, { minLength: 1, maxLength: 5 }), { maxLength: 12 }), (ids) => {
      const { order, depths } = threadsOf(
        ids,
        ids.map((_, index) => index % 3),
      );
      expect([...order].sort((a, b) => a - b)).toEqual(ids.map((_, index) => index + 1));
      let before = -1;
      for (const message of order) {
        expect(depths[message]).toBeLessThanOrEqual(before + 1);
        before = depths[message] as number;
      }
    }),
  );
});

test.each([
  ["Re: hola", "hola"],
  ["RE: Fwd: AW: Hola", "hola"],
  ["Re[2]: hola", "hola"],
  ["[list] Re: hola", "[list] hola"],
  ["Re: [list] Re: hola", "[list] hola"],
  ["hola  a\ttodos", "hola a todos"],
  ["Reason: hola", "reason: hola"],
])("%s sorts as %s", (subject, wanted) => {
  expect(bareSubject(subject)).toBe(wanted);
});
