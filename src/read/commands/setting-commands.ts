/**
 * The commands that only change settings. Most start-up files contain only these commands, so sending or listing
 * messages usually does not load the complete table of commands.
 */
import type { Command } from "../session/command.ts";
import { aliasCommands } from "./aliases.ts";
import { conditionalCommands } from "./conditionals.ts";
import { fieldCommands } from "./fields.ts";
import { variableCommands } from "./set.ts";

const settingCommands = new Map(
  [...variableCommands, ...aliasCommands, ...fieldCommands, ...conditionalCommands]
    .flatMap((row) => [row, ...row.synonyms])
    .map((row) => [row.name, row]),
);

/**
 * Returns the command whose complete name is given; undefined if no command that changes settings has this name. Each
 * of these names selects the same command in the complete table.
 */
export function findSettingCommand(name: string): Command | undefined {
  return settingCommands.get(name);
}
