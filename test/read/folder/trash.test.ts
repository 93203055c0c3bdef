/** Tests how the `move` command and the `trash` variable move messages from local mailboxes. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { leaveFolder } from "../../../src/read/folder/quit.ts";
import { executeLine } from "../../../src/read/interpreter/interpreter.ts";
import { filesOf, letter, makeMaildir } from "../../mailbox/support/maildir.ts";
import { type Bench, bench, message } from "../support/session.ts";

let session: Bench;
let directory: string;
const mbox = ["one", "two", "three"].map((subject) => message("ann", subject)).join("");

beforeEach(async () => {
  session = await bench(mbox);
  directory = dirname(session.folder.mailbox.path);
});
afterEach(() => session.remove());

const run = async (...lines: string[]) => {
  for (const line of lines) await executeLine(session, line);
};
const subjectsIn = (path: string) => readFileSync(path, "utf8").match(/(?<=^Subject: ).*$/gm) ?? [];
const spool = () => session.folder.mailbox.path;

test("the move command appends messages to a file, and the originals are removed at quit", async () => {
  const file = join(directory, "moved");
  await run(`move 1-2 ${file}`, "f *");
  expect(session.said()).toMatch(new RegExp(`^"${file}" \\[New file\\]\n>N  3 ann .*three\n$`));
  expect([subjectsIn(file), subjectsIn(spool())]).toEqual([
    ["one", "two"],
    ["one", "two", "three"],
  ]);
  await leaveFolder(session);
  expect(subjectsIn(spool())).toEqual(["three"]);
});

test("the move command keeps the originals if the file cannot be written", async () => {
  await run(`move 1 ${directory}/missing/file`, "f *");
  expect(session.said()).toMatch(/one\n.*two\n.*three\n$/);
});

test("if trash is set, quit moves deleted messages to that folder without changing their state", async () => {
  const trash = join(directory, "trash");
  session.config.settings.set("trash", trash);
  await run("flag 2", "d 2", "touch 3");
  await leaveFolder(session);
  expect([subjectsIn(spool()), subjectsIn(trash)]).toEqual([["one"], ["two"]]);
  expect(readFileSync(trash, "utf8")).toContain("Status: RO\nX-Status: F\n");
});

test("messages that are removed because they were saved are not moved to the trash folder", async () => {
  session.config.settings.set("trash", join(directory, "trash"));
  await run(`save 1 ${directory}/saved`);
  await leaveFolder(session);
  expect([subjectsIn(spool()), existsSync(join(directory, "trash"))]).toEqual([["two", "three"], false]);
});

test("messages that are deleted in the trash folder itself are removed", async () => {
  session.config.settings.set("trash", spool());
  await run("d 1");
  await leaveFolder(session);
  expect(subjectsIn(spool())).toEqual(["two", "three"]);
});

test("if the trash folder cannot be written to, nothing is removed", async () => {
  writeFileSync(join(directory, "file"), "");
  session.config.settings.set("trash", join(directory, "file/trash"));
  await run("d 1");
  await expect(leaveFolder(session)).rejects.toThrow("Not a directory");
  expect(subjectsIn(spool())).toEqual(["one", "two", "three"]);
});

test("if another client has removed a deleted message from a Maildir, quit moves the others to the trash folder", () => {
  const maildir = join(directory, "box");
  makeMaildir(maildir, {
    "cur/1600000001.1.host:2,S": letter("ann", "one"),
    "cur/1600000002.1.host:2,S": letter("ann", "two"),
    "cur/1600000003.1.host:2,S": letter("ann", "three"),
  });
  const input = `set trash=${directory}/trash\ndelete 1-2\n!rm ${maildir}/cur/1600000001*\nquit\n`;
  const program = join(import.meta.dirname, "../../../bin/mail.js");
  const { status, stderr } = spawnSync(process.execPath, [program, "-n", "-f", maildir], {
    env: { HOME: directory, PATH: process.env["PATH"] },
    encoding: "utf8",
    input,
  });
  expect([status, stderr, subjectsIn(join(directory, "trash"))]).toEqual([0, "", ["two"]]);
  expect([...filesOf(maildir).keys()]).toEqual(["cur/1600000003.1.host:2,S"]);
});
