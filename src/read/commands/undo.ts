/** undo and resume: changes of state taken back, and taken up again. */

import { describeChanges } from "../changes/describe-changes.ts";
import { type Command, command } from "../session/command.ts";
import { makeCurrent } from "../session/cursor.ts";
import { takesNothing } from "../session/takes.ts";

export const undoCommands: readonly Command[] = [
  command({
    name: "undo",
    takes: takesNothing,
    summary:
      "Take back what the last command changed: deletions, marks, what counts as read. Again for the one before.",
    example: "undo",
    barred: ["sending"],
    run: ({ folder, terminal }) => {
      const step = folder?.history.undo();
      if (folder === undefined || step === undefined) {
        terminal.out("Nothing to undo\n");
        return false;
      }
      makeCurrent(folder, step.current);
      terminal.out(`Took back "${step.line.trim() || "next"}": ${describeChanges(step.changes)}\n`);
      return true;
    },
  }),
  command({
    name: "resume",
    takes: takesNothing,
    summary: "Take up what a session that was killed or lost its connection had not written.",
    example: "resume",
    barred: ["sending"],
    run: async (session) => {
      const { resume } = await import("../folder/resume.ts");
      return resume(session);
    },
  }),
];
