/** The quit, exit and # commands. */

import { type Command, declareCommand } from "../session/command.ts";
import { takesNothing, takesText } from "../session/command-arguments.ts";
import type { Session } from "../session/session.ts";

/**
 * Ends the session. In a sourced file, the command ends only the processing of that file. While a message is being
 * composed, quit does nothing.
 */
function endSession(session: Session, ending: "quit" | "exit"): boolean {
  if (session.sourcing > 0) session.fileEnded = true;
  if (session.sourcing > 0 || (session.composing && ending === "quit")) return false;
  session.ending = ending;
  return true;
}

export const endCommands: readonly Command[] = [
  declareCommand({
    name: "quit",
    task: "folder",
    takes: takesNothing,
    summary: "Quit: move read messages to mbox, and remove deleted messages.",
    example: "quit",
    barred: ["sending"],
    run: (session) => endSession(session, "quit"),
  }),
  declareCommand({
    name: "exit",
    synonyms: ["xit"],
    task: "folder",
    takes: takesNothing,
    summary: "Exit without changing the mailbox.",
    example: "exit",
    run: (session: Session) => endSession(session, "exit"),
  }),
  declareCommand({
    name: "#",
    takes: takesText("text"),
    summary: "Ignore the line, which is a comment.",
    example: "# nothing",
    run: () => {},
  }),
];
