import { setImmediate as nextTurn } from "node:timers/promises";
import { Exit, MailError } from "../../errors.ts";
import type { Session } from "./session.ts";

/** For what takes long: whether Ctrl-C was typed. A signal is only seen when the event loop turns, so this lets it. */
export async function isInterrupted(session: Session): Promise<boolean> {
  // In a pipe the signal has ended us already.
  if (!session.terminal.inputIsTerminal) return false;
  await nextTurn();
  return session.interrupted;
}

/**
 * Work on a mailbox that Ctrl-C ends where it can be ended, and not in its middle.
 *
 * @param undone what is said when it was ended
 * @param done what is said when it was too late for that
 * @throws MailError with the first text
 */
export async function interruptible<T>(
  { terminal, program }: Session,
  undone: string,
  work: (signal: AbortSignal) => Promise<T>,
  done?: string,
): Promise<T> {
  const interrupt = new AbortController();
  const stop = terminal.onInterrupt(() => interrupt.abort(new MailError(undone, Exit.TempFail)));
  try {
    const result = await work(interrupt.signal);
    // Signals are looked for once a turn, and this may be the second half of one.
    await nextTurn();
    await nextTurn();
    if (interrupt.signal.aborted && done !== undefined) terminal.err(`${program}: ${done}\n`);
    return result;
  } finally {
    stop();
  }
}
