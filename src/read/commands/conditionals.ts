/** The commands if, else and endif, which select lines of a start-up file for sending or for reading. */
import { type Command, declareCommand } from "../session/command.ts";
import { takesWords } from "../session/command-arguments.ts";

export const conditionalCommands: readonly Command[] = [
  declareCommand({
    name: "if",
    takes: takesWords("s | r", 1, 1),
    summary: "Run the lines up to endif only when sending (s) or when reading (r).",
    example: "if s",
    run: (session, [word = ""]) => {
      const { terminal } = session;
      if (session.conditional !== undefined) {
        terminal.out('Illegal nested "if"\n');
        return false;
      }
      const letter = word.charAt(0).toLowerCase();
      if (letter !== "s" && letter !== "r") {
        terminal.out(`Unrecognized if-keyword: "${word}"\n`);
        return false;
      }
      session.conditional = { when: letter === "s" ? "send" : "read" };
      return true;
    },
  }),
  declareCommand({
    name: "else",
    takes: takesWords("", 0, 0),
    summary: "Run the following lines only if the condition of if is false.",
    example: "else",
    run: ({ conditional, terminal }) => {
      if (conditional === undefined) {
        terminal.out('"Else" without matching "if"\n');
        return false;
      }
      conditional.when = conditional.when === "send" ? "read" : "send";
      return true;
    },
  }),
  declareCommand({
    name: "endif",
    takes: takesWords("", 0, 0),
    summary: "End an if.",
    example: "endif",
    run: (session) => {
      if (session.conditional === undefined) {
        session.terminal.out('"Endif" without matching "if"\n');
        return false;
      }
      session.conditional = undefined;
      return true;
    },
  }),
];
