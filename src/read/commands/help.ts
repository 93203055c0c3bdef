/** ?, help, list, version. */
import { type Command, command } from "../command.ts";
import { helpText } from "../help-text.ts";
import { takesNothing } from "../takes.ts";

const helpRow = (name: string, summary: string) =>
  command({ name, takes: takesNothing, summary, example: name, run: ({ terminal }) => terminal.out(helpText) });

const lineWidth = 70;

function nameList(names: readonly string[]): string {
  const lines: string[] = [];
  let line = "";
  names.forEach((name, index) => {
    const word = index === names.length - 1 ? name : `${name}, `;
    if (line.length + name.length > lineWidth) {
      lines.push(line);
      line = "";
    }
    line += word;
  });
  return `Commands are:\n${[...lines, line].join("\n")}\n`;
}

/** @param names of all commands, in the table's order; passed in, because the table itself imports this file */
export function helpCommands(names: () => readonly string[]): readonly Command[] {
  return [
    helpRow("?", "Show what the most used commands do."),
    helpRow("help", "The same as ?."),
    command({
      name: "list",
      takes: takesNothing,
      summary: "Name all commands.",
      example: "list",
      run: ({ terminal }) => terminal.out(nameList(names())),
    }),
    command({
      name: "version",
      takes: takesNothing,
      summary: "Show the version of bsd-mailx that this one behaves as.",
      example: "version",
      run: ({ terminal }) => terminal.out("Version 8.1.2 01/15/2001\n"),
    }),
  ];
}
