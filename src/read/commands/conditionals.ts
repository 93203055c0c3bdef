/** The if, else and endif commands, which select lines of a start-up file for sending or for reading. */
import { UserMistake } from "../../errors.ts";
import { type Command, declareCommand } from "../session/command.ts";
import { takesWords } from "../session/command-arguments.ts";

export const conditionalCommands: readonly Command[] = [
  declareCommand({
    name: "if",
    takes: takesWords("s | r", 1, 1),
    summary: "Run the lines up to endif only when sending (s) or when reading (r).",
    example: "if s",
    run: (session, [word = ""]) => {
      const outer = session.conditional;
      if (outer !== undefined && !outer.isForeign) throw new UserMistake('Illegal nested "if"');
      const letter = word.charAt(0).toLowerCase();
      if (letter !== "s" && letter !== "r") throw new UserMistake(`Unrecognized if-keyword: "${word}"`);
      const isTaken = session.mode === (letter === "s" ? "send" : "read");
      session.conditional = { isTaken, wasTaken: isTaken, isForeign: false, outer };
    },
  }),
  declareCommand({
    name: "else",
    takes: takesWords("", 0, 0),
    summary: "Run the following lines only if the condition of the matching if command is false.",
    example: "else",
    run: ({ conditional }) => {
      if (conditional === undefined) throw new UserMistake('"Else" without matching "if"');
      // As in bsd-mailx, a second else inverts the condition again.
      conditional.isTaken = conditional.isForeign ? !conditional.wasTaken : !conditional.isTaken;
    },
  }),
  declareCommand({
    name: "endif",
    takes: takesWords("", 0, 0),
    summary: "End an if.",
    example: "endif",
    run: (session) => {
      if (session.conditional === undefined) throw new UserMistake('"Endif" without matching "if"');
      session.conditional = session.conditional.outer;
    },
  }),
];
