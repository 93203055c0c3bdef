import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { formatShownBody, selectShownFields } from "../../../src/read/show/print-message.ts";

function plain(...pieces: string[]): string {
  return Buffer.concat([...formatShownBody(pieces.map((piece) => Buffer.from(piece, "latin1")))]).toString("latin1");
}

test("a line that begins with From is quoted, and CRLF becomes LF", () => {
  expect(plain("one\r\nFrom here\r\nnot From here\r\n")).toBe("one\n>From here\nnot From here\n");
});

test("the output does not depend on how a message is split into pieces", () => {
  const text = fc.array(fc.constantFrom("\r\n", "\n", "From ", "Fro", "\r", "x")).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, fc.array(fc.nat(40)), (whole, cuts) => {
      const ends = [...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b), whole.length];
      expect(plain(...ends.map((end, index) => whole.slice(ends[index - 1] ?? 0, end)))).toBe(plain(whole));
    }),
  );
});

test("a line that is not a field ends the header", () => {
  expect(Buffer.from(selectShownFields(Buffer.from("From u d\r\nA: b\r\n c\r\nstray\r\n\r\n"))).toString()).toBe(
    "From u d\nA: b\n c\n\nstray\n\n",
  );
});

test("a header that has already ended gets no second empty line", () => {
  const header = "From u d\n\n folded\nstray\n\n";
  expect(Buffer.from(selectShownFields(Buffer.from(header))).toString()).toBe(header);
});
