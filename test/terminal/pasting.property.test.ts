import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Pasting } from "../../src/terminal/pasting.ts";

/** The keys of what arrives in pieces. */
function keysOf(pieces: readonly Uint8Array[]): string {
  const pasting = new Pasting();
  let waiting = Buffer.alloc(0);
  let keys = "";
  for (const piece of pieces) {
    waiting = Buffer.concat([waiting, piece]);
    for (let next = pasting.firstKey(waiting); next !== undefined; next = pasting.firstKey(waiting)) {
      keys += next.key.name === "text" ? next.key.text : `<${next.key.name}>`;
      waiting = waiting.subarray(next.size);
    }
  }
  return keys;
}

const character = fc.constantFrom("a", "~", ".", "\t", "\x04", "\x1b", "[", "ñ", "日", "🙂", "\r");

test("a paste is its text between its two marks, wherever it is cut", () => {
  fc.assert(
    fc.property(fc.array(character), fc.array(fc.nat(100), { maxLength: 6 }), (characters, cuts) => {
      const text = characters.join("").replaceAll("\x1b[2", "");
      const bytes = Buffer.from(`x\x1b[200~${text}\x1b[201~\x01`);
      const at = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
      const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
      expect(keysOf(pieces)).toBe(`x<paste-begin>${text.replaceAll("\r", "<enter>")}<paste-end><home>`);
    }),
  );
});

test("Ctrl-C ends a paste whose end got lost", () => {
  expect(keysOf([Buffer.from("\x1b[200~a\x03\x01")])).toBe("<paste-begin>a<interrupt><home>");
});
