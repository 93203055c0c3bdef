import { expect, test } from "@jest/globals";
import { helpOn } from "../../../src/read/comfort/help.ts";
import { commands } from "../../../src/read/commands/command-table.ts";
import { displayWidth } from "../../../src/terminal/display-width.ts";

function shown(topic: string, columns = 80): string {
  return helpOn(topic, columns)
    .map(({ text }) => text)
    .join("");
}

test.each([40, 80])("? fits into %i columns and names each command, or another name of it", (columns) => {
  const text = shown("", columns);
  for (const line of text.split("\n")) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
  for (const { name } of commands) {
    const named = text.includes(` ${name}`) || shown(name).includes("Also:") || name === "#";
    expect([name, named]).toEqual([name, true]);
  }
});

test("help shows a command's synopsis, what it does, its short form, its other names and an example", () => {
  expect(shown("delete")).toMatch(/^delete \[msglist\]\n {2}Mark messages as deleted.*\n {2}In short: d\n/);
  expect(shown("delete")).toContain("Example: delete 2-4\n");
  expect(shown("pr")).toMatch(/^print /);
  expect(shown("print")).toContain("Also: type\n");
});

test.each([
  ["crt", "crt=lines\n  Page messages longer than this"],
  ["~m", "~m messages\n  Read in messages"],
  ["msglist", "since:2d"],
  ["xyzzy", 'No command, variable or escape is called "xyzzy"'],
])("help %s", (topic, text) => expect(shown(topic)).toContain(text));

test("a new command gets its place among the tasks: nothing but what start-up files need is under More", () => {
  const more = /^More\n([\s\S]*?)help NAME/m.exec(shown(""))?.[1] ?? "";
  expect(more.trim().split(/\s+/)).toEqual(["version", "if", "else", "endif", "saveignore", "saveretain"]);
});
