/**
 * Collects the events of one message in one queue from the log lines that name its ID. These events make up
 * the life of the message.
 */
import { findLargest } from "../message/lists.ts";
import type { Delivery, LogEvent } from "./event.ts";

export interface Life {
  readonly id: string;
  readonly events: readonly LogEvent[];
  /** Whether the message's first line has been found, in which case older files need not be searched. */
  readonly begun: boolean;
  /** Whether the message has left the queue. */
  readonly ended: boolean;
}

/**
 * Splits the events of one ID into messages. Queue IDs are reused: the events after `removed`, or after a second arrival,
 * belong to another message.
 *
 * @param events in the order of the log
 */
export function livesOf(id: string, events: readonly LogEvent[]): Life[] {
  const lives: LogEvent[][] = [];
  let current: LogEvent[] = [];
  for (const event of events) {
    const ended = current.at(-1)?.kind === "removed";
    if (ended || (isBirth(event) && current.some((each) => each.kind !== "note"))) {
      lives.push(current);
      current = [];
    }
    current.push(event);
  }
  if (current.length > 0) lives.push(current);
  return lives.map((each) => ({
    id,
    events: each,
    begun: each.some((event) => isBirth(event) || event.kind === "message-id"),
    ended: each.at(-1)?.kind === "removed",
  }));
}

function isBirth({ kind }: LogEvent): boolean {
  return kind === "client";
}

export interface Fate {
  readonly recipient: string;
  /** The original recipient, if an alias or a similar rule has changed the address. */
  readonly original: string | undefined;
  readonly status: Delivery["status"];
  /** The last delivery attempt. */
  readonly last: Delivery;
}

/** Returns the fate of each recipient, as stated in the last log line about that recipient. */
export function listFates(life: Life): Fate[] {
  const latest = new Map<string, Delivery>();
  for (const event of life.events) {
    if (event.kind === "delivery") latest.set(keyOf(event, latest), event);
  }
  return [...latest.values()].map((last) => ({
    recipient: last.recipient,
    original: last.original,
    status: last.status,
    last,
  }));
}

/**
 * Returns a recipient's key. Exim names a local recipient with its domain while delivery is deferred, and without it after
 * delivery.
 */
function keyOf({ recipient, original = "", envelope }: Delivery, known: ReadonlyMap<string, Delivery>): string {
  if (envelope !== undefined) return envelope;
  const tail = `\0${original}`;
  if (recipient.includes("@")) return recipient + tail;
  return [...known.keys()].find((key) => key.startsWith(`${recipient}@`) && key.endsWith(tail)) ?? recipient + tail;
}

/**
 * Returns the number of recipients that the log has announced but not mentioned again. Exim does not announce
 * recipients, but logs `Completed` at the end.
 */
export function countUnheard(life: Life): number {
  if (life.ended) return 0;
  const heard = listFates(life).filter(({ status }) => status !== "refused");
  const counts = life.events.flatMap((event) => (event.kind === "queue" ? [event.recipients] : []));
  const announced = counts.flatMap((count) => (count === undefined ? [] : [count]));
  if (announced.length > 0) return Math.max(0, findLargest(announced) - heard.length);
  return heard.some(({ status }) => status === "deferred") ? 0 : 1;
}
