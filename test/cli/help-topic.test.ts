/** `mail help TOPIC` with the built program. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

function help(topic: string): { status: number | null; stdout: string; stderr: string } {
  const argv = [join(process.cwd(), "bin/mail.js"), "help", topic];
  return spawnSync(process.execPath, argv, { encoding: "utf8" });
}

test.each([
  // case               topic            part of the output
  ["a section", "exit-status", "Exit status -- "],
  ["a subsection", "queries", "\nsince:date\n    The message is dated at this time or later. Example: 'since:2d'\n"],
  ["the beginning of a title", "mess", "Message lists -- mail(1)\n\nMost commands take a list of messages"],
  ["a command", "delete", "delete -- mail(1)\n\ndelete [msglist]\n"],
  ["a variable", "askcc", "askcc -- mailrc(5)\n\naskcc\n"],
  ["a variable and its default", "lockwait", "a mailbox that another program has locked. By\n    default 30."],
  ["an option", "--attach", "-A, --attach file\n    Attach a file"],
  ["an escape", "~m", "~m messages\n"],
])("%s", (_what, topic, part) => {
  const { status, stdout } = help(topic);
  expect(stdout.toLowerCase()).toContain(part.toLowerCase());
  expect(status).toBe(0);
});

test("an unknown topic is refused, and the nearest one is suggested", () => {
  expect(help("indentprefx")).toEqual(
    expect.objectContaining({
      status: 64,
      stderr: expect.stringContaining("no such topic; did you mean indentprefix?"),
    }),
  );
});
