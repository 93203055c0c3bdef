/** Programs run from within a message: the shell, the editors, filters. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import type { Config } from "../../config/config.ts";
import { addPathToError } from "../../system-error.ts";
import type { Terminal } from "../../terminal/terminal.ts";

interface Ending {
  /** Zero, or what to say of it. */
  readonly code: number;
  readonly output: Buffer;
}

/** Runs a line through $SHELL. With `input` it is a filter, whose output is kept; else it has the terminal. */
export async function runShell(config: Config, terminal: Terminal, line: string, input?: Buffer): Promise<Ending> {
  return runProgram(terminal, config.settings.get("SHELL"), line, input);
}

/** Has an editor change a file. The system's shell runs it, whatever $SHELL is. */
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
    const child = spawn(shell, ["-c", line], { stdio: filter ? ["pipe", "pipe", "inherit"] : "inherit", argv0 });
    const closed = once(child, "close") as Promise<[number | null]>;
    child.stdin?.on("error", () => {}); // it need not read
    child.stdin?.end(input);
    try {
      const [output, [code]] = await Promise.all([
        child.stdout === null ? Buffer.alloc(0) : buffer(child.stdout),
        closed,
      ]);
      return { code: code ?? 1, output };
    } catch (error) {
      throw addPathToError(shell, error);
    }
  });
}

/** Returns bsd-mailx's message for a program's non-zero exit code; empty after success. */
export function endingText(code: number): string {
  return code === 0 ? "" : `Fatal error, process exited with code ${code}.\n`;
}

/** Has a program edit a text in a private file. @returns the new text */
export async function runEditor(terminal: Terminal, program: string, text: Buffer): Promise<Buffer> {
  const directory = await makeEditorDirectory();
  const path = join(directory, "message");
  try {
    await writeFile(path, text, { mode: 0o600, flag: "wx" });
    const code = await runEditorOn(terminal, program, path);
    terminal.out(endingText(code));
    return code === 0 ? await readFile(path) : text;
  } catch (error) {
    throw addPathToError(program, error);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** @throws MailError: a place that can't be written to is no end of the message */
async function makeEditorDirectory(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), "mail."));
  } catch (error) {
    throw addPathToError(tmpdir(), error);
  }
}

const lastCommands = new WeakMap<Config, string>();

/**
 * Returns a shell command with `!` replaced by the command before it, in a session and in its messages alike; `\!` is `!`.
 * The result is printed if it differs from `typed`.
 */
export function withLastCommand(config: Config, terminal: Terminal, typed: string): string {
  const last = lastCommands.get(config) ?? "";
  const command = typed.replace(/\\!|!/g, (sign) => (sign === "!" ? last : "!"));
  if (command !== typed) terminal.out(`!${command}\n`);
  lastCommands.set(config, command);
  return command;
}
