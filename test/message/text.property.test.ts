import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { byteLength, decodeBytes, toBytes } from "../../src/message/text.ts";

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  // Almost valid UTF-8: valid text from which a byte was removed.
  fc.tuple(fc.string({ unit: "binary" }), fc.nat(80)).map(([text, at]) => {
    const bytes = Buffer.from(text);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
  }),
);

test("any bytes are unchanged after they are decoded to text and encoded again", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      expect([...toBytes(decodeBytes(bytes))]).toEqual([...bytes]);
    }),
    { numRuns: 2000 },
  );
});

test("byteLength returns the number of bytes that toBytes returns", () => {
  fc.assert(fc.property(anyBytes, (bytes) => byteLength(decodeBytes(bytes)) === bytes.length));
});

test.each([
  ["valid UTF-8 is decoded", [0xc3, 0xb1], "ñ"],
  ["a byte of Latin-1 becomes a lone surrogate", [0x41, 0xf1, 0x42], "A\udcf1B"],
  ["a surrogate encoded in UTF-8 is not valid", [0xed, 0xb2, 0x80], "\udced\udcb2\udc80"],
  ["an overlong sequence is not valid", [0xc0, 0x80], "\udcc0\udc80"],
])("%s", (_rule, bytes, text) => {
  expect(decodeBytes(Buffer.from(bytes))).toBe(text);
});
