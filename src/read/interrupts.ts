import { setImmediate as nextTurn } from "node:timers/promises";
import type { Session } from "./session.ts";

/** For what takes long: whether Ctrl-C was typed. A signal is only seen when the event loop turns, so this lets it. */
export async function isInterrupted(session: Session): Promise<boolean> {
  // In a pipe the signal has ended us already.
  if (!session.terminal.inputIsTerminal) return false;
  await nextTurn();
  return session.interrupted;
}
