/** The addresses in the open mailbox, collected when they are first requested. */
import { MailError } from "../../errors.ts";
import { parseAddresses } from "../../message/address.ts";
import { parseHeader } from "../../message/header.ts";
import type { Folder, Session } from "../session/session.ts";

/**
 * The maximum number of messages to read (latest first) and the maximum time in milliseconds. These limits ensure that
 * Tab responds immediately.
 */
const mostMessages = 1000;
const patience = 100;

const fields = ["from", "reply-to", "to", "cc"];
/** An address that contains no characters with a special meaning at the prompt. */
const plainAddress = /^[A-Za-z0-9][\w.+=-]*@[A-Za-z0-9.-]+$|^[A-Za-z][\w.-]*$/;

/** Returns a function that lists the addresses in the session's folder, without duplicates. */
export function addressBook(session: Session): () => readonly string[] {
  let known: { folder: Folder; count: number; addresses: readonly string[] } | undefined;
  return () => {
    const { folder } = session;
    if (folder === undefined) return [];
    const { count } = folder.mailbox;
    if (known?.folder !== folder || known.count !== count)
      known = { folder, count, addresses: gatherAddresses(folder) };
    return known.addresses;
  };
}

function gatherAddresses({ mailbox }: Folder): readonly string[] {
  const found = new Set<string>();
  try {
    for (const address of addressesIn(mailbox)) found.add(address);
  } catch (error) {
    // Another program has moved the messages.
    if (!(error instanceof MailError)) throw error;
  }
  return [...found];
}

function* addressesIn(mailbox: Folder["mailbox"]): Iterable<string> {
  const until = performance.now() + patience;
  const first = Math.max(mailbox.count - mostMessages, 0);
  for (let message = mailbox.count; message > first && performance.now() < until; message--) {
    const header = parseHeader(mailbox.header(message));
    for (const value of fields.flatMap((name) => header.all(name)))
      for (const { address } of parseAddresses(value)) if (plainAddress.test(address)) yield address;
  }
}
