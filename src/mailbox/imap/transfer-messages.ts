/** Copies and moves messages between folders on the same server, without loading them. */
import type { Transferred } from "../mailbox.ts";
import { MessagesGone } from "../mailbox-errors.ts";
import type { FolderSession } from "./folder-session.ts";
import type { ImapConnection } from "./imap-connection.ts";
import { ImapFailed } from "./imap-failure.ts";
import { formatUidSets } from "./uid-set.ts";
import type { UidTable } from "./uid-table.ts";

/** An open folder: its session and the table of its messages. */
export interface OpenFolder {
  readonly session: FolderSession;
  readonly table: UidTable;
}

/**
 * Asks the server whether messages still exist. This check is necessary because a command silently ignores UIDs that do
 * not exist (RFC 9051, section 6.4.9).
 *
 * @throws MessagesGone
 */
export async function requireMessages({ session, table }: OpenFolder, messages: readonly number[]): Promise<void> {
  const found = new Set<number>();
  for (const set of listSets(table, messages)) {
    const uids = await session.run((connection) => connection.search({ word: "UID" }, { set }));
    for (const uid of uids) found.add(uid);
  }
  const gone = messages.filter((message) => !found.has(table.uid(message)));
  if (gone.length > 0) throw new MessagesGone(session.name, gone);
}

/**
 * Copies messages. If the connection is lost, the command is not repeated, because it could copy the messages twice.
 *
 * @returns whether the destination was created
 * @throws ImapFailed
 */
export async function copyOnServer(
  { session, table }: OpenFolder,
  messages: readonly number[],
  folder: string,
): Promise<boolean> {
  const sets = listSets(table, messages);
  return createIfMissing(session, folder, async (connection) => {
    for (let set = sets.shift(); set !== undefined; set = sets.shift()) {
      await connection.copy(set, folder).catch((error: unknown) => {
        sets.unshift(set as string);
        throw error;
      });
    }
  });
}

/**
 * Moves messages, in one step if the server supports MOVE (RFC 6851). Otherwise, copies them and then removes the
 * originals.
 *
 * @param remove marks the originals as deleted and removes them; returns a notice if they remain
 * @throws ImapFailed
 */
export async function moveOnServer(
  opened: OpenFolder,
  messages: readonly number[],
  folder: string,
  remove: () => Promise<string | undefined>,
): Promise<Transferred> {
  const { session, table } = opened;
  const canMove = await session.run(async (connection) => connection.can("MOVE"));
  if (!canMove) {
    const created = await copyOnServer(opened, messages, folder);
    const notice = await remove();
    return { created, ...(notice === undefined ? {} : { notice }) };
  }
  const sets = listSets(table, messages);
  const moved = new Set<number>();
  let isReported = true;
  const created = await createIfMissing(session, folder, async (connection) => {
    isReported = connection.can("UIDPLUS");
    for (const set of sets) for (const uid of (await connection.move(set, folder))?.sources ?? []) moved.add(uid);
  });
  const uids = messages.map((message) => table.uid(message));
  // Another client may have removed messages since the server was asked. In that case, the server reports fewer moved
  // messages.
  const missing = isReported ? messages.filter((message) => !moved.has(table.uid(message))) : [];
  table.removeRanges(uids.map((uid) => ({ first: uid, last: uid })));
  if (missing.length === messages.length) throw new MessagesGone(session.name, missing);
  if (missing.length === 0) return { created };
  const notice = `${session.name}: messages not moved, because another program has removed them: ${missing.length}`;
  return { created, notice, missing };
}

function listSets(table: UidTable, messages: readonly number[]): string[] {
  const uids = messages.map((message) => table.uid(message)).sort((a, b) => a - b);
  return [...formatUidSets(uids)].map(({ set }) => set);
}

/**
 * Runs a task. If the task fails because the folder is missing, the folder is created and the task is run again.
 *
 * @returns whether the folder was created
 */
async function createIfMissing(
  session: FolderSession,
  folder: string,
  task: (connection: ImapConnection) => Promise<void>,
): Promise<boolean> {
  let used: ImapConnection | undefined;
  const run = async (connection: ImapConnection) => {
    used = connection;
    try {
      await task(connection);
      return false;
    } catch (error) {
      if (!(error instanceof ImapFailed && error.reason === "no such folder")) throw error;
    }
    await connection.create(folder);
    await task(connection);
    return true;
  };
  try {
    return await session.runOnce(run);
  } catch (error) {
    if (!(error instanceof ImapFailed) || used?.isOpen !== false) throw error;
    throw new ImapFailed(error.reason, `${error.message}; the server may have copied the messages`, error);
  }
}
