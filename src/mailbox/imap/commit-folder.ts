/**
 * Commits the changes that a session has made to a folder. First, messages are copied to mbox; then flags are stored;
 * finally, the messages that this session has deleted are removed, and no others. No message is therefore lost if a
 * step fails.
 */

import { isServerAddress } from "../../message/server-name.ts";
import { appendMessages } from "../append.ts";
import { gatherMessages } from "../gathered.ts";
import { type CommitPlan, Flag, type Mailbox, type MailboxOptions } from "../mailbox.ts";
import { MessagesGone, MessageUnreadable } from "../mailbox-errors.ts";
import { maildirForm, withLetters } from "../maildir/maildir-form.ts";
import { changeLetters } from "../marks.ts";
import { formatForStorage } from "../stored-form.ts";
import { joinWithCrLf } from "./append-to-folder.ts";
import { confirmIdentity } from "./confirm-identity.ts";
import type { FolderCache } from "./folder-cache.ts";
import { ImapFailed } from "./imap-failure.ts";
import { changeOfState, lettersOfBits, ServerFlag } from "./server-flags.ts";
import type { OpenFolder } from "./transfer-messages.ts";
import { formatUidSets } from "./uid-set.ts";

interface Committed extends OpenFolder {
  readonly mailbox: Mailbox;
  /** Number of messages to which the session has assigned a number. Later messages are not changed. */
  readonly known: number;
  readonly replaced: ReadonlyMap<number, Buffer>;
  readonly cache: FolderCache;
  /** The messages that this session has deleted. */
  readonly deleted: ReadonlySet<number>;
}

export interface FolderOutcome {
  readonly moved: number;
  readonly held: number;
  readonly notice?: string;
}

/**
 * Commits a session.
 *
 * @throws ImapFailed, MessagesGone, or MailError if mbox cannot be written. Messages that were not copied stay in the folder.
 */
export async function commitFolder(
  committed: Committed,
  plan: CommitPlan,
  options: MailboxOptions,
): Promise<FolderOutcome> {
  const { table, known, replaced, session } = committed;
  const gone = (plan.required ?? []).filter((message) => table.isGone(message));
  if (gone.length > 0) throw new MessagesGone(session.name, gone);
  const kept: number[] = [];
  const moved: number[] = [];
  const dropped: number[] = [];
  for (let message = 1; message <= known; message++) {
    const fate = plan.fate(message);
    if (table.isGone(message)) continue;
    if (fate === "mbox") moved.push(message);
    else if (fate === "drop" && isDroppedHere(committed, message)) dropped.push(message);
    else kept.push(message);
  }
  const edited = kept.filter((message) => replaced.has(message));
  const removed = [...moved, ...dropped, ...edited].sort((a, b) => a - b);
  await confirmIdentity(committed, committed.cache, removed);
  if (moved.length > 0) await copyToMbox(committed, moved, plan, options);
  for (const message of edited) await appendEdited(committed, message);
  await storeFlags(
    committed,
    kept.filter((message) => !replaced.has(message)),
  );
  const notice = await expungeMessages(committed, removed);
  return { moved: moved.length, held: kept.length, ...(notice === undefined ? {} : { notice }) };
}

/**
 * Returns whether this session removes a message. A message that only another client has marked as deleted is left to
 * that client.
 */
function isDroppedHere({ table, deleted }: Committed, message: number): boolean {
  const isMarked = (table.bits(message) & ServerFlag.Deleted) !== 0 && (table.state(message) & Flag.Deleted) !== 0;
  return !isMarked || deleted.has(message);
}

