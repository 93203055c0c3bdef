/** Runs the command of a job. Its output goes to a private file, both streams in the order in which they were written. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { Exit, MailError } from "../errors.ts";
import { isSystemError, strerror } from "../system-error.ts";

export interface Run {
  readonly started: Date;
  readonly seconds: number;
  /** As a shell has it: 128 and the signal's number, 127 for no such command, 126 for one that can't be run. */
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
  /** The file with the output, named as an attachment is to be. */
  readonly output: string;
  readonly size: number;
  /** Takes the file away. */
  remove(): void;
}

function makeOutputDirectory(): string {
  const place = tmpdir();
  try {
    return mkdtempSync(join(place, "mail-run."));
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new MailError(`${place}: ${strerror(error)}; nothing was run`, Exit.CantCreate, error);
  }
}

const passedOn: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** @throws MailError when there is no place for the output: nothing was run */
export async function executeCommand(command: readonly string[], shell: string): Promise<Run> {
  const directory = makeOutputDirectory();
  const output = join(directory, "output.txt");
  // One descriptor that appends, for both streams: that alone keeps their order.
  const descriptor = openSync(output, "ax", 0o600);
  const [program = "", ...words] = command.length === 1 ? [shell, "-c", command[0] ?? ""] : command;
  const started = new Date();
  const clock = process.hrtime.bigint();
  let child: ChildProcess | undefined;
  // From before the start, because a command may signal its parent at once, until the output is removed: a hang-up that
  // arrives after the command must not end `mail` before the message is sent or kept.
  const handlers = passedOn.map((signal) => [signal, () => void child?.kill(signal)] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  const removeHandlers = () => {
    for (const [signal, handler] of handlers) process.removeListener(signal, handler);
  };
  try {
    const running = spawn(program, words, { stdio: ["inherit", descriptor, descriptor] });
    child = running;
    const [code, signal] = await new Promise<[number, NodeJS.Signals | null]>((resolve) => {
      running.on("error", (error) => {
        if (running.pid !== undefined) return;
        writeSync(descriptor, `${program}: ${isSystemError(error) ? strerror(error) : error.message}\n`);
        resolve([isSystemError(error) && error.code === "ENOENT" ? 127 : 126, null]);
      });
      running.on("close", (status, by) => {
        if (running.pid !== undefined) resolve([by === null ? (status ?? 1) : 128 + constants.signals[by], by]);
      });
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
