/** Loads messages, or only the parts that will be read, into the session's temporary file. */
import { isAscii } from "node:buffer";
import { longestHeader } from "../header-bytes.ts";
import type { MessageNeed } from "../mailbox.ts";
import type { FolderCache, MessageFacts } from "./folder-cache.ts";
import type { ImapConnection } from "./imap-connection.ts";
import { ImapFailed } from "./imap-failure.ts";
import { largestRange } from "./imap-flow.ts";
import { loadShownParts } from "./load-parts.ts";
import { type LoadedMessages, makeHeaderBytes } from "./loaded-messages.ts";
import { bitsOfFlags } from "./server-flags.ts";
import { formatUidSets } from "./uid-set.ts";
import type { UidTable } from "./uid-table.ts";

/** Size in bytes above which a message is loaded separately, in pieces. */
const largeMessage = 1 << 20;
/** The header fields from which the facts (header-facts.ts) and the From_ line are derived. */
const listedFields =
  "FROM SENDER TO CC SUBJECT DATE MESSAGE-ID REFERENCES IN-REPLY-TO REPLY-TO RETURN-PATH CONTENT-TYPE " +
  "CONTENT-DISPOSITION X-STATUS X-FAILED-RECIPIENTS";

export interface Loading {
  readonly connection: ImapConnection;
  readonly table: UidTable;
  readonly cache: FolderCache;
  readonly loaded: LoadedMessages;
}

/**
 * Loads messages. A message that no longer exists is marked as gone.
 *
 * @throws ImapFailed
 */
export async function loadMessages(loading: Loading, messages: readonly number[], need: MessageNeed): Promise<void> {
  const inOrder = [...new Set(messages)].sort((a, b) => a - b);
  if (need === "facts") return loadListedFields(loading, inOrder);
  if (need === "header")
    return loadTogether(loading, inOrder, { section: "HEADER", length: longestHeader, part: "header" });
  const sizeOf = (message: number) => loading.cache.find(loading.table.uid(message))?.size;
  await loadFacts(
    loading,
    inOrder.filter((message) => sizeOf(message) === undefined),
  );
  const isLarge = (message: number) => (sizeOf(message) ?? 0) > largeMessage;
  await loadTogether(
    loading,
    inOrder.filter((message) => !loading.table.isGone(message) && !isLarge(message)),
    { section: "", length: largestRange, part: "whole" },
  );
  // A message is also loaded in pieces if it is larger than the size that the server has reported.
  const isIncomplete = (message: number) => isLarge(message) || loading.loaded.find(message, "whole") === undefined;
  for (const message of inOrder.filter(isIncomplete)) await loadLarge(loading, message, need);
}

/** Loads the sizes and dates of messages. */
async function loadFacts(loading: Loading, messages: readonly number[]): Promise<void> {
  await fetchEach(loading, messages, { flags: true, facts: true }, ({ uid }, facts) => {
    loading.cache.add(uid, facts);
    return true;
  });
}

/**
 * Loads the header fields for message lists. For most messages, the facts in these fields suffice. The fields
 * themselves are kept only if they are unusual or are not ASCII.
 */
async function loadListedFields(loading: Loading, messages: readonly number[]): Promise<void> {
  const section = `HEADER.FIELDS (${listedFields})`;
  const items = { flags: true, facts: true, ranges: [{ section, start: 0, length: longestHeader }] } as const;
  await fetchEach(loading, messages, items, ({ message, uid, bytes }, facts) => {
    const found = bytes(section);
    if (found === undefined) return false;
    const header = makeHeaderBytes(found, new Date(facts.received));
    if (loading.cache.add(uid, facts, header) && isAscii(header)) return true;
    const writer = loading.loaded.begin(message, new Date(facts.received));
    writer.add(header);
    writer.finish("facts");
    return true;
  });
}

interface Part {
  readonly section: "" | "HEADER";
  readonly length: number;
  readonly part: "header" | "whole";
}

