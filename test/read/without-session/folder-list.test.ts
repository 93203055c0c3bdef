/** Tests `mail --folders`, which lists the names in the folder directory. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Exit } from "../../../src/errors.ts";
import { printFolders } from "../../../src/read/without-session/folder-list.ts";
import { type Bench, bench, message } from "../support/session.ts";

let session: Bench;
let directory: string;

beforeEach(async () => {
  session = await bench(message("ann", "one"));
  directory = mkdtempSync(join(tmpdir(), "mail-folders-"));
  session.config.settings.set("folder", directory);
});
afterEach(async () => {
  await session.remove();
  rmSync(directory, { recursive: true });
});

test("names are sorted, and hidden files are omitted", async () => {
  for (const name of ["work", "archive", ".hidden"]) writeFileSync(join(directory, name), "");
  mkdirSync(join(directory, "maildir"));
  expect(await printFolders(session, false)).toBe(Exit.Ok);
  expect(session.said()).toBe("archive\nmaildir\nwork\n");
  await printFolders(session, true);
  expect(session.said().split("\n")[0]).toBe('{"version":1,"name":"archive","use":null}');
});

test("in JSON, the control characters in a name are escaped", async () => {
  writeFileSync(join(directory, "a\u009bJ\u007f"), "");
  await printFolders(session, true);
  expect(session.said()).toBe('{"version":1,"name":"a\\u009bJ\\u007f","use":null}\n');
});

test.each<[string, string, string]>([
  ["not set", "", "folder: not set"],
  ["missing", "/nonexistent/folder", "/nonexistent/folder: No such file or directory"],
])("a folder directory that is %s is reported", async (_state, value, text) => {
  if (value === "") session.config.settings.unset("folder");
  else session.config.settings.set("folder", value);
  await expect(printFolders(session, false)).rejects.toThrow(text);
});
