import { expect, test } from "@jest/globals";
import { nearestWord } from "../../src/config/nearest.ts";

const known = ["askcc", "askbcc", "hold", "keepsave", "PAGER"];

test.each([
  // case                 typed       nearest
  ["an additional letter", "holdd", "hold"],
  ["a swap", "hodl", "hold"],
  ["another case", "pager", "PAGER"],
  ["two missing letters in a long word", "kepsav", "keepsave"],
  ["the nearer of two", "askc", "askcc"],
  ["no similar word", "zzz", undefined],
  ["a short word has no nearest word", "h", undefined],
])("%s: %s", (_shows, typed, meant) => expect(nearestWord(typed, known)).toBe(meant));
