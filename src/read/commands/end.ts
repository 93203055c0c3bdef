/** quit, exit and the comment. */
import { type Command, command } from "../command.ts";
import type { Session } from "../session.ts";
import { takesNothing, takesText } from "../takes.ts";

const exitRow = (name: string, summary: string) =>
  command({
    name,
    takes: takesNothing,
    summary,
    example: name,
    barred: ["recursing"],
    run: (session: Session) => {
      session.ending = "exit";
    },
  });

export const endCommands: readonly Command[] = [
  command({
    name: "quit",
    takes: takesNothing,
    summary: "End; what was read goes to mbox, what was deleted goes.",
    example: "quit",
    barred: ["recursing"],
    run: (session) => {
      session.ending = "quit";
    },
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
