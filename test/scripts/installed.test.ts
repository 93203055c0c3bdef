/** A complete installation is recognized, regardless of whether the user or a script ran `npm ci`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { isInstalled } from "../../scripts/installed.mjs";

const ann = { version: "1.0.0", integrity: "sha512-a" };
const native = { version: "2.0.0", integrity: "sha512-b", optional: true };
const wanted = { "": { name: "program" }, "node_modules/ann": ann, "node_modules/native": native };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mail-installed-"));
  mkdirSync(join(root, "node_modules"));
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: wanted }));
});
afterEach(() => rmSync(root, { recursive: true }));

test.each([
  ["every package", { "node_modules/ann": ann, "node_modules/native": native }, true],
  ["every package except an optional one for another system", { "node_modules/ann": ann }, true],
  ["another version", { "node_modules/ann": { ...ann, version: "1.0.1" } }, false],
  ["different content", { "node_modules/ann": { ...ann, integrity: "sha512-c" } }, false],
  ["another version of an optional package", { "node_modules/ann": ann, "node_modules/native": ann }, false],
  ["no package", {}, false],
])(
  "npm's list of installed packages, with %s, shows whether the installation is complete",
  (_, packages, isComplete) => {
    writeFileSync(join(root, "node_modules/.package-lock.json"), JSON.stringify({ packages }));
    expect(isInstalled(root)).toBe(isComplete);
  },
);

test("an installation without npm's list of installed packages is incomplete", () => {
  expect(isInstalled(root)).toBe(false);
});
