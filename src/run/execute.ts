/**
 * Runs a job's command. Both of the command's output streams are written to one private file, so that their order is
 * preserved.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { Exit, MailError } from "../errors.ts";
import { isSystemError, strerror } from "../system-error.ts";

export interface Run {
  readonly started: Date;
  readonly seconds: number;
  /**
   * The exit code, following the shell's convention: 128 plus the signal's number, 127 if the command was not found,
   * 126 if it could not be run.
   */
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
  /** The path of the output file, whose name becomes the attachment's name. */
  readonly output: string;
  readonly size: number;
  /** Removes the output file. */
  remove(): void;
}

function makeOutputDirectory(): string {
  const place = tmpdir();
  try {
    return mkdtempSync(join(place, "mail-run."));
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new MailError(`${place}: ${strerror(error)}; nothing was run`, Exit.CantCreate, { cause: error });
  }
}

const passedOn: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/**
 * Runs a command and returns the result.
 *
 * @throws MailError if the output file cannot be created; nothing was run
 */
export async function executeCommand(command: readonly string[], shell: string): Promise<Run> {
  const directory = makeOutputDirectory();
  const output = join(directory, "output.txt");
  // Both streams share one descriptor in append mode, which preserves the order of their output.
  const descriptor = openSync(output, "ax", 0o600);
  const [program = "", ...words] = command.length === 1 ? [shell, "-c", command[0] ?? ""] : command;
  const started = new Date();
  const clock = process.hrtime.bigint();
  let child: ChildProcess | undefined;
  // Handlers are installed before the command starts, because it may signal its parent immediately. The handlers remain
  // until the output is removed: a later hang-up must not end `mail` before the message is sent or saved.
  const handlers = passedOn.map((signal) => [signal, () => void child?.kill(signal)] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  const removeHandlers = () => {
    for (const [signal, handler] of handlers) process.removeListener(signal, handler);
  };
  try {
    const [code, signal] = await new Promise<[number, NodeJS.Signals | null]>((resolve) => {
      const refuse = (error: unknown) => {
        writeSync(descriptor, `${program}: ${isSystemError(error) ? strerror(error) : String(error)}\n`);
        resolve([isSystemError(error) && error.code === "ENOENT" ? 127 : 126, null]);
      };
      try {
        const running = spawn(program, words, { stdio: ["inherit", descriptor, descriptor] });
        child = running;
        running.on("error", (error) => {
          if (running.pid === undefined) refuse(error);
        });
        running.on("close", (status, by) => {
          if (running.pid !== undefined) resolve([by === null ? (status ?? 1) : 128 + constants.signals[by], by]);
        });
      } catch (error) {
        // Node throws some errors, such as ENOTDIR, instead of reporting them later.
        refuse(error);
      }
    });
    return {
      started,
      seconds: Number(process.hrtime.bigint() - clock) / 1e9,
      code,
      signal,
      output,
      size: fstatSync(descriptor).size,
      remove: () => {
        rmSync(directory, { recursive: true, force: true });
        removeHandlers();
      },
    };
  } catch (error) {
    removeHandlers();
    throw error;
  } finally {
    closeSync(descriptor);
  }
}
