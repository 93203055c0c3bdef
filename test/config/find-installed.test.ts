import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { findInstalled } from "../../src/config/find-installed.ts";

const home = mkdtempSync(join(tmpdir(), "mail-programs-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
for (const name of ["ex", "vi", "plain"]) writeFileSync(join(home, name), "#!/bin/sh\n");
for (const name of ["ex", "vi"]) chmodSync(join(home, name), 0o755);
mkdirSync(join(home, "nano"));

test.each([
  ["a path", [`${home}/ex`, "vi"], home, `${home}/ex`],
  ["the first name in PATH", ["none", "vi", "ex"], `/nonexistent:${home}`, "vi"],
  ["no missing path", [`${home}/none`, "ex"], home, "ex"],
  ["no file that cannot be executed", ["plain", "ex"], home, "ex"],
  ["no directory", ["nano", "ex"], home, "ex"],
  ["no file of the current directory", ["package.json"], "", undefined],
  ["nothing", ["none"], home, undefined],
])("the search for an installed program finds %s", (_what, programs, path, found) => {
  expect(findInstalled(programs, path)).toBe(found);
});
