import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { quoteFromLines } from "../../src/mailbox/from-line.ts";

test("each line that begins with From is quoted, regardless of how the text is divided into pieces", () => {
  const text = fc.array(fc.constantFrom("\n", "From ", "Fro", "m ", "x", ">")).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, fc.array(fc.nat(60)), (whole, cuts) => {
      const ends = [...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b), whole.length];
      const pieces = ends.map((end, index) => Buffer.from(whole.slice(ends[index - 1] ?? 0, end)));
      expect(Buffer.concat([...quoteFromLines(pieces)]).toString()).toBe(whole.replace(/^From /gm, ">From "));
    }),
  );
});
