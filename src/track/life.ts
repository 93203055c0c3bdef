/** The life of one message in one queue, put together from the lines that name its id. */
import { largest } from "../message/lists.ts";
import type { Delivery, LogEvent } from "./event.ts";

export interface Life {
  readonly id: string;
  readonly events: readonly LogEvent[];
  /** The first line of it is there, so that an older file has nothing to add. */
  readonly begun: boolean;
  /** It has left the queue. */
  readonly ended: boolean;
}

/**
 * Queue ids are used again: what comes after `removed`, or after a second arrival, is another message.
 *
 * @param events of one id, in the order of the log
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
  /** As it was addressed, where that is another name. */
  readonly original: string | undefined;
  readonly status: Delivery["status"];
  /** The last try. */
  readonly last: Delivery;
}

/** What became of each recipient: what the last line about it says. */
export function fates(life: Life): Fate[] {
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

/** Exim names a local recipient with its domain while it is put off, and without once it is delivered. */
function keyOf({ recipient, original = "", envelope }: Delivery, known: ReadonlyMap<string, Delivery>): string {
  if (envelope !== undefined) return envelope;
  const tail = `\0${original}`;
  if (recipient.includes("@")) return recipient + tail;
  return [...known.keys()].find((key) => key.startsWith(`${recipient}@`) && key.endsWith(tail)) ?? recipient + tail;
}

/** Returns how many recipients the log has announced and says nothing of yet. Exim announces none, and says `Completed` at the end. */
export function countUnheard(life: Life): number {
  if (life.ended) return 0;
  const heard = fates(life).filter(({ status }) => status !== "refused");
  const counts = life.events.flatMap((event) => (event.kind === "queue" ? [event.recipients] : []));
  const announced = counts.flatMap((count) => (count === undefined ? [] : [count]));
  if (announced.length > 0) return Math.max(0, largest(announced) - heard.length);
  return heard.some(({ status }) => status === "deferred") ? 0 : 1;
}
