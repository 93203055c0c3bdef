/**
 * Decides whether a recipient is local. If the recipient is not local, the result is the reply that refuses the
 * recipient.
 */

import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { MailError } from "../errors.ts";
import { lstatIfPresent } from "../file-stats.ts";
import { rightsForSpool } from "../mailbox/deliver.ts";
import { findDeliveryFailure, isPermanentFailure } from "../mailbox/delivery-failure.ts";
import { isMaildir } from "../mailbox/maildir-path.ts";
import type { Rights } from "../mailbox/rights.ts";
import { SpoolRefused } from "../mailbox/spool.ts";
import type { Options } from "./maild-options.ts";

export interface Recipient {
  /** The address in RCPT TO. */
  readonly original: string;
  /** The delivery address, user@domain. */
  readonly address: string;
  readonly user: string;
  readonly spool: string;
  /** The mailbox's owner; undefined for a user without an account. */
  readonly account?: Rights;
}

/** An SMTP reply. */
export interface Refused {
  readonly code: number;
  readonly text: string;
}

export type Verdict = { readonly recipient: Recipient } | { readonly refused: Refused };

/**
 * Accepts or refuses a recipient.
 *
 * @param address as in RCPT TO, without the angle brackets; smtp-server refuses an address without a domain
 */
export function judgeRecipient(address: string, options: Options): Verdict {
  const at = address.lastIndexOf("@");
  const name = address.slice(0, at).replace(/^"(.*)"$/, "$1");
  const domain = address.slice(at + 1).toLowerCase();
  if (!isLocalDomain(domain, options)) {
    return { refused: { code: 554, text: `5.7.1 <${address}>: Relay access denied` } };
  }
  const recipient = findUser(name, options);
  if (recipient === undefined) {
    const text = `5.1.1 <${address}>: Recipient address rejected: User unknown in local recipient table`;
    return { refused: { code: 550, text } };
  }
  return { recipient: { original: address, address: `${recipient.user}@${domain}`, ...recipient } };
}

/** Returns the refusal if root must not deliver to a recipient's mailbox; undefined if root may deliver. */
export function refuseMailbox({ original, spool, account }: Recipient): Refused | undefined {
  const rights = rightsForSpool(spool, account);
  const failure = rights && findDeliveryFailure(spool, rights);
  if (!(failure instanceof MailError)) return undefined;
  const isPermanent = isPermanentFailure(failure);
  // Other temporary failures, such as too many open files, are reported only after the message has been received.
  if (!isPermanent && !(failure instanceof SpoolRefused)) return undefined;
  const [code, dsn] = isPermanent ? [550, "5.2.0"] : [450, "4.2.0"];
  return { code, text: `${dsn} <${original}>: Recipient address rejected: ${failure.message}` };
}

function isLocalDomain(domain: string, options: Options): boolean {
  return [options.domain, "localhost", "[127.0.0.1]", hostname().toLowerCase()].includes(domain);
}

function findUser(name: string, options: Options): Pick<Recipient, "user" | "spool" | "account"> | undefined {
  // The name becomes a file name. A lock file or another program's file is not a mailbox.
  if (!/^[a-z0-9_][a-z0-9_.-]*$/i.test(name) || name.endsWith(".lock")) return undefined;
  for (const user of new Set([name, name.toLowerCase()])) {
    const spool = join(options.spool, user);
    const account = findAccount(user);
    if (account !== undefined) return { user, spool, account };
    if (options.users.includes(user) || isFile(spool) || isMaildir(spool)) return { user, spool };
  }
  return undefined;
}

/**
 * Returns a user's account. The password database is read each time, so that new accounts take effect while the server
 * runs.
 */
function findAccount(user: string): Rights | undefined {
  let passwd: string;
  try {
    passwd = readFileSync("/etc/passwd", "latin1");
  } catch {
    return undefined;
  }
  const fields = passwd
    .split("\n", 10_000)
    .find((line) => line.startsWith(`${user}:`))
    ?.split(":");
  if (fields === undefined) return undefined;
  return { uid: Number(fields[2]), gid: Number(fields[3]) };
}

function isFile(path: string): boolean {
  return lstatIfPresent(path)?.isFile() ?? false;
}
