/**
 * Local delivery into a spool, as Postfix local(8) does it: From_ line, quoted body, empty line, under both locks; or into
 * a Maildir.
 */

import { lstatIfPresent } from "../file-stats.ts";
import { asctime } from "../message/date.ts";
import { type AppendOptions, appendMessages } from "./append.ts";
import { meansMaildir } from "./maildir/directory.ts";
import type { Rights } from "./rights.ts";
import { refuseSpool } from "./spool.ts";

export interface Delivery {
  /** The envelope sender; empty for the null sender. */
  readonly sender: string;
  readonly date: Date;
  /** Header and body, lines ending with LF. */
  readonly message: Uint8Array | Iterable<Uint8Array>;
}

/** Yields a message in mbox form: `From ` at the start of a line is quoted, and an empty line ends it. */
export function* mboxForm({ sender, date, message }: Delivery): Iterable<Buffer> {
  yield Buffer.from(`From ${sender === "" ? "MAILER-DAEMON" : sender} ${asctime(date)}\n`, "latin1");
  const separator = "From ";
  let isAtLineStart = true;
  let held = "";
  let last = "";
  for (const piece of message instanceof Uint8Array ? [message] : message) {
    if (piece.length === 0) continue;
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    const text = held + bytes.toString("latin1");
    const lineStart = text.lastIndexOf("\n") + 1;
    const line = text.slice(lineStart);
    // The next piece may go on with a line that begins as a From_ line does.
    held = (lineStart > 0 || isAtLineStart) && line !== separator && separator.startsWith(line) ? line : "";
    const now = text.slice(0, text.length - held.length);
    const quoted = now.replace(/\nFrom /g, "\n>From ");
    yield Buffer.from(isAtLineStart && now.startsWith(separator) ? `>${quoted}` : quoted, "latin1");
    isAtLineStart = held !== "" || text.endsWith("\n");
    last = text.slice(-1);
  }
  yield Buffer.from(`${held}${last === "\n" || last === "" ? "" : "\n"}\n`, "latin1");
}

/**
 * Returns whose rights root uses for a spool: the recipient's, or the file's owner's if the name has no account. Undefined
 * if this process is not root.
 */
export function rightsForSpool(spool: string, account: Rights | undefined): Rights | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  if (account !== undefined) return account;
  const found = lstatIfPresent(spool);
  return { uid: found?.uid ?? 0, gid: found?.gid ?? 0 };
}

/**
 * Delivers a message into a spool or Maildir. Root takes the recipient's rights for it.
 *
 * @param options `account` is the recipient's; undefined for a name that is in no password database
 * @throws MailboxBusy, SpoolRefused, or MailError with the system's reason; the spool is then as it was
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
    const { fileMessage } = await import("./maildir/append.ts");
    await fileMessage(spool, delivery);
    return;
  }
  await appendMessages(spool, [mboxForm(delivery)], {
    ...options,
    ...(recipient === undefined ? {} : { recipient }),
  });
}
