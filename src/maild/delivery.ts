/**
 * Delivers a message to its recipients' mailboxes. When a delivery succeeds, the message has reached the disk in every
 * mailbox.
 */
import { deliver } from "../mailbox/deliver.ts";
import { isPermanentFailure, isStorageFull } from "../mailbox/delivery-failure.ts";
import { concatenatePieces } from "../mailbox/file-ranges.ts";
import { isMaildir } from "../mailbox/maildir-path.ts";
import { SpoolRefused } from "../mailbox/spool.ts";
import { isSystemError, strerror } from "../system-error.ts";
import type { HeldMessage } from "./held-message.ts";
import type { Recipient } from "./local-recipients.ts";
import type { Log } from "./log.ts";
import type { Options } from "./maild-options.ts";
import { type Arrival, traceFields } from "./trace.ts";

/**
 * How long, in seconds, to wait for another program's lock. This time is longer than a reader holds a lock, but shorter
 * than a client's timeout.
 */
const lockwait = 60;

/** A negative reply to the client: a code, and a string that begins with the enhanced status code. */
export class Refusal extends Error {
  readonly responseCode: number;

  constructor(responseCode: number, text: string) {
    super(text);
    this.responseCode = responseCode;
  }
}

/** A message as it is stored, without trace fields. */
interface Message {
  readonly messageId: string;
  readonly held: HeldMessage;
}

export type Deliver = (arrival: Arrival, recipients: readonly Recipient[], message: Message) => Promise<void>;

/**
 * Returns a function that either delivers a message to all recipients or throws a Refusal. If delivery to a mailbox
 * fails after other mailboxes have accepted the message, the client is asked to retry: a duplicate does less harm than
 * a lost message.
 *
 * @param signal aborts the wait for a mailbox's lock; the message is then not delivered
 */
export function localDelivery(options: Options, log: Log, signal: AbortSignal): Deliver {
  const turns = new Map<string, Promise<void>>();

  /**
   * Delivers only one message at a time to each mailbox, because fcntl locks do not exclude the process that holds
   * them.
   */
  const inTurn = (spool: string, task: () => Promise<void>): Promise<void> => {
    const turn = (turns.get(spool) ?? Promise.resolve()).then(task);
    const settled = turn.catch(() => undefined);
    turns.set(spool, settled);
    void settled.then(() => {
      if (turns.get(spool) === settled) turns.delete(spool);
    });
    return turn;
  };

  return async (arrival, recipients, { messageId, held }) => {
    const { id, sender, date } = arrival;
    log.write("cleanup", `${id}: message-id=${messageId}`);
    log.write("qmgr", `${id}: from=<${sender}>, size=${held.size}, nrcpt=${recipients.length} (queue active)`);
    const single = recipients.length === 1;
    const failures: unknown[] = [];
    for (const to of recipients) {
      const trace = Buffer.from(traceFields(arrival, to, { domain: options.domain, single }), "utf8");
      const begun = Date.now();
      const report = (dsn: string, status: string): void => {
        const [before, inside] = [(begun - date.getTime()) / 1000, (Date.now() - begun) / 1000];
        const original = to.original === to.address ? "" : ` orig_to=<${to.original}>,`;
        const delays = `delay=${formatDelay(before + inside)}, delays=${formatDelay(before)}/0/0/${formatDelay(inside)}`;
        log.write(
          "local",
          `${id}: to=<${to.address}>,${original} relay=local, ${delays}, dsn=${dsn}, status=${status}`,
        );
      };
      try {
        await inTurn(to.spool, async () => {
          const delivery = { sender, date, message: concatenatePieces([[trace], held.pieces()]) };
          await deliver(to.spool, delivery, {
            account: to.account,
            lockwait,
            stateDirectory: options.stateDirectory,
            signal,
          });
        });
        report("2.0.0", `sent (delivered to ${isMaildir(to.spool) ? "maildir" : "mailbox"})`);
      } catch (error) {
        failures.push(error);
        const { dsn, status } = statusOfDelivery(error);
        report(dsn, `${status} (cannot update mailbox ${to.spool}. ${deliveryFailureReason(error)})`);
      }
    }
    log.write("qmgr", `${id}: removed`);
    if (failures.length === 0) return;
    if (failures.length === recipients.length && failures.every(isPermanentFailure))
      throw new Refusal(554, "5.2.0 Error: mailbox refused");
    if (failures.every(isStorageFull)) throw new Refusal(452, "4.3.1 Insufficient system storage");
    throw new Refusal(451, "4.3.0 Error: mailbox could not be written; try again later");
  };
}

/** Returns the status of a failed delivery, as in Postfix's log. */
function statusOfDelivery(error: unknown): { dsn: string; status: "bounced" | "deferred" } {
  if (isPermanentFailure(error)) return { dsn: "5.2.0", status: "bounced" };
  if (error instanceof SpoolRefused) return { dsn: "4.2.0", status: "deferred" };
  return { dsn: isStorageFull(error) ? "4.3.1" : "4.3.0", status: "deferred" };
}

function deliveryFailureReason(error: unknown): string {
  if (isSystemError(error)) return strerror(error);
  return error instanceof Error ? error.message : String(error);
}

/** Returns seconds with two significant digits, as Postfix does. */
function formatDelay(seconds: number): string {
  return seconds < 0.005 ? "0" : String(Number(seconds.toPrecision(2)));
}
