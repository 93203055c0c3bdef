/**
 * Prints the mistakes of a session's user. A command throws them, and the interpreter prints them here. A command that, as in
 * bsd-mailx, continues after a mistake runs its steps with `tryStep` or `tryEach`.
 */
import { MailError, printError } from "../../errors.ts";
import { isSystemError, strerror } from "../../system-error.ts";
import { CommandInterrupted } from "./interrupts.ts";
import type { Session } from "./session.ts";

/** Prints why a command failed; nothing after Ctrl-C, which the loop reports. @throws an error that must end the session */
export function reportMistake(session: Session, error: unknown): void {
  if (error instanceof CommandInterrupted) return;
  const mistake = isSystemError(error) && error.code !== "EPIPE" ? new MailError(strerror(error)) : error;
  if (!(mistake instanceof MailError)) throw error;
  session.reason = mistake.exit;
  printError(session.terminal, mistake);
}

/** Runs a step of a command and prints its mistake. @returns whether there was none */
export function tryStep(session: Session, step: () => void): boolean {
  try {
    step();
    return true;
  } catch (error) {
    reportMistake(session, error);
    return false;
  }
}

/** Runs a step for each item, also after mistakes. @returns whether there were none */
export function tryEach<Item>(session: Session, items: readonly Item[], step: (item: Item) => void): boolean {
  return items.map((item) => tryStep(session, () => step(item))).every(Boolean);
}
