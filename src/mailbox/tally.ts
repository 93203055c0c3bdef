import type { FlagTally, Mailbox } from "./mailbox.ts";

/** Yields runs of messages with the same flags, beginning with message `from`. */
export function tallyOf(mailbox: Mailbox, from = 1): Iterable<FlagTally> {
  return mailbox.tally?.(from) ?? tallyFlags(mailbox, from);
}

function tallyFlags(mailbox: Mailbox, from: number): Iterable<FlagTally> {
  const found = new Map<number, { flags: number; count: number; first: number }>();
  let last: { flags: number; count: number } | undefined;
  for (let message = from; message <= mailbox.count; message++) {
    const flags = mailbox.flags(message);
    if (last?.flags !== flags) {
      const tally = found.get(flags) ?? { flags, count: 0, first: message };
      found.set(flags, tally);
      last = tally;
    }
    last.count++;
  }
  return found.values();
}
