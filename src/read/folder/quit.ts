/** Leaves a folder: writes the changes, and reports to the user what happened to the messages. */
import { mboxPath } from "../../config/paths.ts";
import { Exit, MailError } from "../../errors.ts";
import { type CommitPlan, type CommitResult, type Fate, Flag } from "../../mailbox/mailbox.ts";
import { MailboxChanged } from "../../mailbox/mailbox-errors.ts";
import { isServerAddress } from "../../message/server-name.ts";
import type { Reason } from "../../reasons.ts";
import { makeInterruptible } from "../session/interrupts.ts";
import type { Folder, Session } from "../session/session.ts";
import { selectKeptFields } from "../show/print-message.ts";
import { addCopiesToError, appendDeparting } from "./append-departing.ts";
import { fateOf } from "./fate.ts";

/** The changes to a folder, and the function that reports them. */
interface Leaving {
  readonly plan: CommitPlan;
  /** Called after the commit; reports what happened to the messages. */
  readonly report: (result: CommitResult) => void;
}

/**
 * Writes the folder's changes, and reports what happened to the messages.
 *
 * @throws MailError if the changes could not be written; the mailbox is then unchanged
 */
export async function leaveFolder(session: Session): Promise<void> {
  const { folder } = session;
  if (folder === undefined) return;
  const leaving = isEmptiedAtQuit(session, folder) ? planEmptying(session, folder) : planEdits(session, folder);
  if (leaving !== undefined) leaving.report(await commitPlan(session, folder, leaving.plan));
  folder.history.forget();
}

/**
 * Returns whether messages that have been read are moved to MBOX. Messages are moved only from the system mailbox.
 * Messages leave a mailbox on a server only if the user has set `nohold`, because other clients expect messages to stay
 * there.
 */
function isEmptiedAtQuit({ config }: Session, { system, mailbox }: Folder): boolean {
  return system && (!isServerAddress(mailbox.path) || config.settings.raw("nohold") !== undefined);
}

/** Determines the fate of each message in the system mailbox. Returns undefined if nothing needs to be written. */
function planEmptying(session: Session, folder: Folder): Leaving | undefined {
  const { mailbox } = folder;
  const { settings, saved } = session.config;
  const variables = { hold: settings.get("hold"), keepsave: settings.get("keepsave") };
  const flags = listFlags(folder);
  const fate = (message: number) => fateOf(flags[message - 1] ?? 0, variables);
  // If the user opened the mailbox read-only, messages that would move to mbox stay, and only deletions are refused.
  const wanted = settings.get("readonly");
  refuseReadOnly(folder, flags, (one) => (wanted ? (one & Flag.Deleted) !== 0 : fateOf(one, variables) !== "keep"));
  if (mailbox.readOnly) return undefined;
  const path = mboxPath(session.config);
  const at = settings.get("append") ? "end" : "start";
  return {
    plan: { fate, mbox: { path, at, keepField: selectKeptFields(saved) } },
    report: (result) => {
      if (result.arrived > 0) session.terminal.out("New mail has arrived.\n");
      reportNotices(session, result.notice);
      const moved = result.moved ?? countFlags(flags, (one) => fateOf(one, variables) === "mbox");
      const held = result.held ?? countFlags(flags, (one) => fateOf(one, variables) === "keep");
      // bsd-mailx prints this if `folder %` returns to a mailbox that it has just emptied.
      if (flags.length === 0) session.terminal.out(`Held 0 messages in ${mailbox.path}\n`);
      if (moved > 0) session.terminal.out(`Saved ${countInWords(moved)} in ${path}\n`);
      if (held > 0) session.terminal.out(`Held ${countInWords(held)} in ${mailbox.path}\n`);
    },
  };
}

/**
 * Removes the deleted messages from a mailbox that is not the system mailbox. Returns undefined if nothing needs to be
 * written.
 */
function planEdits(session: Session, folder: Folder): Leaving | undefined {
  // New messages must be rewritten, too, because they are now old.
  const flags = listFlags(folder);
  const changed = flags.some((one) => (one & (Flag.Deleted | Flag.StatusChanged | Flag.New)) !== 0);
  refuseReadOnly(folder, flags, (one) => (one & Flag.Deleted) !== 0);
  if (!changed) return undefined;
  if (folder.mailbox.readOnly) {
    if (!session.config.settings.get("readonly"))
      session.terminal.out(`"${folder.name}" [Read only]: nothing was written\n`);
    return;
  }
  return {
    plan: { fate: (message) => ((flags[message - 1] ?? 0) & Flag.Deleted ? "drop" : "keep") },
    report: (result) => {
      reportNotices(session, result.notice);
      session.terminal.out(`"${folder.name}" ${result.empty ? "truncated" : "complete"}\n`);
    },
  };
}

