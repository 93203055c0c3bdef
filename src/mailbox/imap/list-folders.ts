/** Lists and creates folders on a server. */
import type { AccessServer, ServerAddress } from "../server-access.ts";
import type { ImapConnection } from "./imap-connection.ts";
import { findAccess, openConnection } from "./open-connection.ts";

/** A folder that can be opened. */
export interface ServerFolder {
  /** The folder's name, relative to the address at which folders are listed. */
  readonly name: string;
  /** The special use (RFC 6154): all, archive, drafts, flagged, important, junk, sent or trash. */
  readonly use: string | undefined;
}

const specialUse = /^\\(all|archive|drafts|flagged|important|junk|sent|trash)$/;

/**
 * Returns the folders at an address, sorted by name.
 *
 * @param name the address of a server, or of a folder that contains others
 * @param signal closes the connection
 * @throws ImapFailed, MailError for an invalid address or setting, or the signal's reason
 */
export async function listServerFolders(
  name: string,
  accessServer: AccessServer | undefined,
  signal?: AbortSignal,
): Promise<readonly ServerFolder[]> {
  const { address, connection } = await connectToServer(name, accessServer, signal);
  signal?.addEventListener("abort", () => connection.destroy());
  try {
    const prefix = address.folder === "" ? "" : `${address.folder}/`;
    const found: ServerFolder[] = [];
    for (const { name: folder, attributes } of await connection.list()) {
      if (!folder.startsWith(prefix) || attributes.some((each) => ["\\noselect", "\\nonexistent"].includes(each)))
        continue;
      const use = attributes.map((attribute) => specialUse.exec(attribute)?.[1]).find((each) => each !== undefined);
      found.push({ name: folder.slice(prefix.length), use });
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    await connection.logout();
  }
}

/** Creates a folder. @param name its address @throws ImapFailed, or MailError for an invalid address or setting */
export async function createServerFolder(name: string, accessServer: AccessServer | undefined): Promise<void> {
  const { address, connection } = await connectToServer(name, accessServer);
  try {
    await connection.create(address.folder);
  } finally {
    await connection.logout();
  }
}

async function connectToServer(
  name: string,
  accessServer: AccessServer | undefined,
  signal?: AbortSignal,
): Promise<{ readonly address: ServerAddress; readonly connection: ImapConnection }> {
  const { address, access } = await findAccess(name, accessServer);
  return { address, connection: await openConnection(address, access, signal) };
}
