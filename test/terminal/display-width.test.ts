import { expect, test } from "@jest/globals";
import fc from "fast-check";
import stringWidth from "string-width";
import { makeVisible } from "../../src/message/safe-text.ts";
import { cutToFit, displayWidth, fillColumns, splitGraphemes, widestWidth } from "../../src/terminal/display-width.ts";

test.each([
  ["plain", "hola", 4],
  ["accents", "señor", 5],
  ["a combining accent", "cafe\u0301", 4],
  ["Greek and Cyrillic", "Ωμέγα Привет", 12],
  ["Chinese, Japanese, Korean", "日本語한국", 10],
  ["Devanagari with conjuncts", "नमस्ते: बैठक का समय", 16],
  ["Thai and Lao syllables", "ทำ ຄຳ", 5],
  ["Vietnamese with two combining accents", "Nguye\u0302\u0303n", 6],
  ["an emoji", "🎉", 2],
  ["an emoji of several code points", "👩‍💻", 2],
  ["a control character made visible", "a\u001bb", 4],
])("the width of %s", (_what, text, width) => expect(displayWidth(text)).toBe(width));

test.each([
  ["an emoji", "🎉", 2],
  ["two joined emoji", "👩\u200d💻", 4],
  ["an emoji with a skin colour", "👍🏽", 4],
  ["a flag", "🇩🇪", 2],
  ["plain text", "señor", 5],
])("the width of %s is the greatest width that any terminal gives it", (_what, text, width) =>
  expect(widestWidth(text)).toBe(width),
);

test("the fast path for Latin, Greek and Cyrillic gives the same result as the general path", () => {
  for (let code = 0x20; code < 0x600; code++) {
    const text = `a${String.fromCodePoint(code)}b`;
    const shown = makeVisible(text);
    expect([code, displayWidth(text)]).toEqual([code, stringWidth(shown)]);
    const segments = [...new Intl.Segmenter().segment(text)].length;
    expect([code, splitGraphemes(text).length]).toEqual([code, segments]);
  }
});

test("a truncated text fits and is a prefix of the original, and a padded text has exactly the requested width", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 30 }), (text, columns) => {
      const cut = cutToFit(text, columns);
      expect(displayWidth(cut)).toBeLessThanOrEqual(columns);
      expect(text.startsWith(cut.replace(/…$/, ""))).toBe(true);
      expect(displayWidth(fillColumns(text, columns))).toBe(columns);
    }),
  );
});

test("a long text has the same graphemes and width, however it is segmented", () => {
  const unit = fc.constantFrom(
    "a",
    "é",
    "e\u0301",
    "日",
    "🎉",
    "👩\u200d💻",
    "🇩🇪",
    "\ud834\udd67",
    "\r\n",
    "क\u093f",
    "\udc80",
  );
  fc.assert(
    fc.property(fc.array(unit, { minLength: 200, maxLength: 700 }), (units) => {
      const text = units.join("");
      const segments = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
      expect(splitGraphemes(text)).toEqual(segments);
      expect(displayWidth(text)).toBe(stringWidth(makeVisible(text)));
    }),
  );
});

test("truncation also limits the number of invisible characters", () => {
  const cut = cutToFit(`a${"\u0301".repeat(1_000_000)}`, 10);
  expect(cut.length).toBeLessThan(1000);
});

test("a megabyte of text is measured and segmented without quadratic memory use", () => {
  const text = "🎉".repeat(250_000);
  expect(displayWidth(text)).toBe(500_000);
  expect(splitGraphemes(text)).toHaveLength(250_000);
});