async function commitPlan(session: Session, folder: Folder, plan: CommitPlan): Promise<CommitResult> {
  const { mailbox, name } = folder;
  const undone = `${name}: interrupted; nothing was written`;
  if (session.interrupted) throw new MailError(undone, Exit.TempFail, { reason: "interrupted" });
  try {
    return await makeInterruptible(
      session,
      undone,
      async (signal) => {
        const remaining = await appendDeparting(session, folder, {
          ...plan,
          ...(signal === undefined ? {} : { signal }),
        });
        const result = await mailbox.commit(remaining.plan).catch((error: unknown) => {
          throw error instanceof MailboxChanged ? error : addCopiesToError(error, remaining.copies);
        });
        delete folder.copied;
        return { ...result, ...(remaining.moved === 0 ? {} : { moved: remaining.moved }) };
      },
      `${name}: interrupted too late; everything was written`,
    );
  } catch (error) {
    folder.isQuitRepeated = true;
    if (isServerAddress(mailbox.path) && error instanceof MailError)
      throw await keepMarks(folder, addFolderName(folder, error));
    if (!(error instanceof MailboxChanged)) throw error;
    const { preserveChanges } = await import("./preserve-changes.ts");
    throw await preserveChanges(session, folder, plan.fate, error);
  }
}

/** The reasons whose error messages already name the folder. Other server errors may name only the server. */
const reasonsWithFolder: ReadonlySet<Reason> = new Set(["interrupted", "UIDVALIDITY changed", "UID reused", "gone"]);

function addFolderName({ name }: Folder, error: MailError): MailError {
  if (reasonsWithFolder.has(error.reason)) return error;
  return new MailError(`${name}: ${error.message}`, error.exit, { cause: error, remedy: error.remedy });
}

/** Records the marks of a folder whose server could not be reached, so that the next session can restore them. */
async function keepMarks({ history }: Folder, error: MailError): Promise<MailError> {
  await history.keep();
  if (!history.isKept) return error;
  const text = `${error.message}; the marks can be restored when the mailbox is next opened (resume)`;
  return new MailError(text, error.exit, { cause: error });
}

/**
 * Commits changes to some messages. All other messages are left unchanged, and new messages stay new.
 *
 * @param fates the fate of each changed message; the messages must still be in the mailbox
 * @throws MailError if the changes could not be committed; the mailbox is then unchanged
 */
export async function commitChanges(
  session: Session,
  folder: Folder,
  fates: ReadonlyMap<number, Fate>,
  mbox?: string,
): Promise<void> {
  refuseReadOnlyMailbox(folder);
  const keepField = selectKeptFields(session.config.saved);
  const result = await commitPlan(session, folder, {
    fate: (message) => fates.get(message) ?? "as-is",
    required: [...fates.keys()],
    ...(mbox === undefined ? {} : { mbox: { path: mbox, at: "end", keepField } }),
  });
  reportNotices(session, result.notice);
}

/** Refuses to change messages in a read-only mailbox. @throws MailError */
export function refuseReadOnlyMailbox({ mailbox, name }: Folder): void {
  if (!mailbox.readOnly) return;
  throw new MailError(`${name}: opened read-only; nothing was changed`, Exit.NoPerm, {
    reason: "read-only mailbox",
  });
}

/** Refuses to remove messages from a read-only mailbox. @throws MailError if any message would be removed */
function refuseReadOnly({ mailbox, name }: Folder, flags: Uint16Array, leaves: (flags: number) => boolean): void {
  if (!mailbox.readOnly || !flags.some(leaves)) return;
  throw new MailError(`${name}: opened read-only; nothing was changed`);
}

function reportNotices({ terminal, program }: Session, notice: string | undefined): void {
  if (notice !== undefined) terminal.err(`${program}: ${notice}\n`);
}

function listFlags({ mailbox }: Folder): Uint16Array {
  const flags = new Uint16Array(mailbox.count);
  for (let message = 1; message <= flags.length; message++) flags[message - 1] = mailbox.flags(message);
  return flags;
}

function countFlags(flags: Uint16Array, wanted: (flags: number) => boolean): number {
  return flags.reduce((sum, one) => (wanted(one) ? sum + 1 : sum), 0);
}

function countInWords(messages: number): string {
  return `${messages} message${messages === 1 ? "" : "s"}`;
}
