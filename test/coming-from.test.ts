/** Compares the names in docs/coming-from.md with the tables of variables and of other clients' commands. */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { describeForeign } from "../src/config/foreign-variables.ts";
import { variableOf, variables } from "../src/config/variables.ts";
import { interpretForeignLine } from "../src/read/interpreter/foreign-commands.ts";

const page = readFileSync(new URL("../docs/coming-from.md", import.meta.url), "utf8");
const names = (cell: string) => [...cell.matchAll(/`([^`]*)`/g)].map(([, name = ""]) => name);
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split(" | "))
  .map(([form = "", meaning = ""]) => ({ form: form.slice(2), names: names(form), meaning }));

/** Returns the rows whose meaning matches. @throws Error if no row matches */
function findRows(meaning: RegExp) {
  const found = rows.filter((row) => meaning.test(row.meaning));
  if (found.length === 0) throw new Error(`docs/coming-from.md: no row matches ${meaning}`);
  return found;
}

test.each(findRows(/^Sets? .*, respectively/))("$form set the listed variables", ({ names: theirs, meaning }) => {
  expect(theirs.map(variableOf)).toEqual(names(meaning));
});

test.each(findRows(/^The same\. \|$/))("$form are variables of `mail`", ({ names: theirs }) => {
  expect(theirs.filter((name) => !Object.hasOwn(variables, name))).toEqual([]);
});

test.each(findRows(/^The exit code is 78, and the message suggests/))("$form are refused", ({ names: theirs }) => {
  expect(theirs.filter((name) => describeForeign(name, "x") === undefined)).toEqual([]);
});

test.each(findRows(/^Ignored in a start-up file/))("$form are ignored in start-up files", ({ names: theirs }) => {
  for (const name of theirs) expect([name, interpretForeignLine(`${name} x`)]).toEqual([name, { kind: "ignored" }]);
});

test("each msmtp and ssmtp setting has a corresponding variable in `mail`", () => {
  const section = /^## From msmtp or ssmtp\n(.*?)^## /ms.exec(page)?.[1] ?? "";
  const settings = [...section.matchAll(/.*\| `([\w-]+)=/g)].map(([, name = ""]) => name);
  expect(settings).toContain("smtpauth");
  expect(settings.filter((name) => variableOf(name) === undefined)).toEqual([]);
});
