/**
 * Formats a message as one line of JSON for `mail --json`. docs/programs.md describes the format, and act/schemas.ts
 * defines it.
 *
 * The schema is stable: fields may be added, but removing a field or changing its meaning requires a new `version`.
 */
import { Flag, type StoredMessages } from "../../mailbox/mailbox.ts";
import { countLineFeeds } from "../../mailbox/mbox/counts.ts";
import { parseAddressField } from "../../message/address.ts";
import { decodeWords } from "../../message/decode-words.ts";
import { escapeControls } from "../../message/safe-text.ts";
import { listAttachedParts, parseParts } from "../../message/view/part.ts";
import { Candidate } from "../query/candidate.ts";

/** The version in each JSON object that a form for programs prints. act/schemas.ts declares the fields. */
export const schemaVersion = 1;

interface Person {
  readonly name: string;
  readonly address: string;
}

interface Attachment {
  readonly name: string | null;
  readonly type: string;
}

/**
 * Returns a message as a line of JSON.
 *
 * @param bytes the stored message, if already read
 * @param more further fields (json-details.ts)
 */
export function jsonLine(stored: StoredMessages, message: number, bytes?: Buffer, more: object = {}): string {
  const candidate = new Candidate(stored, message, bytes);
  const { flags, marks } = candidate;
  const whole = candidate.whole;
  const line = {
    version: schemaVersion,
    id: candidate.id,
    number: message,
    offset: stored.offset?.(message) ?? null,
    size: candidate.size,
    lines: whole === undefined ? stored.counts(message).lines : countLineFeeds(whole),
    state: flags & Flag.Read ? "read" : flags & Flag.New ? "new" : "unread",
    flagged: marks.flagged,
    answered: marks.answered,
    flags: [
      ...(flags & Flag.Read ? ["read"] : []),
      ...Object.entries(marks).flatMap(([mark, isSet]) => (isSet ? [mark] : [])),
    ],
    envelopeSender: candidate.decode(candidate.envelope.user) || null,
    date: candidate.date?.toISOString() ?? null,
    from: parsePeople(candidate, "from"),
    to: parsePeople(candidate, "to"),
    cc: parsePeople(candidate, "cc"),
    replyTo: parsePeople(candidate, "reply-to"),
    subject: candidate.fields("subject")[0] ?? null,
    messageId: candidate.fields("message-id")[0] ?? null,
    inReplyTo: messageIds(candidate, "in-reply-to"),
    references: messageIds(candidate, "references"),
    attachments: describeAttachments(candidate),
    failedRecipients: candidate.failedRecipients ?? null,
    ...more,
  };
  return `${escapeControls(JSON.stringify(line))}\n`;
}

function parsePeople(candidate: Candidate, name: string): Person[] {
  return parseAddressField(candidate.undecodedFields(name).join(", ")).map((person) => ({
    name: decodeWords(person.name),
    address: decodeWords(person.address),
  }));
}

/** Returns the message-ids in a field, with their angle brackets (RFC 5322, section 3.6.4). */
function messageIds(candidate: Candidate, name: string): string[] {
  return candidate.fields(name).flatMap((value) => value.match(/<[^<>\s]+>/g) ?? []);
}

function describeAttachments({ mayHaveAttachments, source }: Candidate): Attachment[] {
  if (!mayHaveAttachments) return [];
  return listAttachedParts(parseParts(source)).map(({ name, type }) => ({ name: name ?? null, type }));
}
