import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { decodeWords } from "../../../src/message/decode-words.ts";
import { fieldValues } from "../../../src/message/field-values.ts";
import { foldText, makePrefilter } from "../../../src/read/query/fold.ts";

test("a header that contains a text is never skipped", () => {
  const piece = fc.constantFrom(
    "a",
    "K",
    "k",
    "\u212a",
    "ſ",
    "ß",
    "é",
    "=?utf-8?q?k?=",
    " ",
    "\n ",
    "(",
    "\\",
    "İ",
    "i",
  );
  const text = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(text, text, (value, wanted) => {
      const header = Buffer.from(`From a Sat Jan 16 18:22:03 2021\nSubject: ${value}\n`).toString("latin1");
      const found = fieldValues(header, "subject").some((each) =>
        foldText(decodeWords(each)).includes(foldText(wanted)),
      );
      if (found) expect(makePrefilter(wanted)(header)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
