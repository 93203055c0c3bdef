/** Opens local mailboxes, whose messages can be read without a window. */
import type { Mailbox, MailboxOptions, StoredMessages } from "../../../src/mailbox/mailbox.ts";
import { openMailbox } from "../../../src/mailbox/open.ts";

/** A mailbox whose single window contains all messages, so that they can be read through the mailbox itself. */
export type LocalMailbox = Mailbox & StoredMessages;

/** Opens a file or a Maildir. */
export async function openLocal(path: string, options: MailboxOptions): Promise<LocalMailbox> {
  return asLocal(await openMailbox(path, options));
}

/**
 * Returns an open mailbox with a type that allows its messages to be read without a window.
 *
 * @throws if the mailbox is not on this machine
 */
export function asLocal(mailbox: Mailbox): LocalMailbox {
  if (!("read" in mailbox)) throw new Error(`${mailbox.path}: not on this machine`);
  return mailbox as LocalMailbox;
}
