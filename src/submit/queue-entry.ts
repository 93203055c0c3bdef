/** The entry of a queued message: its stored form, and the time of its next attempt. */
import type { Envelope, Refusal } from "./transport.ts";

export interface Entry {
  readonly id: string;
  /** The transport, in the form that the `mta` variable accepts. */
  readonly way: string;
  readonly envelope: Envelope;
  /** The creation time in ISO 8601 format. */
  readonly created: string;
  /** The time of the next attempt, in the same format. Before that time, only a flush attempts delivery. */
  readonly next: string;
  readonly tries: number;
  /** The reason why each recipient is still waiting. */
  readonly reasons: readonly Refusal[];
}

/** A message whose envelope is unreadable. */
export interface Damaged {
  readonly id: string;
  /** A description of the damage, including the file's path. */
  readonly damaged: string;
}

/** Returns whether an entry could not be read. */
export function isDamaged(entry: Entry | Damaged): entry is Damaged {
  return "damaged" in entry;
}

/**
 * The pause between attempts, in milliseconds. It starts at five minutes and doubles until it reaches four hours.
 */
const firstPause = 5 * 60 * 1000;
const longestPause = 4 * 60 * 60 * 1000;

/**
 * Returns the entry of a message after its first attempt.
 *
 * @param reasons the reason for each waiting recipient
 */
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

/** Returns the entry that is stored as `text`, or undefined if the text is invalid. */
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

/** Returns the entry with another attempt recorded. */
export function recordAttempt(entry: Entry, reasons: readonly Refusal[]): Entry {
  const pause = Math.min(longestPause, firstPause * 2 ** Math.min(entry.tries, 10));
  return {
    ...entry,
    envelope: { ...entry.envelope, to: reasons.map(({ recipient }) => recipient) },
    tries: entry.tries + 1,
    next: new Date(Date.now() + pause).toISOString(),
    reasons,
  };
}
