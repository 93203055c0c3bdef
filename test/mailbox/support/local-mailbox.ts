/** Opens mailboxes on this machine, whose messages can be read without a window. */
import type { Mailbox, MailboxOptions, StoredMessages } from "../../../src/mailbox/mailbox.ts";
import { openMailbox } from "../../../src/mailbox/open.ts";

/** A mailbox that opens all messages in a single window, with itself as the window's messages. */
export type LocalMailbox = Mailbox & StoredMessages;

/** Opens a file or a Maildir. */
export async function openLocal(path: string, options: MailboxOptions): Promise<LocalMailbox> {
  return asLocal(await openMailbox(path, options));
}

/** Returns an open mailbox as one whose messages can be read without a window. @throws if it is not on this machine */
export function asLocal(mailbox: Mailbox): LocalMailbox {
  if (!("read" in mailbox)) throw new Error(`${mailbox.path}: not on this machine`);
  return mailbox as LocalMailbox;
}
