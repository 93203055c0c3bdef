/** Finds a message in the logs: first its queue IDs, then all lines that contain them. */
import type { LogEvent } from "./event.ts";
import { eximEvents, eximIdForm } from "./exim.ts";
import { type Life, livesOf } from "./life.ts";
import { type LogSource, linesWith, type Part, readLogParts } from "./log-files.ts";
import { openSmtpdEvents, openSmtpdIdForm } from "./opensmtpd.ts";
import { postfixEvent, queueIdForm } from "./postfix.ts";

/** The user's search term: a queue ID, a message ID or an address. */
export interface Question {
  readonly text: string;
  /** Another identifier of the same message. */
  readonly also?: string | undefined;
  /**
   * The transport that sent the message. The error message names the transport, because the log may be on another host.
   */
  readonly way?: string;
}

/** A message, and its continuations under other queue IDs on the same machine. */
export interface Found {
  readonly life: Life;
  readonly next: readonly Found[];
  /** The offset of the message's first line in the newest file. */
  readonly offset: number | undefined;
}

const mostSteps = 4;

/** Returns the events that a log line of Postfix, Exim or OpenSMTPD reports. */
export function eventsOf(line: string): LogEvent[] {
  const postfix = postfixEvent(line);
  if (postfix !== undefined) return [postfix];
  const exim = eximEvents(line);
  return exim.length > 0 ? exim : openSmtpdEvents(line);
}

/**
 * Finds a message. If several messages match, returns the one with the latest line.
 *
 * @param sources newest first
 * @param from the offset at which to begin in the newest source
 */
export async function findMessage(
  sources: readonly LogSource[],
  question: Question,
  from = 0,
): Promise<Found | undefined> {
  for (const text of [question.text, question.also]) {
    const bare = text?.replace(/^<(.*)>$/, "$1") ?? "";
    if (bare === "") continue;
    const byId = isId(bare) ? await followMessage(sources, bare, from, mostSteps) : undefined;
    if (byId !== undefined) return byId;
    const event = await eventOf(sources, bare, from);
    if (event?.id === "") return { life: { id: "", events: [event], begun: true, ended: true }, next: [], offset: 0 };
    const found = event === undefined ? undefined : await followMessage(sources, event.id, from, mostSteps);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isId(text: string): boolean {
  return [queueIdForm, eximIdForm, openSmtpdIdForm].some((form) => form.test(text));
}

/**
 * Returns an event of the message with this message ID. If there is no such message, returns an event of the last
 * message from or to this address.
 */
async function eventOf(sources: readonly LogSource[], bare: string, from: number): Promise<LogEvent | undefined> {
  for (const [at, source] of sources.entries()) {
    let byMessageId: LogEvent | undefined;
    let byAddress: LogEvent | undefined;
    for await (const part of readLogParts(source, at === 0 ? from : 0)) {
      // If a message passes through two queues, both log the same message ID. The first line with that ID is the
      // message's beginning.
      byMessageId ??= findFirstEvent(part, [`id=<${bare}`, `id=${bare}`], (event) => hasMessageId(event, bare));
      byAddress = findLastEvent(part, bare) ?? byAddress;
    }
    if (byMessageId !== undefined || byAddress !== undefined) return byMessageId ?? byAddress;
  }
  return undefined;
}

function findFirstEvent(
  part: Part,
  words: readonly string[],
  fits: (event: LogEvent) => boolean,
): LogEvent | undefined {
  for (const [start, stop] of part.linesWith(words)) {
    const found = eventsOf(part.text(start, stop)).find(fits);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Searches backwards, because an address may occur in every other line of a log. */
function findLastEvent(part: Part, bare: string): LogEvent | undefined {
  for (const [start, stop] of part.linesWith([bare]).reverse()) {
    const found = eventsOf(part.text(start, stop)).find((event) => concernsAddress(event, bare));
    if (found !== undefined) return found;
  }
  return undefined;
}

function hasMessageId(event: LogEvent, bare: string): boolean {
  return event.kind === "message-id" && event.messageId.replace(/^<(.*)>$/, "$1") === bare;
}

function addressesOfEvent(event: LogEvent): readonly (string | undefined)[] {
  if (event.kind === "delivery") return [event.recipient, event.original, event.sender];
  if (event.kind === "queue") return [event.sender];
  return event.kind === "note" ? (event.addresses ?? []) : [];
}

/**
 * Returns whether an event names this sender or recipient. A name without a domain matches all addresses with this local
 * part.
 */
function concernsAddress(event: LogEvent, asked: string): boolean {
  return addressesOfEvent(event).some(
    (address) =>
      address !== undefined && (address === asked || (!asked.includes("@") && address.startsWith(`${asked}@`))),
  );
}

async function followMessage(
  sources: readonly LogSource[],
  id: string,
  from: number,
  steps: number,
): Promise<Found | undefined> {
  const collected = await collectEvents(sources, id, from);
  if (collected === undefined) return undefined;
  const { life, offset } = collected;
  const ids = life.events.flatMap((event) =>
    event.kind === "delivery" && event.status === "sent" && event.next !== undefined ? [event.next] : [],
  );
  const next: Found[] = [];
  for (const each of steps > 0 ? new Set(ids) : []) {
    const found = await followMessage(sources, each, from, steps - 1);
    if (found !== undefined && each !== id) next.push(found);
  }
  return { life, next, offset };
}

/** Returns the events of the last message with the given ID, reading as many files as necessary. */
async function collectEvents(
  sources: readonly LogSource[],
  id: string,
  from: number,
): Promise<{ life: Life; offset: number | undefined } | undefined> {
  let events: { event: LogEvent; offset: number | undefined }[] = [];
  for (const [at, source] of sources.entries()) {
    const here: typeof events = [];
    for await (const { line, offset } of linesWith(source, [id], at === 0 ? from : 0)) {
      for (const event of eventsOf(line)) {
        if (event.id === id) here.push({ event, offset: at === 0 ? offset : undefined });
      }
    }
    events = [...here, ...events];
    const last = livesOf(
      id,
      events.map(({ event }) => event),
    ).at(-1);
    if (last?.begun) break;
  }
  const life = livesOf(
    id,
    events.map(({ event }) => event),
  ).at(-1);
  if (life === undefined) return undefined;
  const offset = events.find(({ event }) => life.events.includes(event))?.offset;
  return { life: await withClient(sources, life, from), offset };
}

/** Adds the client, which OpenSMTPD logs once per session, not per message. */
async function withClient(sources: readonly LogSource[], life: Life, from: number): Promise<Life> {
  const arrival = life.events.find((event) => event.kind === "client");
  if (arrival?.kind !== "client" || arrival.session === undefined) return life;
  const { session } = arrival;
  for (const [at, source] of sources.entries()) {
    for await (const { line } of linesWith(source, [`${session} smtp connected`], at === 0 ? from : 0)) {
      const [event] = eventsOf(line);
      if (event?.kind !== "client") continue;
      const whole = { ...arrival, time: event.time, client: `${event.client}, ${arrival.client}` };
      return { ...life, events: life.events.map((each) => (each === arrival ? whole : each)) };
    }
  }
  return life;
}
