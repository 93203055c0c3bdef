/** The end of a session with a folder: which message goes where, and what the user is told about it. */
import { mboxPath } from "../config/files.ts";
import { MailError } from "../errors.ts";
import { Flag } from "../mailbox/mailbox.ts";
import { fateOf } from "./fate.ts";
import type { Folder, Session } from "./session.ts";

/**
 * Writes the folder's outcome and says what became of the messages.
 *
 * @throws MailError; the mailbox is then as it was
 */
export async function leaveFolder(session: Session): Promise<void> {
  const { folder } = session;
  if (folder === undefined) return;
  await (folder.system ? emptySystemMailbox(session, folder) : editInPlace(session, folder));
}

async function emptySystemMailbox(session: Session, folder: Folder): Promise<void> {
  const { mailbox } = folder;
  const { settings } = session.config;
  const variables = { hold: settings.get("hold"), keepsave: settings.get("keepsave") };
  const fates = flagsOf(folder).map((flags) => fateOf(flags, variables));
  refuseReadOnly(folder, (flags) => fateOf(flags, variables) !== "keep");
  if (mailbox.readOnly) return;
  const moved = fates.filter((fate) => fate === "mbox").length;
  const held = fates.filter((fate) => fate === "keep").length;
  const path = mboxPath(session.config);
  const result = await mailbox.commit({
    fate: (message) => fates[message - 1] ?? "keep",
    mbox: { path, at: settings.get("append") ? "end" : "start" },
  });
  if (result.arrived > 0) session.terminal.out("New mail has arrived.\n");
  if (result.notice !== undefined) session.terminal.out(`${result.notice}\n`);
  if (moved > 0) session.terminal.out(`Saved ${countOf(moved)} in ${path}\n`);
  if (held > 0) session.terminal.out(`Held ${countOf(held)} in ${mailbox.path}\n`);
}

async function editInPlace(session: Session, folder: Folder): Promise<void> {
  const { mailbox } = folder;
  // A new message counts: it is to be stored as seen.
  const changed = flagsOf(folder).some((flags) => (flags & (Flag.Deleted | Flag.StatusChanged | Flag.New)) !== 0);
  refuseReadOnly(folder, (flags) => (flags & Flag.Deleted) !== 0);
  if (!changed) return;
  if (mailbox.readOnly) {
    session.terminal.out(`"${folder.name}" [Read only]: nothing was written\n`);
    return;
  }
  const result = await mailbox.commit({
    fate: (message) => (mailbox.flags(message) & Flag.Deleted ? "drop" : "keep"),
  });
  if (result.notice !== undefined) session.terminal.out(`${result.notice}\n`);
  session.terminal.out(`"${folder.name}" ${result.empty ? "truncated" : "complete"}\n`);
}

/** @throws MailError when something was to be taken out of a mailbox that can only be read */
function refuseReadOnly(folder: Folder, leaves: (flags: number) => boolean): void {
  if (!folder.mailbox.readOnly || !flagsOf(folder).some(leaves)) return;
  throw new MailError(`${folder.name}: opened read-only; nothing was changed`);
}

function flagsOf({ mailbox }: Folder): number[] {
  return Array.from({ length: mailbox.count }, (_, index) => mailbox.flags(index + 1));
}

function countOf(messages: number): string {
  return `${messages} message${messages === 1 ? "" : "s"}`;
}
