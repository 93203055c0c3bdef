import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { countLineFeeds, LineBuffer } from "../../src/mailbox/line-buffer.ts";

// The bytes that differ from an LF in a single bit could be mistaken for it.
const byte = fc.constantFrom(10, 0x0b, 0x8a, 0x0a ^ 0x40, 0, 1, 0xff, 32);
const bytes = fc
  .uint8Array({ maxLength: 40 })
  .chain((some) => fc.array(byte, { maxLength: 40 }).map((more) => [...some, ...more]));

test("newlines are found and counted at any address", () => {
  fc.assert(
    fc.property(bytes, fc.nat({ max: 45 }), fc.nat({ max: 80 }), (stored, from, to) => {
      const lines = new LineBuffer(stored.length);
      lines.bytes.fill(10);
      lines.bytes.set(stored);
      const end = Math.min(to, stored.length);
      const found = stored.indexOf(10, from);
      expect(lines.lineFeed(from, end)).toBe(found >= 0 && found < end ? found : end);
      const start = Math.min(from, end);
      const expected = stored.slice(start, end).filter((each) => each === 10).length;
      expect(lines.countLineFeeds(start, end)).toBe(expected);
      expect(countLineFeeds(lines.bytes.subarray(start, end))).toBe(expected);
    }),
    { numRuns: 5000 },
  );
});
