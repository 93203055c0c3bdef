import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { queryLength } from "../../../src/read/query/query-words.ts";

test.each([
  ["from:cron wc -l", "from:cron"],
  ["from:cron and since:1d wc -l", "from:cron and since:1d"],
  ["(from:cron or ann) 1-3 wc -l", "(from:cron or ann) 1-3"],
  ["not is:read cat", "not is:read"],
  ["from:cron :n 1-3 wc -l", "from:cron :n 1-3"],
  [":n from:cron cat", ":n from:cron"],
  ["from:cron : ; cat", "from:cron"],
  ['subject:"a b" cat', 'subject:"a b"'],
  ["from:cron and cat", "from:cron"],
  ["2 wc -l", ""],
  ["wc from:cron", ""],
  ['subject:"a b', ""],
  ["(from:cron wc", ""],
])("in %j, %j is a query", (text, wanted) => {
  expect(text.slice(0, queryLength(text))).toBe(wanted);
});

test("a query at the start of a text is never longer than the text", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom("from:x", "(", ")", "and", '"', " "), fc.string())), (words) => {
      const text = words.join(" ");
      expect(queryLength(text)).toBeLessThanOrEqual(text.length);
    }),
  );
});
