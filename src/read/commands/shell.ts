/** !, shell, cd, echo: the system around the session. */
import { spawn } from "node:child_process";
import { expandFileName } from "../../config/files.ts";
import { isSystemError, named } from "../../system-error.ts";
import { type Command, command } from "../command.ts";
import type { Session } from "../session.ts";
import { takesNothing, takesText, takesWords } from "../takes.ts";

/**
 * Runs a program with our terminal.
 *
 * @returns its exit code; undefined for one that a signal ended, other than the interrupt of who sits at the terminal
 */
async function run({ terminal, config }: Session, argv: readonly string[]): Promise<number | undefined> {
  await terminal.flush();
  return terminal.lend(
    () =>
      new Promise((resolve, reject) => {
        const child = spawn(config.settings.get("SHELL"), argv, { stdio: "inherit" });
        child.on("error", (error) => reject(named(config.settings.get("SHELL"), error)));
        child.on("close", (code, signal) => {
          const interrupted = signal === "SIGINT" && terminal.inputIsTerminal;
          resolve(interrupted ? 0 : (code ?? undefined));
        });
      }),
  );
}

async function runAndTell(session: Session, argv: readonly string[]): Promise<boolean> {
  const code = await run(session, argv);
  if (code === undefined) session.terminal.out("Fatal error in process.\n");
  else if (code !== 0) session.terminal.out(`Fatal error, process exited with code ${code}.\n`);
  return code === 0;
}

function changeDirectory(session: Session, [typed]: readonly string[]): boolean {
  const directory = typed === undefined ? session.config.identity.home : expandFileName(session, typed);
  if (directory === undefined) return false;
  try {
    process.chdir(directory);
    return true;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw named(directory, error);
  }
}

const directoryRow = (name: string, summary: string, inFull = false) =>
  command({
    name,
    inFull,
    takes: takesWords("[directory]", 0, 1),
    summary,
    example: `${name} /tmp`,
    run: changeDirectory,
  });

export const shellCommands: readonly Command[] = [
  command({
    name: "!",
    takes: takesText("command"),
    summary: "Run a shell command.",
    example: "!date",
    barred: ["sourcing"],
    transparent: true,
    run: async (session, text) => {
      const done = await runAndTell(session, ["-c", text]);
      session.terminal.out("!\n");
      return done;
    },
  }),
  command({
    name: "shell",
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
  directoryRow("cd", "Change the directory; alone, to home.", true),
  directoryRow("chdir", "The same as cd."),
  command({
    name: "echo",
    takes: takesWords("word ..."),
    summary: "Print the words, expanded as file names.",
    example: "echo $HOME",
    run: (session, typed) => {
      const words = typed.flatMap((word) => expandFileName(session, word) ?? []);
      session.terminal.out(`${words.join(" ")}\n`);
    },
  }),
];
