import { expect, test } from "@jest/globals";
import fc from "fast-check";
import stringWidth from "string-width";
import { visible } from "../../src/message/safe-text.ts";
import { cutToFit, displayWidth, fillColumns, graphemes } from "../../src/terminal/display-width.ts";

test.each([
  ["plain", "hola", 4],
  ["accents", "señor", 5],
  ["an accent of its own", "cafe\u0301", 4],
  ["Greek and Cyrillic", "Ωμέγα Привет", 12],
  ["Chinese, Japanese, Korean", "日本語한국", 10],
  ["an emoji", "🎉", 2],
  ["an emoji of several", "👩‍💻", 2],
  ["a control character, as it is shown", "a\u001bb", 4],
])("the width of %s", (_what, text, width) => expect(displayWidth(text)).toBe(width));

test("the short way through Latin, Greek and Cyrillic gives what the long way gives", () => {
  for (let code = 0x20; code < 0x600; code++) {
    const text = `a${String.fromCodePoint(code)}b`;
    const shown = visible(text);
    expect([code, displayWidth(text)]).toEqual([code, stringWidth(shown)]);
    const segments = [...new Intl.Segmenter().segment(text)].length;
    expect([code, graphemes(text).length]).toEqual([code, segments]);
  }
});

test("what is cut fits, is a beginning, and what is filled up is exact", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 30 }), (text, columns) => {
      const cut = cutToFit(text, columns);
      expect(displayWidth(cut)).toBeLessThanOrEqual(columns);
      expect(text.startsWith(cut.replace(/…$/, ""))).toBe(true);
      expect(displayWidth(fillColumns(text, columns))).toBe(columns);
    }),
  );
});
