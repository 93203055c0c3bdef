import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { findUsualRemedy, namedReasons } from "../src/reasons.ts";

const source = join(import.meta.dirname, "../src");
const texts = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && name !== "reasons.ts")
  .map((name) => readFileSync(join(source, name), "utf8"))
  .join("");

test.each(namedReasons)("the reason %j has a remedy, and at least one error has this reason", (reason) => {
  expect(findUsualRemedy(reason)).toMatch(/^[^A-Z.]+|^[A-Z].*[^.]$/);
  expect(texts.includes(`"${reason}"`) || texts.includes(`  ${reason}:`)).toBe(true);
});

test.each(["ENOENT", "EACCES", "ENOSPC", "EUNHEARDOF"] as const)("the system error %s has a remedy", (code) => {
  expect(findUsualRemedy(code)).not.toBe("");
});
