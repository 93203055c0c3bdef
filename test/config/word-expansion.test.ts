import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { expandWord } from "../../src/config/word-expansion.ts";

const directory = mkdtempSync(join(tmpdir(), "mail-words-"));
for (const name of ["one", "two", "t*o", ".hidden"]) writeFileSync(join(directory, name), "");
afterAll(() => rmSync(directory, { recursive: true }));

const environment: Readonly<Record<string, string>> = { DIR: directory, TWO: "two words", EMPTY: "" };
const expanding = {
  variable: (name: string) => environment[name],
  home: (user: string) => ({ "": "/home/me", ann: "/home/ann" })[user],
};

test.each([
  ["a variable", "$DIR/x", [`${directory}/x`]],
  ["a variable in braces", `\${DIR}x`, [`${directory}x`]],
  ["a variable with a default", `\${NONE:-x}`, ["x"]],
  ["an unset variable", "$NONE", []],
  ["an unset variable in quotes", '"$NONE"', [""]],
  ["a variable that contains several words", "$TWO", ["two", "words"]],
  ["a variable that contains several words, in quotes", '"$TWO"', ["two words"]],
  ["single quotes", "'$TWO'", ["$TWO"]],
  ["a backslash", "\\$TWO", ["$TWO"]],
  ["a lone dollar sign", "a$", ["a$"]],
  ["the user's home", "~/x", ["/home/me/x"]],
  ["another user's home", "~ann/x", ["/home/ann/x"]],
  ["an unknown user's home", "~eve/x", ["~eve/x"]],
  ["a wildcard", "$DIR/o*", [`${directory}/one`]],
  ["a wildcard that matches nothing", "zz*", ["zz*"]],
  ["a quoted wildcard", "$DIR/t'*'o", [`${directory}/t*o`]],
  ["a set of characters", "$DIR/[!t]*", [`${directory}/one`]],
])("%s: %s", (_shows, word, words) => expect(expandWord(word, expanding)).toEqual(words));

test.each([
  ["`date`", "Command execution not allowed."],
  ["$(date)", "Command execution not allowed."],
  ["~;date", "Syntax error."],
  ["'open", "Syntax error."],
  ["{a,b}", "Syntax error."],
])("%s is refused: %s", (word, mistake) => expect(() => expandWord(word, expanding)).toThrow(mistake));
