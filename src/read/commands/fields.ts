/** ignore, retain and their like for saving: which header fields are shown or saved. */
import type { FieldSelection } from "../../config/config.ts";
import { type Command, command } from "../session/command.ts";
import type { Session } from "../session/session.ts";
import { takesWords } from "../session/takes.ts";

function fieldRow(
  name: string,
  what: "ignored" | "retained",
  of: (session: Session) => FieldSelection,
  summary: string,
): Command {
  return command({
    name,
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
  fieldRow("ignore", "ignored", shown, "Leave header fields out when printing."),
  fieldRow("discard", "ignored", shown, "The same as ignore."),
  fieldRow("retain", "retained", shown, "Print only these header fields."),
  fieldRow("saveignore", "ignored", saved, "Leave header fields out when saving."),
  fieldRow("savediscard", "ignored", saved, "The same as saveignore."),
  fieldRow("saveretain", "retained", saved, "Save only these header fields."),
];
