/**
 * Verifies, before messages are removed, that their UIDs still belong to the messages that the cache listed. Servers
 * must not reuse UIDs. The check is made nevertheless, because a message that is removed by mistake cannot be restored.
 */
import { parseHeader } from "../../message/header.ts";
import type { FolderCache } from "./folder-cache.ts";
import { ImapFailed } from "./imap-failure.ts";
import type { OpenFolder } from "./transfer-messages.ts";
import { formatUidSets } from "./uid-set.ts";

const section = "HEADER.FIELDS (MESSAGE-ID)";

/**
 * Compares the sizes and Message-IDs in the cache with those on the server.
 *
 * @param messages in ascending order
 * @throws ImapFailed if a size or Message-ID differs; nothing was changed
 */
export async function confirmIdentity(
  { session, table }: OpenFolder,
  cache: FolderCache,
  messages: readonly number[],
): Promise<void> {
  const uids = messages.map((message) => table.uid(message)).filter((uid) => cache.isUnconfirmed(uid));
  const different = new Set<number>();
  for (const { set } of formatUidSets(uids)) {
    await session.run((connection) =>
      connection.fetch(set, { facts: true, ranges: [{ section, start: 0, length: 4096 }] }, ({ uid, size, bytes }) => {
        if (!cache.isUnconfirmed(uid)) return;
        const listed = cache.findListFacts(uid)?.messageId?.[0];
        const found = parseHeader(bytes(section) ?? Buffer.alloc(0)).get("message-id");
        const isSame =
          size === cache.find(uid)?.size && (listed === undefined || listed.trim() === (found ?? "").trim());
        if (isSame) cache.confirm(uid);
        else different.add(uid);
      }),
    );
  }
  if (different.size > 0) await requireRemoved({ session, table }, different);
}

/**
 * Throws an error unless the messages have been removed in the meantime. A server sends no data for removed messages.
 */
async function requireRemoved({ session, table }: OpenFolder, different: ReadonlySet<number>): Promise<void> {
  // A server may include removed messages in its results until it has reported their removal.
  await session.run((connection) => connection.noop());
  for (const { set } of formatUidSets([...different].sort((a, b) => a - b))) {
    const [present] = await session.run((connection) => connection.search({ word: "UID" }, { set }));
    if (present === undefined) continue;
    throw new ImapFailed(
      "UID reused",
      `${session.name}: message ${table.numberOf(present)} is not the one that was listed; nothing was changed; remove the cache and open the mailbox again`,
    );
  }
}
