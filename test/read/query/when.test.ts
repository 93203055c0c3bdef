import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseSizes } from "../../../src/read/query/terms.ts";
import { parseWhen } from "../../../src/read/query/when.ts";

const local = (year: number, month: number, day: number, hour = 0, minute = 0) =>
  new Date(year, month - 1, day, hour, minute);
/** A Saturday. */
const now = local(2021, 1, 16, 18, 22);

test.each([
  ["2d", local(2021, 1, 14, 18, 22)],
  ["90min", local(2021, 1, 16, 16, 52)],
  ["3w", local(2020, 12, 26, 18, 22)],
  ["6m", local(2020, 7, 16, 18, 22)],
  ["1Y", local(2020, 1, 16, 18, 22)],
  ["today", local(2021, 1, 16)],
  ["yesterday", local(2021, 1, 15)],
  ["saturday", local(2021, 1, 16)],
  ["sun", local(2021, 1, 10)],
  ["2020", local(2020, 1, 1)],
  ["2020-02", local(2020, 2, 1)],
  ["2020-02-29", local(2020, 2, 29)],
  ["2020-02-29T13:05", local(2020, 2, 29, 13, 5)],
])("%s begins at the time that the user expects", (text, wanted) => {
  expect(parseWhen(text, now)?.start).toEqual(wanted);
});

test.each(["", "2", "d", "2x", "2021-02-29", "2020-2-1", "to", "99999999999d", "2020-02-29 13:05"])(
  "%j is not a date",
  (text) => {
    expect(parseWhen(text, now)).toBeUndefined();
  },
);

test("a day, a month and a year end when the next one begins", () => {
  expect(parseWhen("2020-02-29", now)?.end).toEqual(local(2020, 3, 1));
  expect(parseWhen("2020-12", now)?.end).toEqual(local(2021, 1, 1));
  expect(parseWhen("2020", now)?.end).toEqual(local(2021, 1, 1));
});

test("any string is either refused or read as a period that does not end before it begins", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{0,6}[a-z0-9:T-]{0,12}$/)), (text) => {
      const span = parseWhen(text, now);
      if (span !== undefined) expect(span.end.getTime()).toBeGreaterThanOrEqual(span.start.getTime());
    }),
  );
});

test.each([
  [">1k", 1024, false],
  [">1k", 1025, true],
  ["<1K", 1023, true],
  ["<=1k", 1024, true],
  [">=1.5k", 1536, true],
  ["=7", 7, true],
  ["1M", 1 << 20, true],
  ["1M", (1 << 20) - 1, false],
  ["1k-1M", 5000, true],
])("%s fits %d bytes: %s", (text, size, fits) => {
  expect(parseSizes(text)?.(size)).toBe(fits);
});

test.each(["", ">", "k", "1T", "1-", "-1", ">1-2", "1 k"])("%j is not a size", (text) => {
  expect(parseSizes(text)).toBeUndefined();
});
