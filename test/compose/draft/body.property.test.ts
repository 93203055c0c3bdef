/** Tests that a draft's bytes are preserved and can be read from any offset, regardless of the sizes of the pieces. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Body } from "../../../src/compose/draft/body.ts";

const piece = fc.oneof(
  { weight: 5, arbitrary: fc.uint8Array({ maxLength: 120 }) },
  fc.uint8Array({ minLength: 3000, maxLength: 9000 }),
  fc.integer({ min: 16_000, max: 2_500_000 }).map((size) => new Uint8Array(size).fill(size % 251)),
);

test("appended bytes can be read back from any offset, both before and after they are moved to a file", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.double({ min: 0, max: 1, noNaN: true }), (pieces, where) => {
      const body = new Body();
      const whole = Buffer.concat(pieces);
      let halfway: Buffer = Buffer.alloc(0);
      for (const [at, each] of pieces.entries()) {
        body.append(each);
        if (at === pieces.length >> 1) halfway = body.bytes();
      }
      const start = Math.floor(where * whole.length);
      expect(body.size).toBe(whole.length);
      expect(body.bytes().equals(whole)).toBe(true);
      expect(Buffer.concat([...body.pieces(start)]).equals(whole.subarray(start))).toBe(true);
      expect(whole.subarray(0, halfway.length).equals(halfway)).toBe(true);
      body.clear();
      body.append(Buffer.from("anew"));
      expect(body.bytes().toString()).toBe("anew");
      body.close();
    }),
    { numRuns: 60 },
  );
});
