/** The completions of the command line, as a shell asks for them. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

const made = join(dirname(fileURLToPath(import.meta.url)), "../../dist/completions");
const script = `compopt() { :; }
source "$0"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_mail
echo "\${COMPREPLY[@]}"`;
let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "mail-completion-"));
  writeFileSync(join(home, ".mailrc"), "alias tools-team ann@example.org\n");
  writeFileSync(join(home, "archive.mbox"), "");
});

afterAll(() => rmSync(home, { recursive: true, force: true }));

test.each([
  [["--thr"], "--throttle"],
  [["--if", ""], "failed output always changed"],
  [["-f", "arch"], "archive.mbox"],
  [["-A", "arch"], "archive.mbox"],
  [["-c", "tools-"], "tools-team"],
  [["tools-"], "tools-team"],
  [["-S", "askb"], "askbcc"],
  [["-u", "roo"], "root"],
  [["--track", ""], ""],
])("bash: %j", (words, wanted) => {
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", script, join(made, "mail"), "mail", ...words], {
    cwd: home,
    env: { HOME: home, PATH: process.env["PATH"] },
    encoding: "utf8",
  });
  expect([stdout, stderr]).toEqual([`${wanted}\n`, ""]);
});

test("zsh and fish: the word behind -f is a file", () => {
  expect(readFileSync(join(made, "_mail"), "utf8")).toMatch(/\{-f,--file\}'\[.*\]::file:_files'/);
  expect(readFileSync(join(made, "mail.fish"), "utf8")).toContain("not __fish_contains_opt -s f file");
});
