/**
 * Formats a message as one line of JSON for `mail --json`. docs/programs.md describes the format, and act/schemas.ts
 * defines it.
 *
 * The schema is stable: fields may be added, but removing a field or changing its meaning requires a new `version`.
 */

import { countLineFeeds } from "../../mailbox/counts.ts";
import type { ListFacts } from "../../mailbox/list-facts.ts";
import { Flag, type StoredMessages } from "../../mailbox/mailbox.ts";
import { parseAddressField } from "../../message/address.ts";
import { type Charsets, moreCharsets, nodeCharsets } from "../../message/charsets.ts";
import { decodeWords } from "../../message/decode-words.ts";
import { escapeControls } from "../../message/safe-text.ts";
import { listAttachedParts, parseParts } from "../../message/view/part.ts";
import { Candidate } from "../query/candidate.ts";

/** The version number in each JSON object that is printed for programs. act/schemas.ts declares the fields. */
export const schemaVersion = 1;
/** The length in bytes above which a message is not kept in memory but read in pieces. */
const longest = 8 << 20;

interface Person {
  readonly name: string;
  readonly address: string;
}

interface Attachment {
  readonly name: string | null;
  readonly type: string;
}

const nothingMore = {};

/** Returns a message as a line of JSON. @param more further fields (json-details.ts) */
export function jsonLine(
  stored: StoredMessages,
  message: number,
  more: object = nothingMore,
): string | Promise<string> {
  let isCharsetMissing = false;
  const charsets: Charsets = (name) => {
    const decode = nodeCharsets(name);
    isCharsetMissing ||= decode === undefined;
    return decode;
  };
  const line = formatLine(stored, message, more, charsets);
  return isCharsetMissing ? moreCharsets().then((all) => formatLine(stored, message, more, all)) : line;
}

function formatLine(stored: StoredMessages, message: number, more: object, charsets: Charsets): string {
  const facts = stored.facts?.(message);
  const bytes = isKnown(facts) ? undefined : readWhole(stored, message);
  const candidate = new Candidate(stored, message, bytes, charsets);
  const lines = bytes === undefined ? (facts?.lines ?? stored.counts(message).lines) : countLineFeeds(bytes);
  // A template is several times faster than JSON.stringify for the complete object.
  return (
    `{"version":${schemaVersion},"id":${quoteJson(candidate.id)},"number":${message},"offset":${stored.offset?.(message) ?? null},` +
    `"size":${candidate.size},"lines":${lines ?? null},${writeState(candidate)},` +
    `"envelopeSender":${writeEnvelopeSender(candidate)},"date":${writeDate(candidate.time)},` +
    `"from":${writePeople(candidate, "from")},"to":${writePeople(candidate, "to")},"cc":${writePeople(candidate, "cc")},` +
    `"replyTo":${writePeople(candidate, "reply-to")},"subject":${writeFirst(candidate, "subject")},` +
    `"messageId":${writeFirst(candidate, "message-id")},"inReplyTo":${writeIds(candidate, "in-reply-to")},` +
    `"references":${writeIds(candidate, "references")},${writeContents(candidate)}` +
    (more === nothingMore ? "}\n" : `,${toJson(more).slice(1, -1)}}\n`)
  );
}

/** Returns a value as JSON in which control characters are escaped. */
function toJson(value: unknown): string {
  if (Array.isArray(value) && value.length === 0) return "[]";
  return value === null ? "null" : escapeControls(JSON.stringify(value));
}