/** Loads many messages with one command. */
async function loadTogether(
  loading: Loading,
  messages: readonly number[],
  { section, length, part }: Part,
): Promise<void> {
  const items = { flags: true, facts: true, ranges: [{ section, start: 0, length }] } as const;
  await fetchEach(loading, messages, items, ({ message, uid, bytes }, facts) => {
    const found = bytes(section);
    if (found === undefined) return false;
    const writer = loading.loaded.begin(message, new Date(facts.received));
    writer.add(found);
    // If the bytes fill the requested range, the message may be longer than the size that the server has reported.
    writer.finish(found.length < length ? part : "header");
    loading.cache.add(uid, facts, loading.loaded.header(message));
    return true;
  });
}

/** Loads one message in pieces, or only its displayed parts. */
async function loadLarge(loading: Loading, message: number, need: MessageNeed): Promise<void> {
  const { table, cache, loaded } = loading;
  const known = cache.find(table.uid(message));
  if (known === undefined || table.isGone(message)) return;
  const received = new Date(known.received);
  if (need === "text" && (await loadShownParts(loading, { message, uid: table.uid(message), received }))) return;
  const writer = loaded.begin(message, received);
  const whole = { section: "", size: known.size };
  if (await loadInPieces(loading, message, whole, (piece) => writer.add(piece))) writer.finish("whole");
}

/**
 * Loads a section of a message in pieces, so that little memory is needed. The section ends with the first piece that is
 * shorter than requested, because some servers report inexact sizes.
 *
 * @param section its name, and the size that the server has reported. An empty name means the whole message.
 * @param take receives each piece
 * @returns false if the message no longer exists
 * @throws ImapFailed
 */
export async function loadInPieces(
  loading: Loading,
  message: number,
  { section, size }: { readonly section: string; readonly size: number },
  take: (piece: Buffer) => void,
): Promise<boolean> {
  const uid = loading.table.uid(message);
  for (let start = 0; ; start += largestRange) {
    if (start > size + largestRange) {
      const what = section === "" ? "the message" : `part ${section}`;
      throw new ImapFailed("malformed response", `message ${message}: ${what} is larger than the server reported`);
    }
    let piece: Buffer | undefined;
    await loading.connection.fetch(`${uid}`, { ranges: [{ section, start, length: largestRange }] }, (found) => {
      if (found.uid === uid) piece = found.bytes(section);
    });
    if (piece === undefined) {
      await explainMissing(loading, [message]);
      return false;
    }
    const { length } = piece;
    if (length > 0) take(piece);
    if (length < largestRange) return true;
  }
}

interface Arrival {
  readonly message: number;
  readonly uid: number;
  bytes(section: string): Buffer | undefined;
}

/**
 * Fetches items for messages, and records the flags that the server sends.
 *
 * @param take records the other data of a message; returns false if requested data is missing
 */
async function fetchEach(
  loading: Loading,
  messages: readonly number[],
  items: Parameters<ImapConnection["fetch"]>[1],
  take: (arrival: Arrival, facts: MessageFacts) => boolean,
): Promise<void> {
  const { connection, table } = loading;
  const missing = new Set(messages);
  for (const { set } of formatUidSets(messages.map((message) => table.uid(message)))) {
    await connection.fetch(set, items, ({ uid, flags, size, received, bytes }) => {
      const message = table.numberOf(uid);
      if (message === undefined || !missing.has(message)) return;
      if (flags !== undefined) table.update(message, bitsOfFlags(flags));
      if (size === undefined || received === undefined) return;
      if (take({ message, uid, bytes }, { size, received })) missing.delete(message);
    });
  }
  await explainMissing(loading, [...missing]);
}

/** Marks messages as gone if the server did not send them. @throws ImapFailed if any of them still exists */
async function explainMissing({ connection, table }: Loading, messages: readonly number[]): Promise<void> {
  if (messages.length === 0) return;
  const uids = messages.map((message) => table.uid(message));
  for (const { set } of formatUidSets(uids)) {
    const found = new Set(await connection.search({ word: "UID" }, { set }));
    const present = messages.find((message) => found.has(table.uid(message)));
    if (present !== undefined)
      throw new ImapFailed("malformed response", `message ${present}: the server has sent no valid data for it`);
  }
  table.removeRanges(uids.map((uid) => ({ first: uid, last: uid })));
}
