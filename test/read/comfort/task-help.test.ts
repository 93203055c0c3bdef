import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { variables } from "../../../src/config/variables.ts";
import { helpOn, questions } from "../../../src/read/comfort/task-help.ts";
import { commands, declaredCommands } from "../../../src/read/commands/command-table.ts";
import { displayWidth } from "../../../src/terminal/display-width.ts";

function shown(topic: string, columns = 80): string {
  return helpOn(topic, columns)
    .map(({ text }) => text)
    .join("");
}

const read = (name: string) => readFileSync(join(import.meta.dirname, "../../..", name), "utf8");

test.each([40, 80, 200])("in %i columns, the overview lists every command once, without synonyms", (columns) => {
  const text = shown("", columns);
  const listed = declaredCommands.filter(({ name }) => ` ${text.replaceAll("\n", " ")} `.includes(` ${name} `));
  expect(listed.map(({ name }) => name)).toEqual(declaredCommands.map(({ name }) => name));
});

const topics = ["", "msglist", "~", "~r", "xyzzy", ...commands.map(({ name }) => name), ...Object.keys(variables)];

test.each([40, 60, 80, 200])("in %i columns, help is wrapped at spaces, and no text is omitted", (columns) => {
  const words = (text: string) => text.split(/\s+/).filter(Boolean);
  for (const topic of topics) {
    const text = shown(topic, columns);
    for (const line of text.split("\n")) {
      // Examples are not wrapped, so that they can be copied.
      if (!line.startsWith("  Example: ")) expect([line, displayWidth(line) <= columns]).toEqual([line, true]);
    }
    expect(words(text)).toEqual(words(shown(topic, 10_000)));
    expect(text).not.toContain("…");
  }
});

test("help on any name of a command lists the command's other names, all of which exist", () => {
  const names = commands.map(({ name }) => name);
  for (const { name, synonyms } of declaredCommands) {
    for (const own of [name, ...synonyms.map((synonym) => synonym.name)]) {
      const others = [name, ...synonyms.map((synonym) => synonym.name)].filter((other) => other !== own);
      const [, shownOthers = ""] = /^ {2}Synonyms: (.*)$/m.exec(shown(own)) ?? [];
      expect([own, shownOthers.split(", ").filter(Boolean).sort()]).toEqual([own, others.sort()]);
    }
  }
  expect(new Set(names).size).toBe(names.length);
});

test.each([
  ["new", "Mark messages as new"],
  ["touch", "Move messages to mbox at quit"],
  ["Copy", "to a file named after the author"],
])("%s is not a synonym of another command", (name, summary) => {
  expect(shown(name)).toContain(summary);
  expect(shown(name)).not.toContain("Synonyms:");
});

test("help shows a command's synopsis, summary, abbreviation, synonyms and an example", () => {
  expect(shown("delete")).toMatch(/^delete \[msglist\]\n {2}Mark messages as deleted.*\n {2}Abbreviation: d\n/);
  expect(shown("delete")).toContain("Example: delete 2-4\n");
  expect(shown("pr")).toMatch(/^print /);
  expect(shown("print")).toContain("Synonyms: type\n");
});

test.each([
  ["crt", "crt=lines\n  Use the pager for messages that have more than this number of lines"],
  ["~m", "~m messages\n  Read in messages"],
  ["msglist", "since:2d"],
  ["names", "  set showname            Show names instead of addresses in header lists. In\n"],
  ["", "  exit                    Quit without changing the mailbox. The abbreviation is"],
  ["xyzzy", 'No command, variable or escape is called "xyzzy"'],
])("help %s", (topic, text) => expect(shown(topic)).toContain(text));

test("every command is assigned to a task, except those used only in start-up files", () => {
  const more = /^More\n([\s\S]*?)Frequent questions/m.exec(shown(""))?.[1] ?? "";
  expect(more.trim().split(/\s+/)).toEqual(["#", "version", "saveignore", "saveretain", "if", "else", "endif"]);
});

test.each(questions)("mail(1) and docs/recipes.md also explain $command", ({ command }) => {
  const [first = ""] = command.split(" 3 ");
  const manual = read("man/mail.1").replaceAll("\\-", "-");
  expect(/^\.Ss Frequent questions\n([\s\S]*?)^\.S/m.exec(manual)?.[1]).toContain(`.Ql "\\&${first}`);
  expect(/^## In a session\n([\s\S]*)/m.exec(read("docs/recipes.md"))?.[1]).toContain(first);
});
