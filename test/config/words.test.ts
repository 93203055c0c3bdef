import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { splitLastWord, splitRawWords } from "../../src/config/words.ts";

test.each([
  // line, text before the last word, last word
  ["1 box", "1 ", "box"],
  ["box  ", "", "box"],
  ['1 "a b"', "1 ", '"a b"'],
  ['1 "+a b"', "1 ", '+"a b"'],
  ["1 a\\ b.txt ", "1 ", "a\\ b.txt"],
  ["from:\"ann lee\" 'a b'", 'from:"ann lee" ', "'a b'"],
  ['subject:"it\'s" box', 'subject:"it\'s" ', "box"],
  ["from:o'brien box", "from:o'brien ", "box"],
  ['1 "a b', '1 "a ', "b"],
  ["1 a\\", "1 ", "a\\"],
  ["", "", ""],
])("the last word of %j is found, whether or not it is quoted", (line, before, word) => {
  expect(splitLastWord(line, true)).toEqual({ before, word });
});

test("quotes are removed from a word, and an unclosed quote is reported", () => {
  const words = splitRawWords("a\\ b \"c 'd\" 'e\\");
  expect(words.map(({ text, quote }) => [text, quote])).toEqual([
    ["a b", ""],
    ["c 'd", ""],
    ["e\\", "'"],
  ]);
});

test("the words are parts of the line, in order, and only white space separates them", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."ab \t\"'\\") }), (line) => {
      let end = 0;
      for (const { start, typed } of splitRawWords(line)) {
        expect(line.slice(end, start)).toMatch(/^[ \t]*$/);
        expect(line.slice(start, start + typed.length)).toBe(typed);
        end = start + typed.length;
      }
      expect(line.slice(end)).toMatch(/^[ \t]*$/);
    }),
  );
});
