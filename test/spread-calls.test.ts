import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "@jest/globals";

const source = resolve(import.meta.dirname, "../src");
const spreadCall = /\b(?:push|unshift|splice|max|min|fromCharCode|fromCodePoint)\((?:[^(){}]*,\s*)?\.\.\./;

test("no call spreads a list of unlimited length into its arguments, because the stack would overflow", () => {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const found = files.flatMap((name) =>
    readFileSync(join(source, name), "utf8")
      .split("\n")
      .filter((line) => spreadCall.test(line) && !line.startsWith(" *"))
      .map((line) => `${name}: ${line.trim()}`),
  );
  expect(files.length).toBeGreaterThan(200);
  expect(found).toEqual([]);
});
