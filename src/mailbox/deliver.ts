/**
 * Delivers a message locally to a spool or Maildir, as Postfix local(8) does. In a spool, a From_ line is inserted
 * before the message, `From ` lines in its body are quoted, and an empty line is added after it. Both locks are held
 * during the write.
 */

import { lstatIfPresent } from "../file-stats.ts";
import { type AppendOptions, appendToMbox } from "./append.ts";
import { meansMaildir } from "./maildir-path.ts";
import { type Delivery, mboxForm } from "./mbox-form.ts";
import type { Rights } from "./rights.ts";
import { refuseSpool } from "./spool.ts";

/**
 * Returns the user whose rights root uses for a spool: the recipient, or the file's owner if the recipient has no
 * account. Returns undefined if this process does not run as root.
 */
export function rightsForSpool(spool: string, account: Rights | undefined): Rights | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  if (account !== undefined) return account;
  const found = lstatIfPresent(spool);
  return { uid: found?.uid ?? 0, gid: found?.gid ?? 0 };
}

/**
 * Delivers a message to a spool or Maildir. If the process runs as root, the message is delivered with the recipient's
 * rights.
 *
 * @param options `account` is the recipient's account; undefined if no password database contains the name
 * @throws MailboxBusy, SpoolRefused, or MailError with the system's reason; the spool is left unchanged
 */
export async function deliver(
  spool: string,
  delivery: Delivery,
  { account, ...options }: Omit<AppendOptions, "recipient"> & { readonly account?: Rights | undefined },
): Promise<void> {
  const recipient = rightsForSpool(spool, account);
  if (meansMaildir(spool)) {
    const refusal = recipient && refuseSpool(spool, recipient);
    if (refusal !== undefined) throw refusal;
    const { fileMessage } = await import("./maildir/add-messages.ts");
    await fileMessage(spool, delivery);
    return;
  }
  await appendToMbox(spool, [mboxForm(delivery)], {
    ...options,
    ...(recipient === undefined ? {} : { recipient }),
  });
}
