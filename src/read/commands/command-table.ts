/**
 * All commands, in the order that settles abbreviations: the first that begins with what was typed is meant.
 *
 * Parsing, `list`, completion and mail(1) read this table. The order is bsd-mailx's; what it lacks comes last.
 */

import type { Command } from "../session/command.ts";
import { aliasCommands } from "./aliases.ts";
import { conditionalCommands } from "./conditionals.ts";
import { editCommands } from "./edit.ts";
import { endCommands } from "./end.ts";
import { fieldCommands } from "./fields.ts";
import { fileCommands } from "./files.ts";
import { forwardCommands } from "./forward.ts";
import { headerCommands } from "./headers.ts";
import { helpCommands } from "./help.ts";
import { mailCommands } from "./mail.ts";
import { partCommands } from "./parts.ts";
import { pipeCommands } from "./pipe.ts";
import { printCommands } from "./print.ts";
import { replyCommands } from "./reply.ts";
import { saveCommands } from "./save.ts";
import { shellCommands } from "./shell.ts";
import { sortCommands } from "./sort.ts";
import { stateCommands } from "./state.ts";
import { trackCommands } from "./track.ts";
import { undoCommands } from "./undo.ts";
import { variableCommands } from "./variables.ts";

/** What bsd-mailx lacks, and so not in what `list` prints. */
const ours = "unalias Save Copy parts open track undo resume followup Followup forward fwd sort thread unsort".split(
  " ",
);

const order = `next alias print type Type Print visual top touch preserve delete dp dt undelete unset mail mbox pipe |
  more page More Page unread Unread ! copy chdir cd save source set shell version group write from file folder folders
  ? z headers help = Reply Respond reply respond edit echo quit list xit exit size hold if else endif alternates ignore
  discard retain saveignore savediscard saveretain # inc new`
  .split(/\s+/)
  .concat(ours);

const rows = [
  ...aliasCommands,
  ...conditionalCommands,
  ...editCommands,
  ...endCommands,
  ...fieldCommands,
  ...fileCommands,
  ...forwardCommands,
  ...headerCommands,
  ...helpCommands(() => commands.map(({ name }) => name).filter((name) => !ours.includes(name))),
  ...mailCommands,
  ...partCommands,
  ...pipeCommands,
  ...printCommands,
  ...replyCommands,
  ...saveCommands,
  ...shellCommands,
  ...sortCommands,
  ...stateCommands,
  ...trackCommands,
  ...undoCommands,
  ...variableCommands,
];

/** In order; a row that is declared but not placed, or placed but not declared, is a bug that every start would show. */
function inOrder(): readonly Command[] {
  const byName = new Map(rows.map((row) => [row.name, row]));
  const placed = order.map((name) => {
    const row = byName.get(name);
    if (row === undefined) throw new Error(`command ${name} is not declared`);
    byName.delete(name);
    return row;
  });
  if (byName.size > 0) throw new Error(`commands without a place: ${[...byName.keys()].join(" ")}`);
  return placed;
}

export const commands: readonly Command[] = inOrder();
