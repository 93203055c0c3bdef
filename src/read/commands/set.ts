/** The set and unset commands. */
import { hideSecrets } from "../../config/list-config.ts";
import { UserMistake } from "../../errors.ts";
import { assignVariable } from "../session/assign-variable.ts";
import { type Command, declareCommand } from "../session/command.ts";
import { takesWords } from "../session/command-arguments.ts";
import { tryEach } from "../session/mistakes.ts";
import type { Session } from "../session/session.ts";

function listVariables({ config, terminal }: Session): void {
  const all = config.settings.all().sort(([a], [b]) => (a < b ? -1 : 1));
  terminal.out(all.map(([name, value]) => `${name}\t${hideSecrets(name, value)}\n`).join(""));
}

function unsetVariable({ config, terminal, sourcing, comfort }: Session, name: string): void {
  if (name === "interactive") terminal.interactive = false;
  if (config.settings.unset(name) || sourcing > 0) return;
  const like = comfort?.likeVariable(name);
  const hint = like === undefined ? undefined : `Did you mean ${like}?`;
  throw new UserMistake(`"${name}": undefined variable`, { hint });
}

export const variableCommands: readonly Command[] = [
  declareCommand({
    name: "set",
    task: "session",
    takes: takesWords("[name[=value] ...]"),
    summary: "Set variables. With no arguments, list them.",
    example: "set hold record=+sent",
    run: async (session, typed) => {
      let words = typed;
      if (session.comfort !== undefined && typed.length === 1 && typed[0] === "?") {
        const word = await session.comfort.editVariable();
        words = word === undefined ? [] : [word];
      } else if (words.length === 0) listVariables(session);
      return tryEach(session, words, (word) => assignVariable(session, word));
    },
  }),
  declareCommand({
    name: "unset",
    task: "session",
    takes: takesWords("name ...", 1),
    summary: "Unset variables.",
    example: "unset hold",
    run: (session, words) => tryEach(session, words, (name) => unsetVariable(session, name)),
  }),
];
