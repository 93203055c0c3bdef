/** Loads the UIDs and flags of a folder's messages. Only a few requests are sent, and the responses are short. */
import type { ImapConnection } from "./imap-connection.ts";
import { mostMessages } from "./imap-grammar.ts";
import { bitsOfFlags, flagSearches } from "./server-flags.ts";
import { formatUidSets } from "./uid-set.ts";
import type { UidTable } from "./uid-table.ts";

/** If at least this many messages are new, their flags are loaded with SEARCH instead of FETCH. */
const fewMessages = 1000;

/**
 * Loads the states of all messages with one search for all UIDs and one search per flag. Messages that no longer exist
 * are marked as gone, and new messages are given numbers.
 *
 * FETCH would take ten times as long, and its response would be much longer.
 */
export async function loadAllStates(connection: ImapConnection, table: UidTable): Promise<void> {
  const uids = await connection.search({ word: "ALL" });
  table.add(table.retain(uids), () => false);
  for (const { key, bit, isInverted } of flagSearches) {
    const found = await connection.search({ word: key });
    table.updateFlag(bit, isInverted ? subtractUids(uids, found) : found);
  }
}

/**
 * Updates the states from an earlier session: messages that no longer exist are removed, and changed flags are loaded
 * (RFC 7162, CONDSTORE). Must be called before any number is used.
 *
 * @param modSeq the folder's highest modification sequence at the end of the earlier session
 */
export async function updateStates(connection: ImapConnection, table: UidTable, modSeq: bigint): Promise<void> {
  table.retain(await connection.search({ word: "ALL" }));
  table.dropGone();
  if (table.count === 0) return;
  await connection.fetch(`1:${table.lastUid}`, { flags: true, changedSince: modSeq }, ({ uid, flags }) => {
    const message = table.numberOf(uid);
    if (message !== undefined && flags !== undefined) table.update(message, bitsOfFlags(flags));
  });
}

/** Adds new messages to the table, with their flags. */
export async function loadStatesOf(
  connection: ImapConnection,
  table: UidTable,
  uids: readonly number[],
): Promise<void> {
  const { lastUid } = table;
  const added = uids.filter((uid) => uid > lastUid && uid <= lastUid + mostMessages * 100);
  if (added.length >= fewMessages) {
    await loadAllStates(connection, table);
    table.markNew(lastUid);
    return;
  }
  const bits = new Map<number, number>();
  for (const { set } of formatUidSets(added)) {
    await connection.fetch(set, { flags: true }, ({ uid, flags = [] }) => {
      bits.set(uid, bitsOfFlags(flags));
    });
  }
  table.add(
    added.filter((uid) => bits.has(uid)),
    () => true,
    (uid) => bits.get(uid) ?? 0,
  );
}

/** Returns the UIDs in the first list that are not in the second. Both lists are sorted. */
function subtractUids(uids: readonly number[], others: readonly number[]): number[] {
  let next = 0;
  return uids.filter((uid) => {
    while (next < others.length && (others[next] as number) < uid) next++;
    return others[next] !== uid;
  });
}
