import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseDateField, readUsualDate } from "../../src/message/field-date.ts";

const number = (most: number, digits: number) => fc.nat({ max: most }).map((n) => String(n).padStart(digits, "0"));
const usual = fc
  .tuple(
    fc.constantFrom("Thu", "fri", "Xyz"),
    fc.oneof(number(32, 2), number(9, 1)),
    fc.constantFrom("Jan", "feb", "MAR", "Sep", "Dec", "Foo"),
    fc.oneof(fc.integer({ min: 1890, max: 3000 }).map(String), number(2000, 4)),
    number(25, 2),
    number(61, 2),
    number(61, 2),
    fc.constantFrom("+", "-"),
    number(9999, 4),
    fc.constantFrom("", " ", " (UTC)", " (CEST) ", " (a b)", "  ()"),
  )
  .map(
    ([name, day, month, year, hours, minutes, seconds, sign, zone, rest]) =>
      ` ${name}, ${day} ${month} ${year} ${hours}:${minutes}:${seconds} ${sign}${zone}${rest}`,
  );
/** A usual date in which one character is missing or different. */
const almostUsual = fc
  .tuple(usual, fc.nat(), fc.constantFrom("", " ", "1", "x", ":", ",", "(", ")", "\t", "-"))
  .map(([text, at, other]) => text.slice(0, at % text.length) + other + text.slice((at % text.length) + 1));

test("a date that is read from bytes is the date that is parsed from the text", () => {
  let found = 0;
  fc.assert(
    fc.property(fc.oneof(usual, almostUsual), fc.string(), (text, after) => {
      const read = readUsualDate(Buffer.from(`${text}${after}`, "latin1"), 0, text.length);
      if (read === undefined) return;
      found++;
      expect(read).toBe(parseDateField(text)?.getTime());
    }),
    { numRuns: 20_000 },
  );
  expect(found).toBeGreaterThan(2000);
});

test.each(["Thu, 01 Jan 2026 00:01:00 +0000", " Thu, 1 Jan 2026 00:01:00 -0130 (CET)"])(
  "the date %s is read without a string",
  (text) => {
    expect(readUsualDate(Buffer.from(text), 0, text.length)).toBe(parseDateField(text)?.getTime());
  },
);
