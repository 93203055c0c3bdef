/** Looks whether a killed session has left something; that is rare, and the code for it is loaded only then. */
import { readdirSync } from "node:fs";
import { storeOptions } from "../../config/paths.ts";
import { isSystemError } from "../../system-error.ts";
import type { Session } from "../session/session.ts";

/** Offers the changes that a killed session left, if both sides are a terminal. */
export async function offerPending(session: Session): Promise<void> {
  const { inputIsTerminal, outputIsTerminal } = session.terminal;
  // A script is to read and to mail nothing but what it always did.
  if (!inputIsTerminal && !outputIsTerminal) return;
  if (!isAnyLeft(storeOptions(session.config).stateDirectory)) return;
  const { offerResume } = await import("./resume.ts");
  await offerResume(session);
}

/** In any mailbox; pending.ts knows in which. */
function isAnyLeft(stateDirectory: string): boolean {
  try {
    return readdirSync(stateDirectory).some((name) => name.startsWith("pending-"));
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}
