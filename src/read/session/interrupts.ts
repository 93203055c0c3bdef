import { setImmediate as nextTurn } from "node:timers/promises";
import { Exit, MailError } from "../../errors.ts";
import type { Session } from "./session.ts";

/**
 * Returns whether Ctrl-C has been typed since the command began. Lets the event loop run first, because signals are
 * delivered only then.
 */
export async function isInterrupted(session: Session): Promise<boolean> {
  // If the input were a pipe, Ctrl-C would already have terminated the program.
  if (!session.terminal.inputIsTerminal) return false;
  await nextTurn();
  return session.interrupted;
}

/**
 * Runs a task on a mailbox. In an interactive session, Ctrl-C interrupts the task only at points at which it can safely
 * stop.
 *
 * @param undone the message to print after an interrupt
 * @param done the message to print if the interrupt came too late
 * @throws MailError with the message `undone`
 */
export async function makeInterruptible<T>(
  { terminal, program }: Session,
  undone: string,
  work: (signal: AbortSignal | undefined) => Promise<T>,
  done?: string,
): Promise<T> {
  if (!terminal.interactive) return work(undefined);
  const interrupt = new AbortController();
  const stop = terminal.onInterrupt(() =>
    interrupt.abort(new MailError(undone, Exit.TempFail, { reason: "interrupted" })),
  );
  try {
    const result = await work(interrupt.signal);
    // In each turn, the event loop delivers signals at a single point, which the current turn may already have passed.
    await nextTurn();
    await nextTurn();
    if (interrupt.signal.aborted && done !== undefined) terminal.err(`${program}: ${done}\n`);
    return result;
  } finally {
    stop();
  }
}
