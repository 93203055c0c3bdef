/** ?, help, list, version. */

import type { Takes } from "../session/command.ts";
import { type Command, command } from "../session/command.ts";
import type { Session } from "../session/session.ts";
import { takesNothing } from "../session/takes.ts";
import { helpText } from "./help-text.ts";

/** A topic counts on a terminal only: bsd-mailx takes none. */
const takesTopic: Takes<string> = { synopsis: "[topic]", parse: (_session, rest) => rest.trim() };

const helpRow = (name: string, summary: string, example: string) =>
  command({ name, takes: takesTopic, summary, example, run: help });

async function help({ comfort, config, terminal }: Session, topic: string): Promise<void> {
  if (comfort === undefined) return terminal.out(helpText);
  const text = comfort.help(topic);
  const lines = text.reduce((sum, { text: piece }) => sum + piece.split("\n").length - 1, 0);
  if (config.settings.get("crt") !== undefined && lines >= terminal.size().rows)
    return await terminal.page(config.settings.get("PAGER"), text);
  for (const { text: piece, style } of text) terminal.out(piece, style);
}

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
    helpRow("?", "Show what commands do; on a terminal also one command, variable or escape.", "?"),
    helpRow("help", "The same as ?.", "help save"),
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