/** Appends messages to mbox and syncs it, so that they can then be removed from the server. */
async function copyToMbox(
  { mailbox, table }: Committed,
  messages: readonly number[],
  { mbox, signal }: CommitPlan,
  options: MailboxOptions,
): Promise<void> {
  if (mbox === undefined) throw new Error("the plan names no mbox");
  if (isServerAddress(mbox.path))
    throw new ImapFailed(
      "unsupported",
      `${mbox.path}: messages cannot be moved to another server at quit; nothing was changed`,
    );
  await gatherMessages(mailbox, messages, signal, async (stored) => {
    const forms = messages.map((message) =>
      withLetters(
        formatForStorage(stored, message, {
          status: (stored.flags(message) & Flag.Read) === 0 ? "O" : "RO",
          keepField: mbox.keepField,
          isCopy: true,
        }),
        changeLetters(lettersOfBits(table.bits(message)), stored.flags(message), "maildir"),
      ),
    );
    const { lockwait, stateDirectory } = options;
    await appendMessages(mbox.path, forms, { lockwait, stateDirectory, ...(signal === undefined ? {} : { signal }) });
  });
}

/**
 * Appends an edited message to its folder, with the flags, keywords and date of the original, because a message on a
 * server cannot be changed. If the connection is lost, the command is not repeated, because it could append the message
 * twice.
 */
async function appendEdited({ session, table, replaced }: Committed, message: number): Promise<void> {
  const uid = table.uid(message);
  const { add, remove } = changeOfState(table.state(message), table.bits(message));
  let flags: string[] = [...add];
  let received: Date | undefined;
  await session.run((connection) =>
    connection.fetch(`${uid}`, { flags: true, facts: true }, (found) => {
      if (found.uid !== uid) return;
      const kept = (found.flags ?? []).filter((flag) => !["\\Recent", ...remove].includes(flag));
      flags = [...new Set([...kept, ...add])];
      received = found.received === undefined ? undefined : new Date(found.received);
    }),
  );
  if (received === undefined) throw new MessageUnreadable(message, undefined);
  const { pieces } = maildirForm([replaced.get(message) as Buffer], { fromMaildir: true });
  const bytes = joinWithCrLf(pieces);
  await session.runOnce((connection) => connection.append(session.folder, bytes, { flags, received }));
}

/** Stores the session's changes to flags, using one command for all messages that have the same change. */
export async function storeFlags({ session, table }: OpenFolder, messages: readonly number[]): Promise<void> {
  const groups = new Map<string, { sign: "+" | "-"; flag: string; messages: number[] }>();
  for (const message of messages) {
    const { add, remove } = changeOfState(table.state(message), table.bits(message));
    for (const [sign, flags] of [
      ["+", add],
      ["-", remove],
    ] as const) {
      for (const flag of flags) {
        const group = groups.get(sign + flag) ?? { sign, flag, messages: [] };
        group.messages.push(message);
        groups.set(sign + flag, group);
      }
    }
  }
  for (const { sign, flag, messages: some } of groups.values()) {
    for (const { set } of formatUidSets(some.map((message) => table.uid(message))))
      await session.run((connection) => connection.store(set, sign, [flag]));
  }
}

/**
 * Removes messages from the folder.
 *
 * @returns a notice if the server cannot remove individual messages; in that case, they stay in the folder, marked as
 *   deleted
 */
export async function expungeMessages(
  { session, table }: OpenFolder,
  messages: readonly number[],
): Promise<string | undefined> {
  if (messages.length === 0) return undefined;
  const sets = [...formatUidSets(messages.map((message) => table.uid(message)))].map(({ set }) => set);
  for (const set of sets) await session.run((connection) => connection.store(set, "+", ["\\Deleted"]));
  if (!(await session.run(async (connection) => connection.can("UIDPLUS")))) {
    return `${session.name}: the server cannot remove individual messages (UIDPLUS); ${messages.length} ${messages.length === 1 ? "message stays and is" : "messages stay and are"} marked as deleted`;
  }
  for (const set of sets) await session.run((connection) => connection.expunge(set));
  const uids = messages.map((message) => table.uid(message));
  table.removeRanges(uids.map((uid) => ({ first: uid, last: uid })));
  return undefined;
}
