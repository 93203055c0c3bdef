/** The addresses in the open mailbox, collected when they are first requested. */
import { MailError } from "../../errors.ts";
import { parseAddresses } from "../../message/address.ts";
import { parseHeader } from "../../message/header.ts";
import type { Folder, Session } from "../session/session.ts";

/**
 * The maximum number of messages to read (latest first), and the maximum time for reading them, in milliseconds. These
 * limits ensure that Tab responds immediately.
 */
const mostMessages = 1000;
const patience = 100;

const fields = ["from", "reply-to", "to", "cc"];
/** Matches an address without characters that have a special meaning at the prompt. */
const plainAddress = /^[A-Za-z0-9][\w.+=-]*@[A-Za-z0-9.-]+$|^[A-Za-z][\w.-]*$/;

/** Returns a function that lists each address in the session's folder once. */
export function addressBook(session: Session): () => Promise<readonly string[]> {
  let known: { folder: Folder; count: number; addresses: readonly string[] } | undefined;
  return async () => {
    const { folder } = session;
    if (folder === undefined) return [];
    const { count } = folder.mailbox;
    if (known?.folder !== folder || known.count !== count)
      known = { folder, count, addresses: await gatherAddresses(folder) };
    return known.addresses;
  };
}

async function gatherAddresses(folder: Folder): Promise<readonly string[]> {
  const found = new Set<string>();
  try {
    for await (const address of addressesIn(folder)) found.add(address);
  } catch (error) {
    // Another program has moved the messages.
    if (!(error instanceof MailError)) throw error;
  }
  return [...found];
}

async function* addressesIn({ mailbox }: Folder): AsyncIterable<string> {
  const until = performance.now() + patience;
  const latest = Array.from({ length: Math.min(mailbox.count, mostMessages) }, (_, index) => mailbox.count - index);
  for await (const { messages, stored } of mailbox.openMessages(latest, "header")) {
    for (const message of messages) {
      if (performance.now() > until) return;
      const header = parseHeader(stored.header(message));
      for (const value of fields.flatMap((name) => header.all(name)))
        for (const { address } of parseAddresses(value)) if (plainAddress.test(address)) yield address;
    }
  }
}
