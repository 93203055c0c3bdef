/** What the queue knows of a message that waits: as it is written down, and when it is tried next. */
import type { Envelope, Refusal } from "./transport.ts";

export interface Entry {
  readonly id: string;
  /** As `mta` named it. */
  readonly way: string;
  readonly envelope: Envelope;
  /** ISO 8601, as `next`, before which only a flush tries. */
  readonly created: string;
  readonly next: string;
  readonly tries: number;
  /** Why each recipient still waits. */
  readonly reasons: readonly Refusal[];
}

/** A message of which nobody can say any more for whom it is. */
export interface Damaged {
  readonly id: string;
  /** What is wrong, and where. */
  readonly damaged: string;
}

/** Returns whether an entry could not be read. */
export function isDamaged(entry: Entry | Damaged): entry is Damaged {
  return "damaged" in entry;
}

/** Milliseconds: from five minutes to four hours, twice as long from try to try. */
const firstPause = 5 * 60 * 1000;
const longestPause = 4 * 60 * 60 * 1000;

/** Returns the entry of a message that was tried once. @param reasons of those who wait for it */
export function firstEntry(id: string, way: string, envelope: Envelope, reasons: readonly Refusal[], now: Date): Entry {
  return {
    id,
    way,
    envelope: { ...envelope, to: reasons.map(({ recipient }) => recipient) },
    created: now.toISOString(),
    next: new Date(now.getTime() + firstPause).toISOString(),
    tries: 1,
    reasons,
  };
}

/** What was written down as `text`. @returns undefined for what is none */
export function entryOf(id: string, text: string): Entry | undefined {
  let found: Partial<Entry> | null;
  try {
    found = JSON.parse(text) as Partial<Entry> | null;
  } catch {
    return undefined;
  }
  const { way, envelope, created, next, tries, reasons } = found ?? {};
  const isTime = (time: unknown) => typeof time === "string" && !Number.isNaN(Date.parse(time));
  const isWhole =
    [way, envelope?.from].every((each) => typeof each === "string") &&
    Array.isArray(envelope?.to) &&
    envelope.to.every((each) => typeof each === "string") &&
    [created, next].every(isTime) &&
    typeof tries === "number" &&
    Array.isArray(reasons) &&
    reasons.every((each) => typeof each?.recipient === "string" && typeof each.reply === "string");
  return isWhole ? ({ ...found, id } as Entry) : undefined;
}

/** After one more try. */
export function later(entry: Entry, reasons: readonly Refusal[]): Entry {
  const pause = Math.min(longestPause, firstPause * 2 ** Math.min(entry.tries, 10));
  return {
    ...entry,
    envelope: { ...entry.envelope, to: reasons.map(({ recipient }) => recipient) },
    tries: entry.tries + 1,
    next: new Date(Date.now() + pause).toISOString(),
    reasons,
  };
}
