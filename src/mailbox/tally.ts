import type { FlagTally, Mailbox } from "./mailbox.ts";

/** Of the messages from one on, how many have the same flags. */
export function tallyOf(mailbox: Mailbox, from = 1): Iterable<FlagTally> {
  return mailbox.tally?.(from) ?? counted(mailbox, from);
}

function counted(mailbox: Mailbox, from: number): Iterable<FlagTally> {
  const found = new Map<number, { flags: number; count: number; first: number }>();
  for (let message = from; message <= mailbox.count; message++) {
    const flags = mailbox.flags(message);
    const known = found.get(flags);
    if (known === undefined) found.set(flags, { flags, count: 1, first: message });
    else known.count++;
  }
  return found.values();
}
