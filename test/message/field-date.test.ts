import { expect, test } from "@jest/globals";
import { parseAsctime, parseDateField } from "../../src/message/field-date.ts";

test.each([
  ["Sat, 16 Jan 2021 18:22:03 +0100", "2021-01-16T17:22:03.000Z"],
  ["16 Jan 2021 18:22 -0530", "2021-01-16T23:52:00.000Z"],
  ["Sat, 16 Jan 21 18:22:03 GMT (a comment)", "2021-01-16T18:22:03.000Z"],
  ["Fri, 1 Oct 99 8:00:00 EDT", "1999-10-01T12:00:00.000Z"],
  ["Sat,16-January-2021 18:22:03 +0000", "2021-01-16T18:22:03.000Z"],
])("the field %s", (text, wanted) => {
  expect(parseDateField(text)?.toISOString()).toBe(wanted);
});

test.each(["", "yesterday", "2021-01-16", "Sat, 99 Jan 2021 18:22:03 +0100", "1 Foo 2021 18:22:03 +0100"])(
  "%j is not a date",
  (text) => {
    expect(parseDateField(text)).toBeUndefined();
  },
);

test("a From_ line's date without a zone is local time", () => {
  expect(parseAsctime("Sat Jan 16 18:22:03 2021")).toEqual(new Date(2021, 0, 16, 18, 22, 3));
  expect(parseAsctime("Sat Jan  6 18:22 2021 +0100")?.toISOString()).toBe("2021-01-06T17:22:00.000Z");
  expect(parseAsctime("here to there")).toBeUndefined();
});
