/** Finds the messages that match a query, in mailbox order and with as few reads as possible. */

import { setImmediate as turn } from "node:timers/promises";
import type { Mailbox, Pause, StoredMessages } from "../../mailbox/mailbox.ts";
import { messagePieces } from "../../mailbox/pieces.ts";
import { pushAll } from "../../message/lists.ts";
import { Candidate } from "./candidate.ts";
import { allOf, Cost, isStateQuery, type Query } from "./query.ts";

/** The length in bytes above which a message is not read ahead. */
const longestAhead = 8 << 20;
/** The maximum number of messages that are yielded together. */
const batch = 256;
/** The time in milliseconds after which a search lets the event loop run, for example to receive an interrupt. */
const longestTurn = 50;

/**
 * Yields the messages that match a query, in batches. Conditions that must all match are checked in passes, cheapest first. Each
 * pass reads only the messages that matched in the previous pass.
 *
 * @param messages ascending
 * @param check called regularly with the current message; may throw to interrupt the search
 */
export async function* filterMessages(
  mailbox: Mailbox,
  messages: readonly number[],
  query: Query,
  check: (message: number) => void = () => {},
): AsyncIterable<readonly number[]> {
  const parts = query.parts ?? [query];
  const byState = parts.filter(isStateQuery);
  const byHeader = parts.filter(({ cost }) => cost === Cost.Size || cost === Cost.Header);
  const byBody = parts.filter(({ cost }) => cost === Cost.Body);
  let left = messages;
  if (byState.length > 0) {
    left = left.filter((message) => {
      const state = {
        message,
        flags: mailbox.flags(message),
        get id() {
          return mailbox.key(message);
        },
      };
      return byState.every((part) => part.matches(state));
    });
  }
  const pause = makePause(check);
  // Messages that cannot match are not loaded.
  if (query.server !== undefined && mailbox.narrow !== undefined)
    left = await mailbox.narrow(left, query.server, pause);
  if (byHeader.length > 0 && byBody.length > 0) {
    const fits = allOf(byHeader);
    const found: number[] = [];
    for await (const some of runPass(mailbox, left, fits, pause)) pushAll(found, some);
    left = found;
  }
  const last = byBody.length > 0 ? byBody : byHeader;
  if (last.length > 0) yield* runPass(mailbox, left, allOf(last), pause);
  else yield* divideMessages(left);
}

/** Yields messages in batches. */
export function* divideMessages(messages: readonly number[]): Iterable<readonly number[]> {
  for (let at = 0; at < messages.length; at += batch) yield messages.slice(at, at + batch);
}

async function* runPass(
  mailbox: Mailbox,
  messages: readonly number[],
  query: Query,
  pause: Pause,
): AsyncIterable<readonly number[]> {
  let found: number[] = [];
  const need = query.cost === Cost.Body ? "text" : "header";
  for await (const { messages: opened, stored } of mailbox.openMessages(messages, need)) {
    for (const item of query.cost === Cost.Body ? wholeCandidates(stored, opened) : opened) {
      const candidate = typeof item === "number" ? new Candidate(stored, item) : item;
      const waited = pause(candidate.message);
      if (waited !== undefined) await waited;
      if (!query.matches(candidate)) continue;
      found.push(candidate.message);
      if (found.length < batch) continue;
      yield found;
      found = [];
    }
  }
  if (found.length > 0) yield found;
}

function* wholeCandidates(stored: StoredMessages, messages: readonly number[]): Iterable<Candidate> {
  for (const { part, run } of groupMessages(stored, messages)) {
    for (const { message, at, bytes } of messagePieces(stored, run, part)) {
      const isCut = part === "whole" && bytes.length < stored.size(message);
      if (at === 0) yield new Candidate(stored, message, isCut ? undefined : bytes);
    }
  }
}

interface Run {
  readonly part: "whole" | "header";
  readonly run: readonly number[];
}

/**
 * Divides messages into runs that are read together. A very long message is the only message of its run, and is read in
 * pieces.
 */
function* groupMessages(stored: StoredMessages, messages: readonly number[]): Iterable<Run> {
  // Determining the length of a Maildir message would require opening its file again.
  if (stored.offset === undefined) {
    yield { part: "whole", run: messages };
    return;
  }
  const isLong = (message: number) => stored.size(message) > longestAhead;
  let begin = 0;
  for (const [at, message] of messages.entries()) {
    if (!isLong(message)) continue;
    if (at > begin) yield { part: "whole", run: messages.slice(begin, at) };
    yield { part: "header", run: [message] };
    begin = at + 1;
  }
  if (begin < messages.length) yield { part: "whole", run: begin === 0 ? messages : messages.slice(begin) };
}

/**
 * Returns a function that lets the event loop run if the search has lasted long enough. The function must be called
 * before the check of a message, never during the check. During a pause, another read may overwrite the buffer that
 * contains the pieces read so far.
 */
function makePause(check: (message: number) => void): Pause {
  let begun = Date.now();
  return (message) => {
    if (Date.now() - begun < longestTurn) return undefined;
    return turn().then(() => {
      check(message);
      begun = Date.now();
    });
  };
}
