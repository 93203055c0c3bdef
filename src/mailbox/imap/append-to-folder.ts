/**
 * Appends messages to a folder on a server. If an append fails, the messages that were already appended are removed,
 * provided that the server can remove individual messages (UIDPLUS).
 */
import { Exit, MailError } from "../../errors.ts";
import type { FlaggedMessage } from "../maildir/add-messages.ts";
import type { AccessServer } from "../server-access.ts";
import { EarlierCopies } from "./earlier-copies.ts";
import type { ImapConnection } from "./imap-connection.ts";
import { ImapFailed } from "./imap-failure.ts";
import type { CopiedUids } from "./imap-grammar.ts";
import { findAccess, openConnection } from "./open-connection.ts";
import { flagsOfLetters } from "./server-flags.ts";
import { formatUidSets, keyOfUid } from "./uid-set.ts";

/** The time in milliseconds for which an interrupted append waits for the server's response to the last command. */
const longestWait = 2000;

/**
 * Appends messages to a folder. A missing folder is created. If the signal is aborted, the messages that have already
 * been appended are removed. If the server then does not respond, the connection is closed.
 *
 * @param name the folder's address
 * @param options the options of the same names in AppendOptions
 * @throws ImapFailed, or MailError for an invalid address or setting. Either no message was added, or the error states
 *   how many were added
 */
export async function appendToFolder(
  name: string,
  messages: Iterable<FlaggedMessage>,
  {
    accessServer,
    signal,
    mayExist = false,
  }: {
    readonly accessServer?: AccessServer | undefined;
    readonly signal?: AbortSignal;
    readonly mayExist?: boolean;
  },
): Promise<{ readonly created: boolean; readonly keys: readonly (string | undefined)[] }> {
  const { address, access } = await findAccess(name, accessServer);
  const folder = address.folder === "" ? "INBOX" : address.folder;
  const connection = await openConnection(address, access, signal);
  const added: (CopiedUids | undefined)[] = [];
  let created = false;
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    timer = setTimeout(() => connection.destroy(), longestWait);
  };
  signal?.addEventListener("abort", stop);
  const append = (bytes: Buffer, { letters, date }: FlaggedMessage["filing"]) =>
    connection.append(folder, bytes, { flags: flagsOfLetters(letters), received: date });
  try {
    const earlier = mayExist ? await EarlierCopies.open(connection, folder) : undefined;
    for (const { pieces, filing } of messages) {
      signal?.throwIfAborted();
      const bytes = joinWithCrLf(pieces);
      if ((await earlier?.find(bytes)) === true) continue;
      try {
        added.push(await append(bytes, filing));
      } catch (error) {
        if (created || !(error instanceof ImapFailed && error.reason === "no such folder")) throw error;
        await connection.create(folder);
        created = true;
        added.push(await append(bytes, filing));
      }
    }
    return { created, keys: added.map((each) => each && keyOfUid(each.uidValidity, each.uids[0] as number)) };
  } catch (error) {
    const reason = signal?.aborted === true && !connection.isOpen ? makeUncertain(name) : error;
    if (added.length > 0 && !(await removeAppended(connection, folder, added)))
      throw describeAppended(name, added, reason);
    throw reason instanceof ImapFailed ? addOutcome(reason, connection.isOpen) : reason;
  } finally {
    await connection.logout();
    signal?.removeEventListener("abort", stop);
    clearTimeout(timer);
  }
}

/** Joins a message's pieces and converts its newlines to CRLF. */
export function joinWithCrLf(pieces: Iterable<Uint8Array>): Buffer {
  const text = Buffer.concat([...pieces]).toString("latin1");
  return Buffer.from(text.replace(/\r?\n/g, "\r\n"), "latin1");
}

/** Removes only the messages that were appended. @returns false if some of them may remain */
async function removeAppended(
  connection: ImapConnection,
  folder: string,
  added: readonly (CopiedUids | undefined)[],
): Promise<boolean> {
  const known = added.flatMap((each) => each?.uids ?? []);
  if (!connection.isOpen || known.length < added.length || !connection.can("UIDPLUS")) return false;
  try {
    const { uidValidity } = await connection.select(folder, { readOnly: false });
    if (added.some((each) => each?.uidValidity !== uidValidity)) return false;
    for (const { set } of formatUidSets(known)) {
      await connection.store(set, "+", ["\\Deleted"]);
      await connection.expunge(set);
    }
    return true;
  } catch (error) {
    if (error instanceof ImapFailed) return false;
    throw error;
  }
}

/** Adds to an error a statement of whether a message may have been appended. */
function addOutcome({ reason, message, cause }: ImapFailed, isOpen: boolean): ImapFailed {
  const outcome = isOpen ? "nothing was added" : "the server may have stored a message";
  return new ImapFailed(reason, `${message}; ${outcome}`, cause);
}

function makeUncertain(name: string): MailError {
  const text = `${name}: interrupted; the server did not respond, and may have stored another message`;
  return new MailError(text, Exit.TempFail, { reason: "interrupted" });
}

function describeAppended(name: string, added: readonly unknown[], error: unknown): unknown {
  if (!(error instanceof MailError)) return error;
  const messages = added.length === 1 ? "message was" : "messages were";
  return new MailError(`${error.message}; ${added.length} ${messages} already appended to ${name}`, error.exit, {
    cause: error,
  });
}
