/** Compares the two ways to find fields: a search for one name, and parsing the complete header. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { fieldValues, readFields, valuesIn } from "../../src/message/field-values.ts";

const piece = fc.constantFrom(
  "Subject",
  "subject",
  "To",
  "From ann ",
  "X-Status",
  ":",
  " ",
  "\t",
  "\r",
  "\n",
  "\n ",
  "\n\t",
  "text",
  "\xe9",
);
const header = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""));

test("parsing the complete header finds the same values as a search for each name", () => {
  fc.assert(
    fc.property(header, (text) => {
      const fields = readFields(text);
      for (const name of ["subject", "to", "x-status"]) expect(valuesIn(fields, name)).toEqual(fieldValues(text, name));
    }),
    { numRuns: 2000 },
  );
});

test("a header with many lines that are not fields is parsed in linear time", () => {
  const lines = "text\n".repeat(1 << 20);
  expect(valuesIn(readFields(`${lines}Subject: s\n`), "subject")).toEqual(["s"]);
});
