/**
 * Formats a message as one line of JSON for `mail --json`. docs/json.md describes the format, and
 * docs/message.schema.json defines it.
 *
 * The schema is stable: fields may be added, but removing a field or changing its meaning requires a new `version`.
 */
import { Flag, type Mailbox } from "../../mailbox/mailbox.ts";
import { countLineFeeds } from "../../mailbox/mbox/counts.ts";
import { parseAddressField } from "../../message/address.ts";
import { decodeWords } from "../../message/decode-words.ts";
import { listAttachedParts, parseParts } from "../../message/view/part.ts";
import { Candidate } from "../query/candidate.ts";

const schemaVersion = 1;

interface Person {
  readonly name: string;
  readonly address: string;
}

interface Attachment {
  readonly name: string | null;
  readonly type: string;
}

/** Returns a message as a line of JSON. @param bytes the stored message, if already read */
export function jsonLine(mailbox: Mailbox, message: number, bytes?: Buffer): string {
  const candidate = new Candidate(mailbox, message, bytes);
  const { flags, marks } = candidate;
  const whole = candidate.whole;
  const line = {
    version: schemaVersion,
    number: message,
    offset: mailbox.offset?.(message) ?? null,
    size: candidate.size,
    lines: whole === undefined ? mailbox.counts(message).lines : countLineFeeds(whole),
    state: flags & Flag.Read ? "read" : flags & Flag.New ? "new" : "unread",
    flagged: marks.flagged,
    answered: marks.answered,
    envelopeSender: candidate.decode(candidate.envelope.user) || null,
    date: candidate.date?.toISOString() ?? null,
    from: parsePeople(candidate, "from"),
    to: parsePeople(candidate, "to"),
    cc: parsePeople(candidate, "cc"),
    subject: candidate.fields("subject")[0] ?? null,
    messageId: candidate.fields("message-id")[0] ?? null,
    attachments: describeAttachments(candidate),
    failedRecipients: candidate.failedRecipients ?? null,
  };
  // JSON does not escape DEL, but a terminal can interpret it.
  return `${JSON.stringify(line).replaceAll("\x7f", "\\u007f")}\n`;
}

function parsePeople(candidate: Candidate, name: string): Person[] {
  return parseAddressField(candidate.undecodedFields(name).join(", ")).map((person) => ({
    name: decodeWords(person.name),
    address: decodeWords(person.address),
  }));
}

function describeAttachments({ mayHaveAttachments, source }: Candidate): Attachment[] {
  if (!mayHaveAttachments) return [];
  return listAttachedParts(parseParts(source)).map(({ name, type }) => ({ name: name ?? null, type }));
}
