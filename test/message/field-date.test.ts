import { expect, test } from "@jest/globals";
import { parseAsctime, parseDateField } from "../../src/message/field-date.ts";

test.each([
  ["Sat, 16 Jan 2021 18:22:03 +0100", "2021-01-16T17:22:03.000Z"],
  ["16 Jan 2021 18:22 -0530", "2021-01-16T23:52:00.000Z"],
  ["Sat, 16 Jan 21 18:22:03 GMT (a comment)", "2021-01-16T18:22:03.000Z"],
  ["Fri, 1 Oct 99 8:00:00 EDT", "1999-10-01T12:00:00.000Z"],
  ["Sat,16-January-2021 18:22:03 +0000", "2021-01-16T18:22:03.000Z"],
  ["Wed Feb  1 19:06:09 2006", "2006-02-01T19:06:09.000Z"],
  ["Wed Feb  1 19:06:09 PST 2006", "2006-02-02T03:06:09.000Z"],
  ["Thu Dec 4 16:00:00 2008 -0800", "2008-12-05T00:00:00.000Z"],
  ["Fri Mar 10 2006 13:40:00 GMT+0100", "2006-03-10T12:40:00.000Z"],
  ["Fri Mar 10 2006 13:40:00 GMT+0100 (Central European (Standard) Time)", "2006-03-10T12:40:00.000Z"],
  ["Fri, 10 Mar 2006 13:40:00 GMT-3", "2006-03-10T16:40:00.000Z"],
  ["Tue, 5 Mar 2002 08:00:00 -600", "2002-03-05T14:00:00.000Z"],
  ["Tue, 5 Mar 2002 08:00:00 +05:30", "2002-03-05T02:30:00.000Z"],
  ["Tue, 5 Mar 2002 08:00:00 +02", "2002-03-05T06:00:00.000Z"],
  ["Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T15:55:06.000Z"],
  ["Tue, 5 Mar 2002 10:05:15 PM", "2002-03-05T22:05:15.000Z"],
  ["Tue, 5 Mar 2002 12:05 a.m. -0500", "2002-03-05T05:05:00.000Z"],
  ["Tuesday, March 5, 2002 10:05:15 PM EST", "2002-03-06T03:05:15.000Z"],
  ["Tue, 05 Mar 2002 10.05.15 +0100", "2002-03-05T09:05:15.000Z"],
  ["Tue, 5 Mar 2002, 10:05:15 +0100", "2002-03-05T09:05:15.000Z"],
  ["2002-03-05T10:05:15Z", "2002-03-05T10:05:15.000Z"],
  ["2002-03-05 10:05:15.123 -0300", "2002-03-05T13:05:15.000Z"],
  ["Tue, 5 Mar 02 10:05:15 -0300 trailing words", "2002-03-05T13:05:15.000Z"],
])("the field %s", (text, wanted) => {
  expect(parseDateField(text)?.toISOString()).toBe(wanted);
});

test.each([
  "",
  "yesterday",
  "2021-01-16",
  "Sat, 99 Jan 2021 18:22:03 +0100",
  "1 Foo 2021 18:22:03 +0100",
  "10:05",
  "May I call at 10:05?",
  "5 Mar 2002",
])("%j is not a date", (text) => {
  expect(parseDateField(text)).toBeUndefined();
});

test("a From_ line's date without a zone is local time", () => {
  expect(parseAsctime("Sat Jan 16 18:22:03 2021")).toEqual(new Date(2021, 0, 16, 18, 22, 3));
  expect(parseAsctime("Sat Jan  6 18:22 2021 +0100")?.toISOString()).toBe("2021-01-06T17:22:00.000Z");
  expect(parseAsctime("Wed, 1 Feb 2006 19:06:09")).toEqual(new Date(2006, 1, 1, 19, 6, 9));
  expect(parseAsctime("here to there")).toBeUndefined();
});
