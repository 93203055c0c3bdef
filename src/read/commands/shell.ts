/** The !, shell, cd and echo commands, which interact with the operating system. */
import { spawn } from "node:child_process";
import { waitForExit, withLastCommand } from "../../compose/typing/child.ts";
import { expandFileName } from "../../config/paths.ts";
import { addPathToError, isSystemError, strerror } from "../../system-error.ts";
import { type Command, declareCommand } from "../session/command.ts";
import { takesNothing, takesWords } from "../session/command-arguments.ts";
import { tryStep } from "../session/mistakes.ts";
import type { Session } from "../session/session.ts";

/**
 * Runs a program that inherits the terminal.
 *
 * @returns the program's exit code; 0 if the user interrupted the program, undefined if another signal ended it
 */
async function runArguments(
  { terminal, config, program }: Session,
  argv: readonly string[],
): Promise<number | undefined> {
  await terminal.flush();
  return terminal.lend(async () => {
    try {
      const child = spawn(config.settings.get("SHELL"), argv, { stdio: "inherit" });
      const { code, signal } = await waitForExit(child, terminal);
      return signal === "SIGINT" && terminal.inputIsTerminal ? 0 : (code ?? undefined);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      terminal.err(`${program}: ${config.settings.get("SHELL")}: ${strerror(error)}\n`);
      return 1;
    }
  });
}

/**
 * Runs a program and reports a failure.
 *
 * @returns whether it succeeded
 */
export async function runAndTell(session: Session, argv: readonly string[]): Promise<boolean> {
  const code = await runArguments(session, argv);
  if (code === undefined) session.terminal.out("Fatal error in process.\n");
  else if (code !== 0) session.terminal.out(`Fatal error, process exited with code ${code}.\n`);
  return code === 0;
}

function changeDirectory(session: Session, [typed]: readonly string[]): void {
  const directory = typed === undefined ? session.config.identity.home : expandFileName(session, typed);
  try {
    process.chdir(directory);
  } catch (error) {
    throw addPathToError(directory, error);
  }
}

export const shellCommands: readonly Command[] = [
  declareCommand({
    name: "!",
    task: "session",
    takes: { synopsis: "command", parse: (_session, rest) => rest },
    summary: "Run a shell command. A ! in the command is replaced by the previous shell command.",
    example: "!date",
    barred: ["sourcing"],
    transparent: true,
    run: async (session, text) => {
      const done = await runAndTell(session, ["-c", withLastCommand(session.config, session.terminal, text)]);
      session.terminal.out("!\n");
      return done;
    },
  }),
  declareCommand({
    name: "shell",
    task: "session",
    takes: takesNothing,
    summary: "Start a shell.",
    example: "shell",
    barred: ["sending", "sourcing"],
    run: async (session) => {
      const done = await runAndTell(session, []);
      session.terminal.out("\n");
      return done;
    },
  }),
  declareCommand({
    name: "cd",
    synonyms: [{ name: "chdir", inFull: false }],
    task: "session",
    inFull: true,
    takes: takesWords("[directory]", 0, 1),
    summary: "Change the working directory. With no arguments, change to the home directory.",
    example: "cd /tmp",
    run: changeDirectory,
  }),
  declareCommand({
    name: "echo",
    task: "session",
    takes: takesWords("word ..."),
    summary: "Print the words, expanded as file names.",
    example: "echo $HOME",
    run: (session, typed) => {
      const { terminal } = session;
      let line = "";
      let done = true;
      for (const [index, word] of typed.entries()) {
        // If `#` has no previous folder to refer to, the words before `#` are printed before the error. Any other error
        // is printed before the first word.
        if (word === "#" && session.folder?.previous === undefined) {
          terminal.out(line);
          line = "";
        }
        // As in bsd-mailx, the space before a word that cannot be expanded is not printed.
        const expand = () => {
          line += `${index > 0 ? " " : ""}${expandFileName(session, word)}`;
        };
        done = tryStep(session, expand) && done;
      }
      terminal.out(`${line}\n`);
      // As in bsd-mailx, a failure does not end the processing of a sourced file.
      return done || !session.config.settings.get("errexit");
    },
  }),
];
