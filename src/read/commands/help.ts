/** The ?, help, list and version commands. */

import type { Takes } from "../session/command.ts";
import { type Command, declareCommand } from "../session/command.ts";
import { takesNothing } from "../session/command-arguments.ts";
import type { Session } from "../session/session.ts";
import { helpText } from "./help-text.ts";

/** An optional help topic, which is used only on a terminal because bsd-mailx accepts no topic. */
const takesTopic: Takes<string> = { synopsis: "[topic]", parse: (_session, rest) => rest.trim() };

async function showHelp({ comfort, config, terminal }: Session, topic: string): Promise<void> {
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

/**
 * Returns the table rows for the help commands.
 *
 * @param listed the names that `list` prints, in the order of its output; passed as a parameter because the command
 * table imports this file
 */
export function helpCommands(listed: readonly string[]): readonly Command[] {
  return [
    declareCommand({
      name: "help",
      synonyms: ["?"],
      task: "session",
      takes: takesTopic,
      summary: "Describe the commands or, on a terminal, a single command, variable or escape.",
      example: "help save",
      run: showHelp,
    }),
    declareCommand({
      name: "list",
      task: "session",
      takes: takesNothing,
      summary: "List the names of all commands.",
      example: "list",
      run: ({ terminal }) => terminal.out(nameList(listed)),
    }),
    declareCommand({
      name: "version",
      takes: takesNothing,
      summary: "Show the version of bsd-mailx whose behaviour this program follows.",
      example: "version",
      run: ({ terminal }) => terminal.out("Version 8.1.2 01/15/2001\n"),
    }),
  ];
}
