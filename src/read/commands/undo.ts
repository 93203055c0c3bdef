/** The undo and resume commands, which undo and restore changes to the state of messages. */

import { UserMistake } from "../../errors.ts";
import { describeChanges } from "../changes/describe-changes.ts";
import { type Command, declareCommand } from "../session/command.ts";
import { takesNothing } from "../session/command-arguments.ts";
import { makeCurrent } from "../session/cursor.ts";

export const undoCommands: readonly Command[] = [
  declareCommand({
    name: "undo",
    task: "file",
    takes: takesNothing,
    summary:
      "Undo the last command that deleted, marked, read or collapsed messages. Repeat undo to undo earlier commands.",
    example: "undo",
    barred: ["sending"],
    run: ({ folder, terminal }) => {
      const step = folder?.history.undo();
      if (folder === undefined || step === undefined) throw new UserMistake("Nothing to undo");
      makeCurrent(folder, step.current);
      const undone = step.view === undefined ? describeChanges(step.changes) : step.view.undone;
      terminal.out(`Undid "${step.line.trim() || "next"}": ${undone}\n`);
    },
  }),
  declareCommand({
    name: "resume",
    task: "folder",
    takes: takesNothing,
    summary: "Restore the pending changes of a session that was killed or lost its connection.",
    example: "resume",
    barred: ["sending"],
    run: async (session) => {
      const { resumeChanges } = await import("../folder/resume.ts");
      await resumeChanges(session);
    },
  }),
];
