import { expect, test } from "@jest/globals";
import iconv from "iconv-lite";
import { decodeKorean } from "../../src/message/korean.ts";

test("all Hangul syllables are decoded as iconv-lite decodes windows-949", () => {
  const syllables = Array.from({ length: 0xd7a4 - 0xac00 }, (_, index) => String.fromCharCode(0xac00 + index));
  const wrong = syllables.filter((syllable) => decodeKorean(iconv.encode(syllable, "cp949")) !== syllable);
  expect(wrong).toEqual([]);
});

test("Korean text is decoded in linear time", () => {
  const text = decodeKorean(Buffer.from("8c63c7d1".repeat(100_000), "hex"));
  expect(text === "똠한".repeat(100_000)).toBe(true);
});
