import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Pasting } from "../../src/terminal/pasting.ts";

/**
 * Returns the keys that the pieces of input contain. With `whole`, each complete line is read in one step if possible.
 */
function keysOf(pieces: readonly Uint8Array[], { whole = false } = {}): string {
  const pasting = new Pasting();
  let waiting = Buffer.alloc(0);
  let keys = "";
  const takeLines = () => {
    while (whole && (keys === "" || keys.endsWith("<enter>"))) {
      const line = pasting.wholeLine(waiting);
      if (line === undefined) return;
      keys += `${line.text}<enter>`;
      waiting = waiting.subarray(line.size);
    }
  };
  for (const piece of pieces) {
    waiting = Buffer.concat([waiting, piece]);
    takeLines();
    for (let next = pasting.firstKey(waiting); next !== undefined; next = pasting.firstKey(waiting)) {
      keys += next.key.name === "text" ? next.key.text : `<${next.key.name}>`;
      waiting = waiting.subarray(next.size);
      takeLines();
    }
  }
  return keys;
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

const character = fc.constantFrom("a", "~", ".", "\t", "\x04", "\x1b", "[", "ñ", "日", "🙂", "\r");

test("a paste that is split at any point yields the text between its marks", () => {
  fc.assert(
    fc.property(fc.array(character), fc.array(fc.nat(100), { maxLength: 6 }), (characters, cuts) => {
      const text = characters.join("").replaceAll("\x1b[2", "");
      const bytes = Buffer.from(`x\x1b[200~${text}\x1b[201~\x01`);
      expect(keysOf(cutAt(bytes, cuts))).toBe(`x<paste-begin>${text.replaceAll("\r", "<enter>")}<paste-end><home>`);
    }),
  );
});

test("reading complete lines in one step gives the same result as reading them key by key", () => {
  const key = fc.oneof(character, fc.constantFrom("\n", "\x7f", "\x1b[200~", "\x1b[201~", "\r\n"));
  fc.assert(
    fc.property(fc.array(key), fc.array(fc.nat(100), { maxLength: 6 }), (keys, cuts) => {
      const bytes = Buffer.from(`${keys.join("")}\r`);
      const tabs = (text: string) => text.replaceAll("<tab>", "\t");
      expect(tabs(keysOf(cutAt(bytes, cuts), { whole: true }))).toBe(tabs(keysOf([bytes])));
    }),
  );
});

test("a pasted newline ends a line only once, even if the newline is split across two pieces", () => {
  expect(keysOf([Buffer.from("\x1b[200~a\r"), Buffer.from("\n\r"), Buffer.from("\nb\x1b[201~")])).toBe(
    "<paste-begin>a<enter><enter>b<paste-end>",
  );
});

test("Ctrl-C ends a paste whose end marker was lost", () => {
  expect(keysOf([Buffer.from("\x1b[200~a\x03\x01")])).toBe("<paste-begin>a<interrupt><home>");
});
