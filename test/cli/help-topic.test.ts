/** Tests `mail help TOPIC` with the built program. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

function help(topic: string): { status: number | null; stdout: string; stderr: string } {
  const argv = [join(process.cwd(), "bin/mail.js"), "help", topic];
  return spawnSync(process.execPath, argv, { encoding: "utf8" });
}

test.each([
  // case               topic            part of the output
  ["a section", "exit-status", "Exit status -- "],
  ["a subsection", "queries", "\nsince:date\n    The message's date is this time or later. Example: 'since:2d'\n"],
  ["the beginning of a title", "mess", "Message lists -- mail(1)\n\nMost commands take a list of messages"],
  ["a command", "delete", "delete -- mail(1)\n\ndelete [msglist]\n"],
  ["a variable", "askcc", "askcc -- mailrc(5)\n\naskcc\n"],
  ["a variable and its default", "lockwait", "a mailbox that another program has locked. The\n    default is 30."],
  ["an option", "--attach", "-A, --attach file\n    Attach a file"],
  ["an escape", "~m", "~m messages\n"],
  ["an escape that shares its text with another", "~r", "~r file\n~< file\n    Read a file into the message buffer."],
])("%s", (_what, topic, part) => {
  const { status, stdout } = help(topic);
  expect(stdout.toLowerCase()).toContain(part.toLowerCase());
  expect(status).toBe(0);
});

test.each([
  // topic      title                first and last command
  ["attach", "Attachments", "-A report.pdf", "november.pdf"],
  ["html", "HTML", "--html", "-M text/html"],
  ["smtp", "Mail servers", "mta=smtp://relay.example.org", "mail --check"],
  ["gmail", "Gmail", "machine smtp.gmail.com login", "oauth-token-command"],
  ["outlook", "Outlook", "oauth-token-command", "machine smtp.office365.com"],
  ["container", "Containers and machines without a mail server", "ENV mta=smtp://", "mail -S queue"],
  ["cron", "Cron and scripts", "--if failed", "mail-sendmail"],
])("the topic %s prints a section of the recipes", (topic, title, first, last) => {
  const { status, stdout } = help(topic);
  const section = readFileSync("docs/recipes.md", "utf8")
    .split(/^## /m)
    .find((each) => each.startsWith(`${title}\n`));
  const questions = [...(section ?? "").matchAll(/^### (.*)$/gm)].map(([, question]) => question);
  expect(status).toBe(0);
  expect(stdout).toMatch(new RegExp(`^${title} -- recipes\n\n${questions[0]?.replace("?", "[?]")}\n\n`));
  expect(stdout.split("\n").filter((line) => questions.includes(line))).toEqual(questions);
  for (const part of [first, last]) expect(stdout).toContain(part);
  expect(stdout).not.toMatch(/[`#]|<!--/);
});

test("an unknown topic is refused, and the nearest one is suggested", () => {
  expect(help("indentprefx")).toEqual(
    expect.objectContaining({
      status: 64,
      stderr: expect.stringContaining("no such topic; did you mean indentprefix?"),
    }),
  );
});
