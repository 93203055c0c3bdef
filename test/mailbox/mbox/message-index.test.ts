import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { computeCrc32ByTable, crc32 } from "../../../src/mailbox/checksum.ts";
import { MessageIndex, Stored } from "../../../src/mailbox/mbox/message-index.ts";

const states = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 1500 }), fc.constantFrom(0, Stored.Old, Stored.Old | Stored.Read, 7)),
  { maxLength: 6 },
);

test("for each combination of flags, the index returns the correct number of messages and the first of these messages", () => {
  fc.assert(
    fc.property(states, fc.array(fc.nat(8000), { maxLength: 5 }), fc.nat(2000), (runs, marked, before) => {
      const index = new MessageIndex();
      for (const [length, stored] of runs) for (let n = 0; n < length; n++) index.add(index.count * 10, stored);
      for (const at of marked) {
        if (at < index.count) index.setFlags(at + 1, index.flags(at + 1) ^ 4);
      }
      const from = Math.min(before, index.count) + 1;
      const wanted = new Map<number, { count: number; first: number }>();
      for (let message = from; message <= index.count; message++) {
        const flags = index.flags(message);
        const { count, first } = wanted.get(flags) ?? { count: 0, first: message };
        wanted.set(flags, { count: count + 1, first });
      }
      const found = new Map([...index.tally(from)].map(({ flags, count, first }) => [flags, { count, first }]));
      expect(found).toEqual(wanted);
    }),
  );
});

test("appending messages together gives the same index as appending them one by one", () => {
  const starts = Float64Array.from({ length: 700 }, (_, at) => at * 3);
  const stored = Uint8Array.from({ length: 700 }, (_, at) => at % 8);
  const index = new MessageIndex();
  index.add(-1, 3);
  index.append(starts, stored);
  expect([...index.starts]).toEqual([-1, ...starts]);
  expect([...index.storedStates]).toEqual([3, ...stored]);
  expect(index.flags(2)).toBe(new MessageIndex(starts, stored, 700).flags(1));
});

test("the checksum is the same as gzip's, both with Node's own function and without it", () => {
  const text = Buffer.from("123456789");
  expect([crc32(text), computeCrc32ByTable(text, 0)]).toEqual([0xcbf43926, 0xcbf43926]);
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
      const whole = computeCrc32ByTable(Buffer.concat([a, b]), 0);
      expect([computeCrc32ByTable(b, computeCrc32ByTable(a, 0)), crc32(b, crc32(a))]).toEqual([whole, whole]);
    }),
  );
});
