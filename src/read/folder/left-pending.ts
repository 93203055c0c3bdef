/**
 * Checks whether a killed session has left changes. This is rare, so the code that restores them is loaded only then.
 */
import { readdirSync } from "node:fs";
import { storeOptions } from "../../config/paths.ts";
import { isSystemError } from "../../system-error.ts";
import type { Session } from "../session/session.ts";

/** Offers the changes that a killed session left, if input or output is a terminal. */
export async function offerPending(session: Session): Promise<void> {
  const { inputIsTerminal, outputIsTerminal } = session.terminal;
  // The output of scripts must not change.
  if (!inputIsTerminal && !outputIsTerminal) return;
  if (!isAnyLeft(storeOptions(session.config).stateDirectory)) return;
  const { offerResume } = await import("./resume.ts");
  await offerResume(session);
}

/** Returns whether changes to any mailbox are pending. pending.ts determines which mailbox they belong to. */
function isAnyLeft(stateDirectory: string): boolean {
  try {
    return readdirSync(stateDirectory).some((name) => name.startsWith("pending-"));
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}
