/**
 * A program that takes mail as sendmail(8) does: recipients from the header, the message on standard input.
 *
 * Run once, without a shell, and waited for. Its exit code counts, and that it has read all of the message.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { Exit, type ExitCode } from "../errors.ts";
import { isSystemError, strerror } from "../system-error.ts";
import { unknownOutcome } from "./failures.ts";
import { onAbort } from "./on-abort.ts";
import { Interrupted, OutcomeUnknown, ProgramFailed, type SubmissionFailed } from "./submission-errors.ts";
import type { Envelope, Outcome, Outgoing, Transport } from "./transport.ts";

export interface ProgramOptions {
  /** The envelope sender to name with -f; without one the program decides. */
  readonly envelopeSender: string | undefined;
  /** The sender stays in what the program makes of an alias. */
  readonly metoo: boolean;
  readonly verbose: boolean;
}

/** Submits messages to a program that is called as sendmail(8) is. */
export class ProgramTransport implements Transport {
  readonly #program: string;
  readonly #extra: readonly string[];

  constructor(program: string, options: ProgramOptions) {
    this.#program = program;
    this.#extra = programArguments(options);
  }

  async submit(envelope: Envelope, message: Outgoing, interrupt?: AbortSignal): Promise<Outcome> {
    const child = spawn(this.#program, this.#extra, { stdio: ["pipe", "inherit", "inherit"] });
    const ended = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
    let all = false;
    const fed: Promise<unknown> = pipeline(message.open(), child.stdin).then(
      () => {
        all = true;
      },
      (error: unknown) => error,
    );
    let atEase = (): void => {};
    const interrupted = new Promise<never>((_, reject) => {
      atEase = onAbort(interrupt, () => {
        // Else it would take the end of what it is given for the end of the message.
        if (!all) child.kill();
        reject(programInterrupted(this.#program, all));
      });
    });
    let code: number | null;
    let signal: NodeJS.Signals | null;
    try {
      [code, signal] = await Promise.race([ended, interrupted]);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      throw new ProgramFailed(`${this.#program}: ${strerror(error)}`, exitOfProgram(error), 1);
    } finally {
      atEase();
    }
    const trouble = await fed;
    if (signal !== null) throw new ProgramFailed(`${this.#program}: ended by ${signal}`, Exit.TempFail, 1);
    if (code !== 0) throw new ProgramFailed(undefined, sysexit(code ?? 1), code ?? 1);
    if (trouble !== undefined) {
      throw new ProgramFailed(`${this.#program}: stopped reading before the end of the message`, Exit.IoErr, 1);
    }
    return { accepted: envelope.to, refused: [] };
  }

  async close(): Promise<void> {}
}

/** Returns the arguments of a sendmail(8) program. */
export function programArguments({ envelopeSender, metoo, verbose }: ProgramOptions): string[] {
  const sender = envelopeSender === undefined ? [] : ["-f", envelopeSender];
  return ["-i", "-t", ...sender, ...(metoo ? ["-m"] : []), ...(verbose ? ["-v"] : [])];
}

/** @param all the program has been given the whole message */
function programInterrupted(program: string, all: boolean): SubmissionFailed {
  const interrupted = new Interrupted(program);
  return all ? new OutcomeUnknown(interrupted.reason, unknownOutcome(interrupted.message)) : interrupted;
}

/** Whether the system has no room for one more process or descriptor, or the program is not there. */
function exitOfProgram({ code = "" }: NodeJS.ErrnoException): ExitCode {
  return ["EAGAIN", "EMFILE", "ENFILE", "ENOMEM"].includes(code) ? Exit.OsErr : Exit.Unavailable;
}

function sysexit(code: number): ExitCode {
  return code >= 64 && code <= 78 ? (code as ExitCode) : Exit.Unavailable;
}
