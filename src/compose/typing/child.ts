/** Runs programs while a message is being composed: shells, editors and filters. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../../config/config.ts";
import { Exit, MailError } from "../../errors.ts";
import { addPathToError } from "../../system-error.ts";
import type { Terminal } from "../../terminal/terminal.ts";

interface Ending {
  /** The exit code. A non-zero code is reported. */
  readonly code: number;
  readonly output: Buffer;
}

/**
 * Runs a command with $SHELL. If `input` is given, the command is a filter, and its output is returned; otherwise the
 * command uses the terminal.
 */
export async function runShell(config: Config, terminal: Terminal, line: string, input?: Buffer): Promise<Ending> {
  return runProgram(terminal, config.settings.get("SHELL"), line, input);
}

/**
 * Returns the user's editor: the value of the variable, which defaults to an installed program.
 *
 * @throws MailError if the variable has no value and no editor is installed
 */
export function editorOf({ settings }: Config, variable: "EDITOR" | "VISUAL"): string {
  const editor = settings.get(variable);
  if (editor !== undefined) return editor;
  throw new MailError(`${variable}: no editor is installed; nothing was edited; set ${variable}`, Exit.Unavailable);
}

/** Runs an editor on a file. Uses the system's shell, regardless of $SHELL. */
export async function runEditorOn(terminal: Terminal, program: string, path: string): Promise<number> {
  const { code } = await runProgram(
    terminal,
    "/bin/sh",
    `${program} '${path.replaceAll("'", "'\\''")}'`,
    undefined,
    "sh",
  );
  return code;
}

/** The maximum time in milliseconds between the exit of an interrupted child and the arrival of the interrupt. */
const patience = 100;

/** The exit code that a shell returns if an interrupt ended its command: 128 plus the signal number of SIGINT. */
const shellInterrupted = 130;

/**
 * Waits until a child that inherits the terminal has exited. If Ctrl-C ended the child, this function also waits until
 * the interrupt reaches this process. The interrupt would otherwise end the next operation.
 *
 * @returns the exit code, or null and the signal
 * @throws the system's error if the child could not be started
 */
export async function waitForExit(
  child: ChildProcess,
  { inputIsTerminal }: Pick<Terminal, "inputIsTerminal">,
): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
  let isInterrupted = false;
  const noteInterrupt = () => {
    isInterrupted = true;
  };
  process.on("SIGINT", noteInterrupt);
  try {
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    const endsByInterrupt = inputIsTerminal && (signal === "SIGINT" || code === shellInterrupted);
    const end = Date.now() + patience;
    while (endsByInterrupt && !isInterrupted && Date.now() < end) await sleep(1);
    return { code, signal };
  } finally {
    process.removeListener("SIGINT", noteInterrupt);
  }
}

async function runProgram(
  terminal: Terminal,
  shell: string,
  line: string,
  input?: Buffer,
  argv0?: string,
): Promise<Ending> {
  return terminal.lend(async () => {
    await terminal.flush();
    const filter = input !== undefined;
    try {
      const child = spawn(shell, ["-c", line], { stdio: filter ? ["pipe", "pipe", "inherit"] : "inherit", argv0 });
      const ended = waitForExit(child, terminal);
      child.stdin?.on("error", () => {}); // the program may exit without reading its input
      child.stdin?.end(input);
      const [output, { code }] = await Promise.all([
        child.stdout === null ? Buffer.alloc(0) : buffer(child.stdout),
        ended,
      ]);
      return { code: code ?? 1, output };
    } catch (error) {
      throw addPathToError(shell, error);
    }
  });
}

/** Returns bsd-mailx's message for a program's non-zero exit code; empty after success. */
export function describeFailedExit(code: number): string {
  return code === 0 ? "" : `Fatal error, process exited with code ${code}.\n`;
}

/** Writes text to a private file, runs an editor on the file, and returns the edited text. */
export async function runEditor(terminal: Terminal, program: string, text: Buffer): Promise<Buffer> {
  const directory = await makeEditorDirectory();
  const path = join(directory, "message");
  try {
    await writeFile(path, text, { mode: 0o600, flag: "wx" });
    const code = await runEditorOn(terminal, program, path);
    terminal.out(describeFailedExit(code));
    return code === 0 ? await readFile(path) : text;
  } catch (error) {
    throw addPathToError(program, error);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Creates a private directory for the editor's file.
 *
 * @throws MailError if the directory cannot be created; the message can still be continued
 */
async function makeEditorDirectory(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), "mail."));
  } catch (error) {
    throw addPathToError(tmpdir(), error);
  }
}

const lastCommands = new WeakMap<Config, string>();

/**
 * Returns a shell command with each `!` replaced by the previous command. A session and the messages that are composed
 * in it share the previous command. `\!` means a literal `!`. The result is printed if it differs from `typed`.
 */
export function withLastCommand(config: Config, terminal: Terminal, typed: string): string {
  const last = lastCommands.get(config) ?? "";
  const command = typed.replace(/\\!|!/g, (sign) => (sign === "!" ? last : "!"));
  if (command !== typed) terminal.out(`!${command}\n`);
  lastCommands.set(config, command);
  return command;
}
