/**
 * At quit, appends copies of departing messages to other mailboxes: to `trash`, and to MBOX if MBOX is on a server. The
 * commit then removes the messages from the folder. If a crash occurs between the append and the commit, the messages
 * are in both mailboxes. If the quit is repeated, copies that are already on a server are not appended again.
 */
import { resolve } from "node:path";
import { expandFileName } from "../../config/paths.ts";
import { MailError } from "../../errors.ts";
import { appendCopies } from "../../mailbox/append-copies.ts";
import { gatherMessages } from "../../mailbox/gathered.ts";
import { type CommitPlan, type Fate, Flag, type Mailbox } from "../../mailbox/mailbox.ts";
import { MessagesGone } from "../../mailbox/mailbox-errors.ts";
import { areSameFolder } from "../../mailbox/server-address.ts";
import { isServerAddress } from "../../message/server-name.ts";
import { appendOptions } from "../session/access-options.ts";
import type { Folder, Session } from "../session/session.ts";

/** Messages that are appended to a mailbox. */
interface Departure {
  readonly path: string;
  readonly messages: readonly number[];
  readonly keepField?: ((lowerName: string) => boolean) | undefined;
}

/** The part of a plan that the mailbox commits, and the number of messages that are already in MBOX. */
interface Remaining {
  readonly plan: CommitPlan;
  readonly moved: number;
  /** The mailboxes that will contain copies if the commit fails; undefined if there are no copies. */
  readonly copies: string | undefined;
}

/**
 * Appends the departing messages.
 *
 * @throws MailError if the messages could not be appended; the folder is then unchanged
 */
export async function appendDeparting(session: Session, folder: Folder, plan: CommitPlan): Promise<Remaining> {
  const { mailbox } = folder;
  const { mbox, ...rest } = plan;
  const toServer = mbox !== undefined && isServerAddress(mbox.path) ? mbox : undefined;
  const trash = findTrash(session, mailbox);
  if (toServer !== undefined || trash !== undefined) await findGoneMessages(mailbox, plan);
  const moved = toServer === undefined ? [] : listWithFate(mailbox, plan, "mbox");
  const departures: Departure[] = toServer === undefined ? [] : [{ ...toServer, messages: moved }];
  if (trash !== undefined) departures.push({ path: trash, messages: listDeleted(mailbox, plan) });
  const copies: string[] = [];
  for (const departure of departures) {
    const copied = folder.copied?.get(departure.path) ?? new Set();
    const messages = departure.messages.filter((message) => !copied.has(message));
    if (messages.length === 0) continue;
    if (departure.keepField === undefined && (await moveAtOnce(mailbox, { ...departure, messages }))) continue;
    await appendMessagesOf(session, folder, { ...departure, messages }, plan.signal).catch((error: unknown) => {
      throw addCopiesToError(error, copies.join(" and "));
    });
    folder.copied ??= new Map();
    folder.copied.set(departure.path, new Set([...copied, ...messages]));
    copies.push(departure.path);
  }
  const isMoved = new Set(moved);
  // A message that moves to MBOX no longer needs to exist in the mailbox, because its copy has been written.
  const required = (plan.required ?? []).filter((message) => !isMoved.has(message));
  return {
    plan:
      toServer === undefined
        ? plan
        : { ...rest, required, fate: (each) => (isMoved.has(each) ? "drop" : plan.fate(each)) },
    moved: moved.length,
    copies: copies.length === 0 ? undefined : copies.join(" and "),
  };
}

/**
 * Finds out which messages other clients have removed, because removed messages cannot be copied.
 *
 * @throws MessagesGone if another client has removed a required message
 */
async function findGoneMessages(mailbox: Mailbox, { required }: CommitPlan): Promise<void> {
  await mailbox.findGone?.();
  const gone = (required ?? []).filter((message) => mailbox.isGone?.(message) === true);
  if (gone.length > 0) throw new MessagesGone(mailbox.path, gone);
}

/** Moves messages between folders on the same server, in one step. @returns false if this is not possible */
async function moveAtOnce(mailbox: Mailbox, { path, messages }: Departure): Promise<boolean> {
  if (!isServerAddress(path)) return false;
  return (await mailbox.transfer?.(messages, path, "move")) !== undefined;
}

/** Returns an error that also names the mailboxes to which messages have already been copied. */
export function addCopiesToError(error: unknown, copies: string | undefined): unknown {
  if (!(error instanceof MailError) || copies === undefined || copies === "") return error;
  return new MailError(
    `${error.message}; the messages to be removed from it have already been copied to ${copies}`,
    error.exit,
    { cause: error },
  );
}

function appendMessagesOf(
  session: Session,
  { mailbox, isQuitRepeated = false }: Folder,
  { path, messages, keepField }: Departure,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const options = { ...appendOptions(session, signal), mayExist: isQuitRepeated };
  return gatherMessages(mailbox, messages, signal, (stored) =>
    appendCopies(path, stored, messages, keepField, options),
  );
}

/** Returns the path of `trash`; undefined if `trash` is not set or names the mailbox itself. */
function findTrash(session: Session, mailbox: Mailbox): string | undefined {
  const named = session.config.settings.text("trash");
  if (named === undefined || named === "") return undefined;
  const trash = expandFileName(session, named);
  return isMailboxAt(mailbox, trash) ? undefined : trash;
}

/** Returns whether an expanded name, which may be a relative path, refers to the given mailbox. */
export function isMailboxAt({ path }: Mailbox, name: string): boolean {
  if (!isServerAddress(name)) return resolve(name) === path;
  return isServerAddress(path) && areSameFolder(name, path);
}

function listWithFate(mailbox: Mailbox, plan: CommitPlan, wanted: Fate): number[] {
  const found: number[] = [];
  for (let message = 1; message <= mailbox.count; message++)
    if (plan.fate(message) === wanted && mailbox.isGone?.(message) !== true) found.push(message);
  return found;
}

/**
 * Returns the messages that the user has deleted. Saved messages are not included even if they are removed, because
 * copies of these messages exist.
 */
function listDeleted(mailbox: Mailbox, plan: CommitPlan): number[] {
  return listWithFate(mailbox, plan, "drop").filter((message) => (mailbox.flags(message) & Flag.Deleted) !== 0);
}
