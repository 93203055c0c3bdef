import { expect, test } from "@jest/globals";
import { nearestWord } from "../../src/config/nearest.ts";

const known = ["askcc", "askbcc", "hold", "keepsave", "PAGER"];

test.each([
  // what it shows        typed       meant
  ["a letter too many", "holdd", "hold"],
  ["a swap", "hodl", "hold"],
  ["another case", "pager", "PAGER"],
  ["two letters in a long word", "kepsav", "keepsave"],
  ["the nearer of two", "askc", "askcc"],
  ["nothing near", "zzz", undefined],
  ["a short word is not stretched", "h", undefined],
])("%s: %s", (_shows, typed, meant) => expect(nearestWord(typed, known)).toBe(meant));
