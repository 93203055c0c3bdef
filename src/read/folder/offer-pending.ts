/**
 * Checks whether a killed session has left changes. Such changes are rare, so the code that restores them is loaded
 * only if there are any.
 */
import { storeOptions } from "../../config/paths.ts";
import { listNames } from "../../file-stats.ts";
import type { Session } from "../session/session.ts";

/** Offers to restore the changes of a killed session, if input or output is a terminal. */
export async function offerPending(session: Session): Promise<void> {
  const { inputIsTerminal, outputIsTerminal } = session.terminal;
  // The output of scripts must not change.
  if (!inputIsTerminal && !outputIsTerminal) return;
  const { stateDirectory } = storeOptions(session.config);
  // This check finds the files of pending changes for all mailboxes. pending.ts selects those for this mailbox.
  if (!listNames(stateDirectory).some((name) => name.startsWith("pending-"))) return;
  const { offerResume } = await import("./resume.ts");
  await offerResume(session);
}
