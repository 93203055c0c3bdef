import { expect, test } from "@jest/globals";
import { helpOn } from "../../../src/read/comfort/task-help.ts";
import { commands, declaredCommands } from "../../../src/read/commands/command-table.ts";
import { displayWidth } from "../../../src/terminal/display-width.ts";

function shown(topic: string, columns = 80): string {
  return helpOn(topic, columns)
    .map(({ text }) => text)
    .join("");
}

test.each([40, 80])("the overview fits in %i columns and lists every command once, without synonyms", (columns) => {
  const text = shown("", columns);
  for (const line of text.split("\n")) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
  const listed = declaredCommands.filter(({ name }) => ` ${text.replaceAll("\n", " ")} `.includes(` ${name} `));
  expect(listed.map(({ name }) => name)).toEqual(declaredCommands.map(({ name }) => name));
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
  ["crt", "crt=lines\n  Page messages that have more than this number of lines"],
  ["~m", "~m messages\n  Read in messages"],
  ["msglist", "since:2d"],
  ["xyzzy", 'No command, variable or escape is called "xyzzy"'],
])("help %s", (topic, text) => expect(shown(topic)).toContain(text));

test("every command has a task, except those used only in start-up files", () => {
  const more = /^More\n([\s\S]*?)help NAME/m.exec(shown(""))?.[1] ?? "";
  expect(more.trim().split(/\s+/)).toEqual(["#", "version", "saveignore", "saveretain", "if", "else", "endif"]);
});
