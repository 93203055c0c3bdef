import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { withPlainLines } from "../../src/read/print-message.ts";

function plain(...pieces: string[]): string {
  return Buffer.concat([...withPlainLines(pieces.map((piece) => Buffer.from(piece, "latin1")))]).toString("latin1");
}

test("the first line keeps its From, a later one is quoted, CRLF ends as LF", () => {
  expect(plain("From u d\r\n\r\nFrom here\r\nnot From here\r\n")).toBe("From u d\n\n>From here\nnot From here\n");
});

test("it does not matter where the pieces end", () => {
  const text = fc.array(fc.constantFrom("\r\n", "\n", "From ", "Fro", "\r", "x")).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, fc.array(fc.nat(40)), (whole, cuts) => {
      const ends = [...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b), whole.length];
      expect(plain(...ends.map((end, index) => whole.slice(ends[index - 1] ?? 0, end)))).toBe(plain(whole));
    }),
  );
});
