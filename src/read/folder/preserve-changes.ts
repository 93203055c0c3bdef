/** Preserves a user's changes that cannot be written because another program has changed the mailbox too much. */
import { storeOptions } from "../../config/paths.ts";
import { MailError } from "../../errors.ts";
import { appendMessages } from "../../mailbox/append.ts";
import type { Fate, Mailbox } from "../../mailbox/mailbox.ts";
import type { MailboxChanged } from "../../mailbox/mailbox-errors.ts";
import { createKeptPath } from "../../mailbox/state-path.ts";
import type { Folder, Session } from "../session/session.ts";

/** The maximum number of ranges in an error message. */
const mostRanges = 20;

/**
 * Stores the edited messages in a file. Marks are already stored if the session records its pending changes.
 *
 * @returns the same error, with a message that also names the affected messages and the location of their stored
 * changes
 */
export async function preserveChanges(
  session: Session,
  { mailbox, history }: Folder,
  fate: (message: number) => Fate,
  error: MailboxChanged,
): Promise<MailError> {
  const said = [error.message];
  const deleted = numbersOf(mailbox, fate, "drop");
  const moved = numbersOf(mailbox, fate, "mbox");
  if (deleted !== "") said.push(`messages to be deleted: ${deleted}`);
  if (moved !== "") said.push(`messages to be moved to mbox: ${moved}`);
  if (history.isKept) said.push("the marks can be restored when the mailbox is next opened (resume)");
  const edited = [...history.edited].sort((a, b) => a - b);
  if (edited.length > 0) said.push(`edited messages are in ${await keepEdited(session, mailbox, edited)}`);
  return new MailError(said.join("; "), error.exit, { cause: error });
}

/** Returns the messages with a given fate, such as `2, 4-6`. */
function numbersOf({ count }: Mailbox, fate: (message: number) => Fate, wanted: Fate): string {
  const ranges: string[] = [];
  for (let first = 1; first <= count; first++) {
    if (fate(first) !== wanted) continue;
    let last = first;
    while (last < count && fate(last + 1) === wanted) last++;
    ranges.push(first === last ? `${first}` : `${first}-${last}`);
    first = last;
  }
  return ranges.length > mostRanges ? `${ranges.slice(0, mostRanges).join(", ")} ...` : ranges.join(", ");
}

async function keepEdited(session: Session, mailbox: Mailbox, messages: readonly number[]): Promise<string> {
  const options = storeOptions(session.config);
  const path = createKeptPath(options.stateDirectory);
  const texts: Buffer[][] = [];
  for await (const { messages: opened, stored } of mailbox.openMessages(messages, "whole"))
    for (const message of opened) texts.push([stored.read(message, 0, stored.size(message))]);
  await appendMessages(path, texts, options);
  return path;
}
