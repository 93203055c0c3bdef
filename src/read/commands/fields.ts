/** The ignore, retain, saveignore and saveretain commands, which select the header fields to print or to save. */
import type { FieldSelection } from "../../config/config.ts";
import { type Command, declareCommand, type Task } from "../session/command.ts";
import { takesWords } from "../session/command-arguments.ts";
import type { Session } from "../session/session.ts";

function fieldRow(
  name: string,
  synonyms: readonly string[],
  what: "ignored" | "retained",
  of: (session: Session) => FieldSelection,
  summary: string,
  task: Task = "more",
): Command {
  return declareCommand({
    name,
    synonyms,
    task,
    takes: takesWords("[field ...]"),
    summary,
    example: `${name} received`,
    run: (session, words) => {
      const fields = of(session)[what];
      for (const word of words) fields.add(word.toLowerCase());
      if (words.length > 0) return;
      const listed = [...fields].sort().map((field) => `${field}\n`);
      session.terminal.out(listed.length > 0 ? listed.join("") : `No fields currently being ${what}.\n`);
    },
  });
}

const shown = ({ config }: Session) => config.shown;
const saved = ({ config }: Session) => config.saved;

export const fieldCommands: readonly Command[] = [
  fieldRow("ignore", ["discard"], "ignored", shown, "Omit header fields when printing.", "session"),
  fieldRow("retain", [], "retained", shown, "Print only these header fields.", "session"),
  fieldRow("saveignore", ["savediscard"], "ignored", saved, "Omit header fields when saving."),
  fieldRow("saveretain", [], "retained", saved, "Save only these header fields."),
];
