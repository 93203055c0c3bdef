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
import { type Charsets, moreCharsets, needsMore, nodeCharsets } from "../../message/charsets.ts";
import { decodeWords, listEncodedCharsets } from "../../message/decode-words.ts";
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

/** Returns a message as a line of JSON. @param more further fields (json-details.ts) */
export function jsonLine(stored: StoredMessages, message: number, more: object = {}): string | Promise<string> {
  const line = formatLine(stored, message, more, nodeCharsets);
  if (!line.includes("=?") || !needsMore(listEncodedCharsets(line))) return line;
  // The fields contain encoded words in a charset that Node does not support.
  return moreCharsets().then((charsets) => formatLine(stored, message, more, charsets));
}

function formatLine(stored: StoredMessages, message: number, more: object, charsets: Charsets): string {
  const bytes = isKnown(stored.facts?.(message)) ? undefined : readWhole(stored, message);
  const candidate = new Candidate(stored, message, bytes, charsets);
  const { flags, marks, known } = candidate;
  const setMarks = [
    ...(flags & Flag.Read ? ["read"] : []),
    ...Object.entries(marks).flatMap(([mark, isSet]) => (isSet ? [mark] : [])),
  ];
  const lines = known === undefined && bytes !== undefined ? countLineFeeds(bytes) : stored.counts(message).lines;
  const state = flags & Flag.Read ? "read" : flags & Flag.New ? "new" : "unread";
  const { mayHaveAttachments, failedRecipients } = candidate;
  const attachments = mayHaveAttachments ? describeAttachments(candidate) : [];
  // A template is several times faster than JSON.stringify for the complete object.
  return (
    `{"version":${schemaVersion},"id":${quoteJson(candidate.id)},"number":${message},"offset":${stored.offset?.(message) ?? null},` +
    `"size":${candidate.size},"lines":${lines ?? null},"state":"${state}",` +
    `"flagged":${marks.flagged},"answered":${marks.answered},"flags":${quoteAllJson(setMarks)},` +
    `"envelopeSender":${quoteJson(candidate.decode(candidate.envelope.user) || null)},` +
    `"date":${quoteJson(candidate.date?.toISOString() ?? null)},` +
    `"from":${writePeople(candidate, "from")},"to":${writePeople(candidate, "to")},"cc":${writePeople(candidate, "cc")},` +
    `"replyTo":${writePeople(candidate, "reply-to")},"subject":${quoteJson(candidate.fields("subject")[0] ?? null)},` +
    `"messageId":${quoteJson(candidate.fields("message-id")[0] ?? null)},` +
    `"inReplyTo":${messageIds(candidate, "in-reply-to")},"references":${messageIds(candidate, "references")},` +
    `"attachments":${toJson(attachments)},"failedRecipients":${toJson(failedRecipients ?? null)}` +
    `${Object.keys(more).length === 0 ? "" : `,${toJson(more).slice(1, -1)}`}}\n`
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

/** A cache of address fields as JSON, which is useful because most people write more than one message. */
const knownPeople = new Map<string, string>();
const mostPeople = 4096;
const longestPeople = 500;

function writePeople(candidate: Candidate, field: string): string {
  const written = candidate.undecodedFields(field).join(", ");
  if (written === "") return "[]";
  const { charsets } = candidate;
  const isKeepable = charsets === nodeCharsets && written.length <= longestPeople;
  const known = isKeepable ? knownPeople.get(written) : undefined;
  if (known !== undefined) return known;
  const decode = (text: string) => decodeWords(text, charsets);
  const persons = parseAddressField(written).map(
    ({ name, address }): Person => ({ name: decode(name), address: decode(address) }),
  );
  const json = toJson(persons);
  if (knownPeople.size >= mostPeople) knownPeople.clear();
  if (isKeepable) knownPeople.set(written, json);
  return json;
}

/** Returns the message-ids in a field, with their angle brackets (RFC 5322, section 3.6.4), as JSON. */
function messageIds(candidate: Candidate, name: string): string {
  const values = candidate.fields(name);
  return values.length === 0 ? "[]" : quoteAllJson(values.flatMap((value) => value.match(/<[^<>\s]+>/g) ?? []));
}

function describeAttachments({ source, charsets }: Candidate): Attachment[] {
  return listAttachedParts(parseParts(source, charsets)).map(({ name, type }) => ({
    name: name?.toWellFormed() ?? null,
    type: type.toWellFormed(),
  }));
}
