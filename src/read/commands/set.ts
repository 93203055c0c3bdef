/** The commands set and unset. */
import { assignVariable } from "../session/assign-variable.ts";
import { type Command, declareCommand } from "../session/command.ts";
import { takesWords } from "../session/command-arguments.ts";
import type { Session } from "../session/session.ts";

function listVariables({ config, terminal }: Session): void {
  const all = config.settings.all().sort(([a], [b]) => (a < b ? -1 : 1));
  terminal.out(all.map(([name, value]) => `${name}\t${value}\n`).join(""));
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
      return words.map((word) => assignVariable(session, word)).every(Boolean);
    },
  }),
  declareCommand({
    name: "unset",
    task: "session",
    takes: takesWords("name ...", 1),
    summary: "Unset variables.",
    example: "unset hold",
    run: ({ config, terminal, sourcing, comfort }, words) => {
      let known = true;
      for (const name of words) {
        if (name === "interactive") terminal.interactive = false;
        if (config.settings.unset(name) || sourcing > 0) continue;
        terminal.out(`"${name}": undefined variable\n`);
        const like = comfort?.likeVariable(name);
        if (like !== undefined) terminal.out(`Did you mean ${like}?\n`, "hint");
        known = false;
      }
      return known;
    },
  }),
];
