/**
 * Local delivery into a spool, as Postfix local(8) does it: From_ line, quoted body, empty line, under both locks; or into
 * a Maildir.
 */
import { closeSync, fchownSync, openSync } from "node:fs";
import { asctime } from "../message/date.ts";
import { isSystemError, named } from "../system-error.ts";
import { type AppendOptions, appendMessages } from "./append.ts";
import { meansMaildir } from "./maildir/directory.ts";

export interface Delivery {
  /** The envelope sender; empty for the null sender. */
  readonly sender: string;
  readonly date: Date;
  /** Header and body, lines ending with LF. */
  readonly message: Uint8Array | Iterable<Uint8Array>;
}

/** One message in mbox form: `From ` at the start of a line is quoted, and an empty line ends it. */
export function mboxForm({ sender, date, message }: Delivery): Buffer {
  const pieces = message instanceof Uint8Array ? [message] : [...message];
  const text = Buffer.concat(pieces)
    .toString("latin1")
    .replace(/^From /gm, ">From ");
  const end = text.endsWith("\n") ? "\n" : "\n\n";
  return Buffer.from(`From ${sender === "" ? "MAILER-DAEMON" : sender} ${asctime(date)}\n${text}${end}`, "latin1");
}

/** Who is to own a mailbox. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A mailbox made by root belongs to its user from the first moment. @throws MailError that names it */
export function provideSpool(spool: string, { uid, gid }: Owner): void {
  if (process.getuid?.() !== 0) return;
  let descriptor: number;
  try {
    descriptor = openSync(spool, "wx", 0o600);
  } catch (error) {
    if (isSystemError(error) && error.code === "EEXIST") return;
    throw named(spool, error);
  }
  try {
    fchownSync(descriptor, uid, gid);
  } finally {
    closeSync(descriptor);
  }
}

/** @throws MailboxBusy, or MailError with the system's reason; the spool is then as it was */
export async function deliver(spool: string, delivery: Delivery, options: AppendOptions): Promise<void> {
  if (meansMaildir(spool)) {
    const { fileMessage } = await import("./maildir/append.ts");
    await fileMessage(spool, delivery);
    return;
  }
  await appendMessages(spool, [[mboxForm(delivery)]], options);
}
