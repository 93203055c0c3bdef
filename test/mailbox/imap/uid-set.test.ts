import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { formatUidSets, listUids, parseUidRanges } from "../../../src/mailbox/imap/uid-set.ts";

test.each([
  [[], ""],
  [[7], "7"],
  [[1, 2, 3, 7, 9, 10], "1:3,7,9:10"],
])("%j is written as %s", (uids, set) => {
  expect([...formatUidSets(uids)].map((each) => each.set).join(" ")).toBe(set);
});

test.each(["", "0", "1:", "*", "1:*", "1,,2", "4294967296", "1 2", "1\r\nA1 LOGOUT"])(
  "%j is not a set of UIDs",
  (text) => {
    expect(parseUidRanges(text)).toBeUndefined();
  },
);

test("a range may be written in either order, and ranges may overlap", () => {
  expect(listUids(parseUidRanges("5:3,4,1") ?? [], 10)).toEqual([1, 3, 4, 5]);
});

test("a set with an absurd number of UIDs is not expanded", () => {
  expect(listUids(parseUidRanges("1:4294967295") ?? [], 1000)).toBeUndefined();
});

test("UIDs are split into sets of limited length; together, these sets contain all UIDs", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 300 })), (some) => {
      const uids = some.sort((a, b) => a - b);
      const sets = [...formatUidSets(uids, 20)];
      expect(sets.every(({ set }) => set.length <= 20)).toBe(true);
      const read = sets.map(({ set }) => listUids(parseUidRanges(set) ?? [], 1000) ?? []);
      expect(read.flat()).toEqual(uids);
      expect(sets.map(({ count }) => count)).toEqual(read.map((each) => each.length));
    }),
  );
});
