/**
 * Formats a message as one line of JSON for `mail --json`. docs/programs.md describes the format, and act/schemas.ts
 * defines it.
 *
 * The schema is stable: fields may be added, but removing a field or changing its meaning requires a new `version`.
 */

import { countLineFeeds } from "../../mailbox/line-buffer.ts";
import type { ListFacts } from "../../mailbox/list-facts.ts";
import { Flag, type StoredMessages } from "../../mailbox/mailbox.ts";
import { parseAddressField } from "../../message/address.ts";
import { type Charsets, isIncomplete, moreCharsets, nodeCharsets } from "../../message/charsets.ts";
import { decodeWords } from "../../message/decode-words.ts";
import { formatJson } from "../../message/safe-text.ts";
import { listAttachedParts, type Part, parseParts } from "../../message/view/part.ts";
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
    isCharsetMissing ||= isIncomplete(name, decode);
    return decode;
  };
  const line = formatLine(stored, message, more, charsets);
  return isCharsetMissing ? moreCharsets().then((all) => formatLine(stored, message, more, all)) : line;
}

function formatLine(stored: StoredMessages, message: number, more: object, charsets: Charsets): string {
  const facts = stored.facts?.(message);
  const bytes = isKnown(facts) ? undefined : readWhole(stored, message);
  const candidate = new Candidate(stored, message, bytes, charsets);
  if (bytes !== undefined) candidate.parseHeader();
  const lines =
    facts === undefined && bytes !== undefined
      ? countLineFeeds(bytes)
      : (facts?.lines ?? stored.counts(message, bytes).lines);
  // A template is several times faster than JSON.stringify for the complete object.
  return (
    `{"version":${schemaVersion},"id":${quoteJson(candidate.id)},"number":${message},"offset":${stored.offset?.(message) ?? null},` +
    `"size":${candidate.size},"lines":${lines ?? null},${formatState(candidate.flags, candidate.marks)},` +
    `"envelopeSender":${writeEnvelopeSender(candidate)},"date":${quoteJson(candidate.date?.toISOString() ?? null)},` +
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
  return value === null ? "null" : formatJson(value);
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

/** Returns the fields that describe a message's state. @param flags bits of Flag */
export function formatState(flags: number, marks: Candidate["marks"]): string {
  const isRead = (flags & Flag.Read) !== 0;
  const set = [...(isRead ? ["read"] : []), ...Object.entries(marks).flatMap(([mark, isSet]) => (isSet ? [mark] : []))];
  const state = isRead ? "read" : flags & Flag.New ? "new" : "unread";
  return `"state":"${state}","flagged":${marks.flagged},"answered":${marks.answered},"flags":${quoteAllJson(set)}`;
}

function writeEnvelopeSender(candidate: Candidate): string {
  const known = candidate.known?.text("envelope");
  // Most From_ lines have this form.
  if (known !== undefined && /^[!#-[\]-~]+ [A-Z][a-z]/.test(known) && !known.includes("=?"))
    return `"${known.slice(0, known.indexOf(" "))}"`;
  return quoteJson(candidate.decode(candidate.envelope.user) || null);
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

function writePeople(candidate: Candidate, field: "from" | "to" | "cc" | "reply-to"): string {
  const written = candidate.undecodedFields(field).join(", ");
  return written === "" ? "[]" : formatAddresses(written, candidate.charsets);
}

/**
 * Returns the addresses in a field as JSON; undefined if they may depend on the charset of the message or on charsets
 * that Node lacks.
 *
 * @param text the field's values, each followed by LF, one character per byte ("latin1")
 */
export function formatPeople(text: string): string | undefined {
  if (/[^\n -~]/.test(text) || text.includes("=?")) return undefined;
  return formatAddresses(text.slice(0, -1).replaceAll("\n", ", "), nodeCharsets);
}

function formatAddresses(written: string, charsets: Charsets): string {
  const decode = (text: string) => decodeWords(text, charsets);
  const persons = parseAddressField(written).map(
    ({ name, address }): Person => ({ name: decode(name), address: decode(address) }),
  );
  return toJson(persons);
}

function writeIds(candidate: Candidate, field: "in-reply-to" | "references"): string {
  const text = candidate.storedText(field);
  if (text === "") return "[]";
  const values = isPlainValue(text) ? [text] : candidate.fields(field);
  return quoteAllJson(listMessageIds(values));
}

/** Returns the message-ids in the values of a field, with their angle brackets (RFC 5322, section 3.6.4). */
export function listMessageIds(values: readonly string[]): string[] {
  return values.flatMap((value) => value.match(/<[^<>\s]+>/g) ?? []);
}

function writeContents(candidate: Candidate): string {
  const { mayHaveAttachments, failedRecipients } = candidate;
  if (!mayHaveAttachments && failedRecipients === undefined) return '"attachments":[],"failedRecipients":null';
  const attachments = mayHaveAttachments ? describeAttachments(parseParts(candidate.source, candidate.charsets)) : [];
  return `"attachments":${toJson(attachments)},"failedRecipients":${toJson(failedRecipients ?? null)}`;
}

/** Returns the attachments of a message, as JSON describes them. */
export function describeAttachments(root: Part): Attachment[] {
  return listAttachedParts(root).map(({ name, type }) => ({
    name: name?.toWellFormed() ?? null,
    type: type.toWellFormed(),
  }));
}
