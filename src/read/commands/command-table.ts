/**
 * The table of all commands. The parser, `list`, help, completion and mail(1) use it.
 *
 * An abbreviation selects the first command, in bsd-mailx's order, whose name begins with it. Commands that bsd-mailx
 * lacks come after all those that it has.
 */

import type { Command } from "../session/command.ts";
import { accountCommands } from "./account.ts";
import { aliasCommands } from "./aliases.ts";
import { conditionalCommands } from "./conditionals.ts";
import { editCommands } from "./edit.ts";
import { endCommands } from "./end.ts";
import { fieldCommands } from "./fields.ts";
import { fileCommands } from "./files.ts";
import { forwardCommands } from "./forward.ts";
import { headerCommands } from "./headers.ts";
import { helpCommands } from "./help.ts";
import { stateCommands } from "./marking.ts";
import { mailCommands, trackCommands } from "./outgoing.ts";
import { partCommands } from "./parts.ts";
import { pipeCommands } from "./pipe.ts";
import { printCommands } from "./print.ts";
import { replyCommands } from "./reply.ts";
import { resendCommands } from "./resend.ts";
import { saveCommands } from "./save.ts";
import { variableCommands } from "./set.ts";
import { shellCommands } from "./shell.ts";
import { sortCommands } from "./sort.ts";
import { undoCommands } from "./undo.ts";

/** The commands of bsd-mailx, in its order. `list` prints only these. */
const bsdOrder =
  `next alias print type Type Print visual top touch preserve delete dp dt undelete unset mail mbox pipe |
  more page More Page unread Unread ! copy chdir cd save source set shell version group write from file folder folders
  ? z headers help = Reply Respond reply respond edit echo quit list xit exit size hold if else endif alternates ignore
  discard retain saveignore savediscard saveretain # inc new`.split(/\s+/);

/** All commands, each once, in the order of the help overview. */
export const declaredCommands: readonly Command[] = [
  ...headerCommands,
  ...sortCommands,
  ...printCommands,
  ...partCommands,
  ...mailCommands,
  ...replyCommands,
  ...forwardCommands,
  ...resendCommands,
  ...trackCommands,
  ...stateCommands,
  ...saveCommands,
  ...undoCommands,
  ...editCommands,
  ...pipeCommands,
  ...fileCommands,
  ...endCommands,
  ...helpCommands(bsdOrder),
  ...variableCommands,
  ...aliasCommands,
  ...accountCommands,
  ...fieldCommands,
  ...shellCommands,
  ...conditionalCommands,
];

/** Returns a row for each name: first the names that bsd-mailx has, in its order, then the other names. */
function orderForAbbreviations(): readonly Command[] {
  const byName = new Map(declaredCommands.flatMap((row) => [row, ...row.synonyms]).map((row) => [row.name, row]));
  const bsd = bsdOrder.map((name) => {
    const row = byName.get(name);
    if (row === undefined) throw new Error(`command ${name} is not declared`);
    byName.delete(name);
    return row;
  });
  return [...bsd, ...byName.values()];
}

/** All names of all commands, in the order in which abbreviations are resolved. */
export const commands: readonly Command[] = orderForAbbreviations();

/** Returns the command that a word or an abbreviation selects (POSIX mailx), or undefined if there is none. */
export function findCommand(word: string): Command | undefined {
  if (word === "") return commands.find(({ name }) => name === "next");
  return commands.find(({ name, inFull }) => (inFull ? name === word : name.startsWith(word)));
}
