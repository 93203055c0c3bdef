/** quit, exit and the comment. */

import { type Command, command } from "../session/command.ts";
import type { Session } from "../session/session.ts";
import { takesNothing, takesText } from "../session/takes.ts";

/** In a file only the file ends there; a message being composed is not ended by quit. */
function end(session: Session, ending: "quit" | "exit"): boolean {
  if (session.sourcing > 0) session.fileEnded = true;
  if (session.sourcing > 0 || (session.composing && ending === "quit")) return false;
  session.ending = ending;
  return true;
}

const exitRow = (name: string, summary: string) =>
  command({
    name,
    takes: takesNothing,
    summary,
    example: name,
    run: (session: Session) => end(session, "exit"),
  });

export const endCommands: readonly Command[] = [
  command({
    name: "quit",
    takes: takesNothing,
    summary: "End; what was read goes to mbox, what was deleted goes.",
    example: "quit",
    barred: ["sending"],
    run: (session) => end(session, "quit"),
  }),
  exitRow("xit", "The same as exit."),
  exitRow("exit", "End and leave the mailbox as it was."),
  command({
    name: "#",
    takes: takesText("text"),
    summary: "A comment.",
    example: "# nothing",
    run: () => {},
  }),
];
