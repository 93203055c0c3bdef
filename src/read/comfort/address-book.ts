/** The addresses seen in the open mailbox, gathered when they are first asked for. */
import { MailError } from "../../errors.ts";
import { parseAddresses } from "../../message/address.ts";
import { parseHeader } from "../../message/header.ts";
import type { Folder, Session } from "../session/session.ts";

/** So many messages, the last ones first, and so long in milliseconds: Tab must answer at once. */
const mostMessages = 1000;
const patience = 100;

const fields = ["from", "reply-to", "to", "cc"];
/** What can be typed as it is and means nothing but an address. */
const plainAddress = /^[A-Za-z0-9][\w.+=-]*@[A-Za-z0-9.-]+$|^[A-Za-z][\w.-]*$/;

/** Returns a function that gives them, each once */
export function addressBook(session: Session): () => readonly string[] {
  let known: { folder: Folder; count: number; addresses: readonly string[] } | undefined;
  return () => {
    const { folder } = session;
    if (folder === undefined) return [];
    const { count } = folder.mailbox;
    if (known?.folder !== folder || known.count !== count) known = { folder, count, addresses: gather(folder) };
    return known.addresses;
  };
}

function gather({ mailbox }: Folder): readonly string[] {
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
