/** Selects the messages for an action by their ids or by a query. */
import type { RequestedAct } from "../cli/command-line.ts";
import { Exit, MailError } from "../errors.ts";
import { keyOfMessage } from "../mailbox/message-key.ts";
import { pushAll } from "../message/lists.ts";
import { findByIds, parseIds, readKeys } from "../read/message-list/message-ids.ts";
import { checkQuery, findByQuery } from "../read/message-list/message-list.ts";
import { ListMistake } from "../read/query/query.ts";
import type { Folder, Session } from "../read/session/session.ts";

/** The maximum number of messages that a query may select without --at-most, for an action that is hard to undo. */
const usualMost = 100;
const limited: ReadonlySet<RequestedAct["kind"]> = new Set(["delete", "move", "resend"] as const);

/** The messages that an action will affect. The selection stays the same if the mailbox has to be opened again. */
export interface Selection {
  readonly ids: readonly string[];
  /** Whether the caller named the messages by their ids. If so, every message must exist. */
  readonly isById: boolean;
}

/** A selected message. */
export interface Selected {
  readonly id: string;
  /** The message's number in the open mailbox; undefined if the mailbox no longer contains the message. */
  readonly message: number | undefined;
}

/**
 * Returns the selection that the arguments describe.
 *
 * @param folder the open mailbox; undefined if there is no mail
 * @throws MailError for an invalid query or too many matches
 */
export async function selectForAct(
  session: Session,
  folder: Folder | undefined,
  words: readonly string[],
  { kind, atMost }: { readonly kind: RequestedAct["kind"]; readonly atMost: number | undefined },
): Promise<Selection> {
  const named = parseIds(folder?.mailbox, words);
  if (named !== undefined) return { ids: named, isById: true };
  const query = words.join(" ");
  const found: number[] = [];
  try {
    if (folder === undefined) await checkQuery(session, query);
    else for await (const some of findByQuery(session, folder, query)) pushAll(found, some);
  } catch (error) {
    if (!(error instanceof ListMistake)) throw error;
    throw new MailError(`${error.message}; nothing was changed`, Exit.Usage, { cause: error, reason: "invalid query" });
  }
  const most = atMost ?? (limited.has(kind) ? usualMost : Number.POSITIVE_INFINITY);
  if (found.length > most) {
    throw new MailError(
      `${found.length} messages match, but at most ${most} are allowed; nothing was changed`,
      Exit.Usage,
      {
        reason: "too many matches",
        remedy: `use --at-most ${found.length}, or narrow the query`,
      },
    );
  }
  if (folder === undefined) return { ids: [], isById: false };
  const keys = await readKeys(folder.mailbox, found);
  return { ids: found.map((message) => keys.get(message) ?? ""), isById: false };
}

/** Finds the selected messages in the open mailbox. @param folder the open mailbox; undefined if there is no mail */
export async function locateSelected(folder: Folder | undefined, { ids }: Selection): Promise<Selected[]> {
  const found = folder === undefined ? [] : await findByIds(folder.mailbox, ids);
  const selected = ids.map((id, index) => ({ id, message: found[index] }));
  if (folder?.mailbox.isKeyedByContent !== true) return selected;
  // The keys of a large mailbox may come from the cache directory. An action must not rely on the cache, so the keys
  // are computed again.
  const numbers = found.filter((message) => message !== undefined).sort((a, b) => a - b);
  const keys = new Map<number, string>();
  for await (const { messages, stored } of folder.mailbox.openMessages(numbers, "whole")) {
    for (const message of messages) {
      const read = (start: number, end: number) => stored.read(message, start, end);
      keys.set(message, keyOfMessage({ size: stored.size(message), read }));
    }
  }
  return selected.map(({ id, message }) => ({
    id,
    message: message && keys.get(message) === id ? message : undefined,
  }));
}

/** Returns the error for messages that are no longer in the mailbox. */
export function makeGoneError(ids: readonly string[]): MailError {
  const what = ids.length === 1 ? `${ids[0]}: no such message` : `${ids.length} messages no longer exist`;
  return new MailError(`${what}; nothing was changed`, Exit.Failure, {
    reason: "gone",
    remedy: "list the messages again with mail --json",
  });
}

/** Returns the error for a query that no message matches. */
export function makeNoMatchError(): MailError {
  return new MailError("no messages match; nothing was changed", Exit.Failure, { reason: "no match" });
}
