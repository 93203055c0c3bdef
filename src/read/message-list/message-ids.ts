/** Finds messages by their ids, which `mail --json` prints. */
import type { Mailbox } from "../../mailbox/mailbox.ts";
import { messagePieces } from "../../mailbox/pieces.ts";

/** Matches the id of a message in an mbox. Such an id is recognized without `id:`. */
const bareId = /^m-[0-9a-f]{32}$/;

/**
 * Returns the ids if all words are ids, or undefined if any word is part of a query. A word is an id if it begins with
 * `id:`, has the form of an mbox message's id, or is the id of a message in the mailbox.
 *
 * @param mailbox undefined if no mailbox is open
 */
export function parseIds(mailbox: Mailbox | undefined, words: readonly string[]): string[] | undefined {
  const ids: string[] = [];
  const names = mailbox?.isKeyedByContent === false ? new Set(listKeys(mailbox)) : undefined;
  for (const word of words) {
    const isBare = bareId.test(word) || names?.has(word) === true;
    if (!isBare && !/^id:./.test(word)) return undefined;
    ids.push(word.replace(/^id:/, ""));
  }
  return ids.length > 0 ? ids : undefined;
}

function* listKeys(mailbox: Mailbox): Iterable<string> {
  for (let message = 1; message <= mailbox.count; message++) yield mailbox.key(message);
}

/** Returns the keys of messages, by message number. The number 0 is ignored. */
export async function readKeys(mailbox: Mailbox, messages: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const keys = new Map<number, string>();
  const wanted = messages.filter((message) => message > 0).sort((a, b) => a - b);
  for await (const { message, key } of computeKeys(mailbox, wanted)) keys.set(message, key);
  return keys;
}

/** Yields messages with their keys. @param messages in ascending order */
async function* computeKeys(
  mailbox: Mailbox,
  messages: readonly number[],
): AsyncIterable<{ readonly message: number; readonly key: string }> {
  if (!mailbox.isKeyedByContent) {
    for (const message of messages) yield { message, key: mailbox.key(message) };
    return;
  }
  for await (const { messages: opened, stored } of mailbox.openMessages(messages, "whole")) {
    for (const { message, at, bytes } of messagePieces(stored, opened, "whole"))
      if (at === 0) yield { message, key: stored.key(message, bytes) };
  }
}

/**
 * For each ID, returns the message with that ID, or undefined if the mailbox contains no such message. If an ID is
 * repeated, each repetition stands for another identical copy.
 */
export async function findByIds(mailbox: Mailbox, ids: readonly string[]): Promise<(number | undefined)[]> {
  const wanted = new Map<string, number[]>();
  for (const [index, id] of ids.entries()) wanted.set(id, [...(wanted.get(id) ?? []), index]);
  const found: (number | undefined)[] = ids.map(() => undefined);
  let left = ids.length;
  const all = Array.from({ length: mailbox.count }, (_, index) => index + 1);
  for await (const { message, key } of computeKeys(mailbox, all)) {
    const index = wanted.get(key)?.shift();
    if (index === undefined) continue;
    found[index] = message;
    if (--left === 0) break;
  }
  return found;
}
