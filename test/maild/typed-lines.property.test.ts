import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { singleDots } from "../../src/maild/typed-lines.ts";

test("maild removes each leading dot that smtp-server leaves, regardless of how the input is divided into pieces", () => {
  const bytes = fc.string({ unit: fc.constantFrom(".", ".", "\r\n", "\n", "a"), maxLength: 40 });
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(40), { maxLength: 6 }), (text, cuts) => {
      const whole = Buffer.from(`${text}\r\n`);
      const ends = [...new Set([...cuts.map((cut) => Math.min(cut, whole.length)), whole.length])].sort(
        (a, b) => a - b,
      );
      const convert = singleDots();
      let from = 0;
      let got = "";
      for (const end of ends) {
        got += convert(whole.subarray(from, end)).toString();
        from = end;
      }
      expect(got).toBe(whole.toString().replace(/(^|\n)\.(?=[^.\r\n])/g, "$1"));
    }),
  );
});
