/** What a user gets: no source, no test, nothing that was forgotten. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { version } from "../src/version.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

function packedFiles(): string[] {
  // Without scripts, or it would build dist/ anew under the other tests.
  const { stdout } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
  });
  const [packed] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  return packed.files.map(({ path }) => path).sort();
}

test("the package holds the programs, their manual pages, and nothing else", () => {
  expect(packedFiles()).toEqual([
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "bin/mail.js",
    "bin/maild.js",
    "bin/package.json",
    "dist/completions/_mail",
    "dist/completions/mail",
    "dist/completions/mail.fish",
    "dist/enquirer.cjs",
    "dist/help.json",
    "dist/html-to-text.cjs",
    "dist/iconv-lite.cjs",
    "dist/mail.cjs",
    "dist/mail.cjs.cache",
    "dist/maild.cjs",
    "dist/maild.cjs.cache",
    "dist/package.json",
    "dist/start.cjs",
    "man/mail.1",
    "man/maild.8",
    "man/mailrc.5",
    "package.json",
  ]);
});

test("the package asks for nothing at run time but the native module", () => {
  const { dependencies, bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(Object.keys(dependencies)).toEqual(["koffi"]);
  expect(bin).toEqual({ mail: "bin/mail.js", mailx: "bin/mail.js", maild: "bin/maild.js" });
});

test("mail -V says the package's version", () => {
  expect(version).toBe(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version);
});