function quoteJson(text: string | null): string {
  return text !== null && /^[ !#-[\]-~]*$/.test(text) ? `"${text}"` : toJson(text);
}

function quoteAllJson(texts: readonly string[]): string {
  return `[${texts.map(quoteJson).join(",")}]`;
}

/**
 * Returns whether a text is a single value that JSON represents unchanged, without encoded words.
 *
 * @param text values, each followed by LF
 */
function isPlainValue(text: string): boolean {
  return /^[ !#-[\]-~]*\n$/.test(text) && !text.includes("=?");
}

/** The fields about the state, by the bits of Flag that determine them in a message without marks. */
const unmarkedStates = new Map<number, string>();

function writeState(candidate: Candidate): string {
  const { flags, marks } = candidate;
  const isMarked = marks.flagged || marks.answered || marks.draft;
  const bits = flags & (Flag.Read | Flag.New);
  const known = isMarked ? undefined : unmarkedStates.get(bits);
  if (known !== undefined) return known;
  const isRead = (flags & Flag.Read) !== 0;
  const set = [...(isRead ? ["read"] : []), ...Object.entries(marks).flatMap(([mark, isSet]) => (isSet ? [mark] : []))];
  const state = isRead ? "read" : flags & Flag.New ? "new" : "unread";
  const written = `"state":"${state}","flagged":${marks.flagged},"answered":${marks.answered},"flags":${quoteAllJson(set)}`;
  if (!isMarked) unmarkedStates.set(bits, written);
  return written;
}

function writeEnvelopeSender(candidate: Candidate): string {
  const known = candidate.known?.text("envelope");
  // Most From_ lines have this form.
  if (known !== undefined && /^[!#-[\]-~]+ [A-Z][a-z]/.test(known) && !known.includes("=?"))
    return `"${known.slice(0, known.indexOf(" "))}"`;
  return quoteJson(candidate.decode(candidate.envelope.user) || null);
}

const minute = 60_000;
const day = 1440 * minute;
/** The day on which the last message was sent, because most messages are sent on the same day as the previous one. */
let lastDay = Number.NaN;
let lastDayText = "";
/** The texts of all minutes of a day and of all seconds of a minute. */
let clock: { readonly minutes: readonly string[]; readonly seconds: readonly string[] } | undefined;

/** Returns a time in ISO 8601. Date.prototype.toISOString would take several times as long. */
function writeDate(time: number | undefined): string {
  if (time === undefined) return "null";
  const days = Math.floor(time / day);
  if (days !== lastDay) {
    lastDayText = new Date(days * day).toISOString().replace(/T.*/, "T");
    lastDay = days;
  }
  clock ??= makeClock();
  const minutes = Math.floor((time - days * day) / minute);
  const milliseconds = time - days * day - minutes * minute;
  return `"${lastDayText}${clock.minutes[minutes]}${clock.seconds[milliseconds / 1000] ?? writeSeconds(milliseconds)}"`;
}

function makeClock() {
  const twoDigits = (number: number) => String(number).padStart(2, "0");
  return {
    minutes: Array.from({ length: 1440 }, (_, at) => `${twoDigits(Math.floor(at / 60))}:${twoDigits(at % 60)}:`),
    seconds: Array.from({ length: 60 }, (_, at) => writeSeconds(at * 1000)),
  };
}

function writeSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3).padStart(6, "0")}Z`;
}

function writeFirst(candidate: Candidate, field: "subject" | "message-id"): string {
  const text = candidate.storedText(field);
  return isPlainValue(text) ? `"${text.slice(0, -1)}"` : quoteJson(candidate.fields(field)[0] ?? null);
}

/** Returns whether a line can be printed without reading the message. */
function isKnown(facts: ListFacts | undefined): boolean {
  return facts?.plain === 1 && facts.lines !== undefined && facts.key !== undefined;
}

/**
 * Returns the stored message, which is valid until the next message is read; undefined if it is too long to keep in
 * memory.
 */
function readWhole(stored: StoredMessages, message: number): Buffer | undefined {
  const size = stored.size(message);
  if (size > longest) return undefined;
  return stored.readBriefly?.(message, 0, size) ?? stored.read(message, 0, size);
}

/** A cache of address fields as JSON, which is useful because the same addresses occur in many messages. */
const knownPeople = new Map<string, string>();
const mostPeople = 4096;
const longestPeople = 500;

function writePeople(candidate: Candidate, field: "from" | "to" | "cc" | "reply-to"): string {
  const text = candidate.storedText(field);
  if (text === "") return "[]";
  const known = text.length <= longestPeople ? knownPeople.get(text) : undefined;
  if (known !== undefined) return known;
  const { charsets } = candidate;
  const written = candidate.undecodedFields(field).join(", ");
  if (written === "") return "[]";
  const decode = (text: string) => decodeWords(text, charsets);
  const persons = parseAddressField(written).map(
    ({ name, address }): Person => ({ name: decode(name), address: decode(address) }),
  );
  const json = toJson(persons);
  // The charset of 8-bit text depends on the message. Encoded words may be left because their charset is missing.
  if (text.length > longestPeople || /[^\x00-\x7f]/.test(text) || json.includes("=?")) return json;
  if (knownPeople.size >= mostPeople) knownPeople.clear();
  knownPeople.set(text, json);
  return json;
}

/** Returns the message-ids in a field, with their angle brackets (RFC 5322, section 3.6.4), as JSON. */
function writeIds(candidate: Candidate, field: "in-reply-to" | "references"): string {
  const text = candidate.storedText(field);
  if (text === "") return "[]";
  const values = isPlainValue(text) ? [text] : candidate.fields(field);
  return quoteAllJson(values.flatMap((value) => value.match(/<[^<>\s]+>/g) ?? []));
}

function writeContents(candidate: Candidate): string {
  const { mayHaveAttachments, failedRecipients } = candidate;
  if (!mayHaveAttachments && failedRecipients === undefined) return '"attachments":[],"failedRecipients":null';
  const attachments = mayHaveAttachments ? describeAttachments(candidate) : [];
  return `"attachments":${toJson(attachments)},"failedRecipients":${toJson(failedRecipients ?? null)}`;
}

function describeAttachments({ source, charsets }: Candidate): Attachment[] {
  return listAttachedParts(parseParts(source, charsets)).map(({ name, type }) => ({
    name: name?.toWellFormed() ?? null,
    type: type.toWellFormed(),
  }));
}
