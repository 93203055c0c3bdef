/**
 * Submits mail to a program with sendmail(8)'s interface: recipients in the header, the message on standard input.
 *
 * The program is run once, without a shell, and `mail` waits for it. The program must read the complete message and
 * exit with 0.
 */
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { Exit, type ExitCode } from "../errors.ts";
import { isSystemError, strerror } from "../system-error.ts";
import { unknownOutcome } from "./failures.ts";
import { runOnAbort } from "./interrupt.ts";
import { type PrintLine, ProgramOutput, spawnReader } from "./program-output.ts";
import { Interrupted, OutcomeUnknown, ProgramFailed, type SubmissionFailed } from "./submission-errors.ts";
import type { Envelope, Outcome, Outgoing, Transport } from "./transport.ts";
import type { ProgramWay } from "./transport-settings.ts";

export interface ProgramOptions {
  /** The envelope sender for -f; undefined lets the program choose it. */
  readonly envelopeSender: string | undefined;
  /** Whether a sender who is a member of an expanded alias also receives the message. */
  readonly metoo: boolean;
  readonly verbose: boolean;
  /** Whether the program reads the recipients from the header, which is the default, or from its arguments. */
  readonly recipients?: "header" | "arguments";
  /**
   * Prints a line of the program's output. If this property is undefined, the program itself writes to the standard streams of `mail`.
   */
  readonly print?: PrintLine | undefined;
}

/** Submits messages to a program that has the interface of sendmail(8). */
export class ProgramTransport implements Transport {
  readonly #program: string;
  readonly #words: readonly string[];
  readonly #options: ProgramOptions;

  constructor(way: Pick<ProgramWay, "path" | "words">, options: ProgramOptions) {
    this.#program = way.path;
    this.#words = way.words;
    this.#options = options;
  }

  async submit(envelope: Envelope, message: Outgoing, interrupt?: AbortSignal): Promise<Outcome> {
    const child = this.#start(envelope.to);
    const output = new ProgramOutput(child, this.#options.print);
    const ended = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
    let all = false;
    const fed: Promise<unknown> = pipeline(message.open(), child.stdin).then(
      () => {
        all = true;
      },
      (error: unknown) => error,
    );
    let atEase = (): void => {};
    const interrupted = new Promise<never>((_, reject) => {
      atEase = runOnAbort(interrupt, () => {
        // Otherwise, the program would accept the incomplete message as complete.
        if (!all) child.kill();
        reject(programInterrupted(this.#program, all));
      });
    });
    let code: number | null;
    let signal: NodeJS.Signals | null;
    try {
      [code, signal] = await Promise.race([ended, interrupted]);
    } catch (error) {
      throw this.#explain(error);
    } finally {
      atEase();
    }
    const trouble = await fed;
    const last = await output.finish();
    if (code !== null && code !== 0) {
      const exit = toExitCode(code);
      if (last !== undefined) throw new ProgramFailed(`${this.#program}: ${last}`, exit, code);
      const text = `${this.#program}: exited with code ${code}`;
      throw new ProgramFailed(text, exit, code, this.#options.print === undefined);
    }
    output.printLast();
    if (signal !== null) throw new ProgramFailed(`${this.#program}: ended by ${signal}`, Exit.TempFail);
    if (trouble !== undefined) {
      throw new ProgramFailed(`${this.#program}: stopped reading before the end of the message`, Exit.IoErr);
    }
    return { accepted: envelope.to, refused: [] };
  }

  async close(): Promise<void> {}

  #start(to: readonly string[]) {
    try {
      return spawnReader(this.#program, programArguments(this.#words, this.#options, to), this.#options.print);
    } catch (error) {
      // Node throws some errors, such as ENOTDIR, instead of reporting them later.
      throw this.#explain(error);
    }
  }

  #explain(error: unknown): unknown {
    if (!isSystemError(error)) return error;
    return new ProgramFailed(`${this.#program}: ${strerror(error)}`, exitOfProgram(error));
  }
}

/**
 * Returns the arguments of a sendmail(8) program: the given words, followed by any necessary arguments that are not
 * among the words. If the recipients are arguments, -t is removed from the words, because the header may name other
 * recipients.
 */
export function programArguments(
  words: readonly string[],
  { envelopeSender, metoo, verbose, recipients = "header" }: ProgramOptions,
  to: readonly string[] = [],
): string[] {
  const sender = envelopeSender === undefined ? [] : ["-f", envelopeSender];
  const fromHeader = recipients === "header";
  const given = fromHeader ? words : words.filter((word) => word !== "-t");
  const flags = (fromHeader ? ["-i", "-t"] : ["-i"]).filter((flag) => !given.includes(flag));
  const options = [...given, ...flags, ...sender, ...(metoo ? ["-m"] : []), ...(verbose ? ["-v"] : [])];
  return fromHeader ? options : [...options, "--", ...to];
}

/**
 * Returns the error for an interrupted program.
 *
 * @param all whether the program has received the complete message
 */
function programInterrupted(program: string, all: boolean): SubmissionFailed {
  const interrupted = new Interrupted(program);
  return all ? new OutcomeUnknown(interrupted.reason, unknownOutcome(interrupted.message)) : interrupted;
}

/** Returns the exit code for a program that could not be started. */
function exitOfProgram({ code = "" }: NodeJS.ErrnoException): ExitCode {
  return ["EAGAIN", "EMFILE", "ENFILE", "ENOMEM"].includes(code) ? Exit.OsErr : Exit.Unavailable;
}

function toExitCode(code: number): ExitCode {
  return code >= 64 && code <= 78 ? (code as ExitCode) : Exit.Unavailable;
}
