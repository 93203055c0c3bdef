import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { TextColumnInMemory } from "../../src/mailbox/text-column.ts";
import { toBytes } from "../../src/message/text.ts";

const value = fc.oneof(
  fc.constantFrom("", "x", "\u00fc", "\udcff", "a".repeat(40_000)),
  fc.string({ maxLength: 20 }).map((text) => text.replaceAll("\n", " ")),
);
const row = fc.record({ values: fc.array(value, { maxLength: 3 }), isCleared: fc.boolean() });

test("a text column returns each row's values in any order, before and after it is stored", () => {
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat(), { maxLength: 200 }),
      (rows, order) => {
        const column = new TextColumnInMemory(0);
        const expected = rows.map(({ values, isCleared }, index) => {
          column.begin(index);
          for (const text of values) {
            const bytes = Buffer.from(`<${text}>`, "latin1");
            const isAscii = /^[\x00-\x7f]*$/.test(text);
            if (!column.addAscii(index, bytes, 1, bytes.length - 1)) column.addText(index, `${text}\n`);
            else expect(isAscii).toBe(true);
          }
          if (isCleared) column.clear(index);
          return isCleared ? "" : values.map((text) => `${text}\n`).join("");
        });
        const [ends, bytes] = column.toBytes(rows.length) as [Uint8Array, Uint8Array];
        const stored = {
          ends: new Uint32Array(Uint8Array.from(ends).buffer),
          bytes: Buffer.from(bytes),
        };
        expect(Buffer.from(bytes).equals(toBytes(expected.join("")))).toBe(true);
        for (const read of [column, new TextColumnInMemory(rows.length, stored)])
          for (const at of [...rows.keys(), ...order].map((n) => n % rows.length))
            expect(read.read(at)).toBe(expected[at]);
      },
    ),
  );
});
