/**
 * Prints the user's mistakes in a session. Commands throw mistakes, and the interpreter calls `reportMistake` to print
 * them. As in bsd-mailx, some commands continue after a mistake; they run their steps with `tryStep` or `tryEach`.
 */
import { Exit, MailError, printError, UserMistake } from "../../errors.ts";
import { isSystemError, strerror } from "../../system-error.ts";
import type { Session } from "./session.ts";

/** Ends a command after Ctrl-C. The loop that read the command prints "Interrupt". */
export class CommandInterrupted extends Error {}

/**
 * Prints the reason why a command failed, except after Ctrl-C, which the loop reports.
 *
 * @throws an error that must end the session
 */
export function reportMistake(session: Session, error: unknown): void {
  if (error instanceof CommandInterrupted) return;
  const mistake = isSystemError(error) && error.code !== "EPIPE" ? new MailError(strerror(error)) : error;
  if (!(mistake instanceof MailError)) throw error;
  session.reason = mistake.exit;
  if (isFailureOfScript(session, mistake)) session.failure ??= mistake.exit;
  if (session.variablesOnly === undefined) printError(session.terminal, mistake);
  else session.variablesOnly.report(mistake);
}

/**
 * Returns whether an error determines the exit code of the session. Scripts can then detect, for example, that a message
 * could not be read. As in bsd-mailx, a mistake or a missing file does not change the exit code. Neither does an error on
 * a terminal.
 */
function isFailureOfScript({ terminal, isStartingUp }: Session, error: MailError): boolean {
  if (terminal.interactive || isStartingUp === true || error instanceof UserMistake) return false;
  if (error.exit === Exit.Failure) return error.reason === "refused" || error.reason === "gone";
  return error.exit !== Exit.Usage;
}

/** Runs a step of a command, and reports the mistake if the step fails. @returns whether it succeeded */
export function tryStep(session: Session, step: () => void): boolean {
  try {
    step();
    return true;
  } catch (error) {
    reportMistake(session, error);
    return false;
  }
}

/** Runs a step for each item, even after a mistake. @returns whether all steps succeeded */
export function tryEach<Item>(session: Session, items: readonly Item[], step: (item: Item) => void): boolean {
  return items.map((item) => tryStep(session, () => step(item))).every(Boolean);
}
