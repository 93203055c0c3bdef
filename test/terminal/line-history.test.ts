import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { LineHistory } from "../../src/terminal/line-history.ts";

let home = "";
const path = () => join(home, "state/mail/history");
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mail-history-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test("lines are kept for the next session in a file that only the user can read", () => {
  const first = new LineHistory(10, path());
  for (const line of ["p 1", "d 2\u00e9 \udce9"]) first.add(line);
  expect(new LineHistory(10, path()).lines()).toEqual(["p 1", "d 2\u00e9 \udce9"]);
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  expect(statSync(join(home, "state/mail")).mode & 0o777).toBe(0o700);
});

test.each([
  ["a repeated line is kept once", ["p", "p", "d", "p"], ["p", "d", "p"]],
  ["a line with a leading space is not kept", [" set secret", "p"], ["p"]],
  ["empty lines are not kept", ["", "  ", "p"], ["p"]],
  ["a very long line is not kept", ["x".repeat(5000), "p"], ["p"]],
])("%s", (_rule, typed, kept) => {
  const history = new LineHistory(10, path());
  for (const line of typed) history.add(line);
  expect(history.lines()).toEqual(kept);
});

test("the number of lines never exceeds the limit, and the file stays short", () => {
  for (let session = 0; session < 5; session++) {
    const history = new LineHistory(3, path());
    for (let line = 0; line < 4; line++) history.add(`p ${session}-${line}`);
    expect(history.lines()).toHaveLength(3);
  }
  expect(new LineHistory(3, path()).lines()).toEqual(["p 4-1", "p 4-2", "p 4-3"]);
  expect(readFileSync(path(), "utf8").split("\n").length).toBeLessThanOrEqual(12);
});

test("a limit of 0 keeps no lines", () => {
  const history = new LineHistory(0, path());
  history.add("p");
  expect(history.lines()).toEqual([]);
  expect(() => statSync(path())).toThrow();
});

test("two concurrent sessions do not lose each other's lines", () => {
  const one = new LineHistory(10, path());
  const other = new LineHistory(10, path());
  one.add("p 1");
  other.add("p 2");
  one.add("p 3");
  expect(new LineHistory(10, path()).lines()).toEqual(["p 1", "p 2", "p 3"]);
});

test("a history file that cannot be written does not cause a failure", () => {
  writeFileSync(join(home, "file"), "");
  const history = new LineHistory(10, join(home, "file/history"));
  history.add("p 1");
  expect(history.lines()).toEqual(["p 1"]);
});
