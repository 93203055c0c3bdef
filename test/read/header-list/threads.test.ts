import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { bareSubject } from "../../../src/read/header-list/sort-columns.ts";
import { threadsOf } from "../../../src/read/header-list/threads.ts";

test.each([
  ["an answer hangs below its message", [["a"], ["b", "a"]], "1 2.1"],
  ["the nearest reference counts", [["a"], ["b", "a"], ["c", "a", "b"]], "1 2.1 3.2"],
  ["one that is missing is passed over", [["a"], ["c", "a", "lost"]], "1 2.1"],
  ["answers to a missing one stay together", [["b", "lost"], ["x"], ["c", "lost"]], "1 3.1 2"],
  ["an answer may come first", [["b", "a"], ["a"]], "2 1.1"],
  [
    "a circle is cut",
    [
      ["a", "b"],
      ["b", "a"],
    ],
    "2 1.1",
  ],
  ["a message does not answer itself", [["a", "a"]], "1"],
  ["an id given twice is two messages", [["a"], ["a"], ["b", "a"]], "1 3.1 2"],
  ["without ids all stand alone", [[""], [""]], "1 2"],
])("%s", (_shows, ids, wanted) => {
  const dates = ids.map((_, index) => index);
  const { order, depths } = threadsOf(ids, dates);
  expect(order.map((message) => `${message}${depths[message] ? `.${depths[message]}` : ""}`).join(" ")).toBe(wanted);
});

test("whatever messages refer to, each is listed once, and one deeper than another at the most", () => {
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
  ["Reason: hola", "reason: hola"],
])("%s sorts as %s", (subject, wanted) => {
  expect(bareSubject(subject)).toBe(wanted);
});
