/** A draft as bytes: for a sendmail program, for SMTP, for files, and as the user is shown it. */
import { Readable } from "node:stream";
import type { Identity } from "../config/identity.ts";
import { parseAddresses } from "../message/address.ts";
import { dateField } from "../message/date.ts";
import { charsetOf, type TransferEncoding, transferEncodingOf } from "../message/encode.ts";
import { encodeMailbox, encodeText } from "../message/encoded-words.ts";
import { byteLength, toBytes } from "../message/text.ts";
import type { Outgoing } from "../submit/transport.ts";
import { Body, type Built } from "./body.ts";
import type { Draft } from "./draft.ts";
import { qualified, type Recipients } from "./recipients.ts";

type Field = readonly [name: string, value: string];
type People = Pick<Recipients, "to" | "cc" | "bcc">;

const agent = "mail (Node.js)";

/** Who sends from where, in which charset. */
export interface Sender {
  readonly identity: Identity;
  /** What the user's bytes are that are not UTF-8 (config/charset.ts). */
  readonly charset: string | undefined;
}

/** As ~p and reply print it: names with blanks between, and the MIME fields a body in this locale gets. */
export function shownHeader(draft: Draft, charset?: string): string {
  const fields: Field[] = [
    ...peopleFields(draft, draft, " ", true).map(([name, value]): Field => [name, inColumns(name, value)]),
    ...typeFields(draft, charset ?? "UTF-8", "8bit"),
    ...draft.attachments.map(({ name, type, size }): Field => ["Attachment", `${name} (${type}, ${size} bytes)`]),
  ];
  return `${written(fields)}\n`;
}

/** Names that would go past column 72 stand in lines of their own, four blanks in, as bsd-mailx shows them. */
function inColumns(name: string, value: string): string {
  if (!/^(?:To|Cc|Bcc)$/.test(name)) return value;
  let column = name.length + 1;
  const words = value.split(" ").map((word, index) => {
    const length = byteLength(word);
    const fits = column + 1 + length <= 72 || column + 1 <= 4;
    column = fits ? column + 1 + length : 4 + length;
    return fits ? `${index === 0 ? "" : " "}${word}` : `\n    ${word}`;
  });
  return words.join("");
}

/** What makes a message this one and no other. Made once, so that each copy of it carries the same. */
export interface Stamp {
  readonly date: Date;
  readonly messageId: string;
  readonly boundary: string;
}

export function newStamp(mailName: string): Stamp {
  const date = new Date();
  // Unique, not secret: node:crypto would cost as much as the rest of the message.
  const random = Math.random().toString(36).slice(2) + Math.random().toString(36).slice(2);
  const unique = `${date.getTime().toString(36)}.${process.pid.toString(36)}.${random}`;
  return { date, messageId: `<${unique}@${mailName}>`, boundary: unique };
}

/**
 * As a sendmail program, record and dead.letter get it: bytes as they were typed, Bcc in the header. With attachments it
 * is encoded as for SMTP, but for the Bcc.
 *
 * @param exact line ends of two bytes stay; else they become one, as bsd-mailx has it
 */
export async function rawMessage(
  draft: Draft,
  people: People,
  stamp: Stamp,
  sender: Sender,
  { exact }: { exact: boolean },
): Promise<Built> {
  if (draft.attachments.length > 0) {
    const built = new Body();
    const message = await encodedMessage(draft, people, stamp, sender, { bcc: true });
    for await (const piece of message.open()) built.append(piece as Buffer);
    return built;
  }
  const { body } = draft;
  const charset = charsetOf(body.facts, sender.charset);
  const fields: Field[] = [
    ...(draft.from === undefined || hasField(draft, "from") ? [] : [["From", draft.from] as const]),
    ...peopleFields(draft, people, ", ", true),
    ...typeFields(draft, charset === "us-ascii" ? (sender.charset ?? "UTF-8") : charset, "8bit"),
    ...replyFields(draft),
    ...stampFields(draft, stamp),
  ];
  const header = toBytes(`${written(fields)}\n`);
  const dropped = exact ? 0 : body.facts.returns;
  return {
    size: header.length + body.size - dropped + (body.facts.ended ? 0 : 1),
    *pieces() {
      yield header;
      yield* asLines(body, dropped > 0);
    },
  };
}

/** As SMTP gets it: encoded, qualified, without Bcc unless that is asked for. */
export async function encodedMessage(
  draft: Draft,
  people: People,
  stamp: Stamp,
  sender: Sender,
  { bcc, eightBit = true }: { bcc: boolean; eightBit?: boolean },
): Promise<Outgoing> {
  const whole = draft.attachments.length === 0;
  const named = fieldValue(draft, "content-transfer-encoding");
  // base64 and quoted-printable say that the user has encoded the body; of the others we know better.
  const encoded = named !== undefined && !/^(7bit|8bit|binary)$/i.test(named);
  const encoding = encoded ? "7bit" : transferEncodingOf(draft.body.facts, eightBit);
  const kept = encoded || encoding === "7bit" || (encoding === "8bit" && named?.toLowerCase() !== "7bit");
  const labelled = kept ? draft : without(draft, "content-transfer-encoding");
  const type = typeFields(labelled, charsetOf(draft.body.facts, sender.charset), encoding);
  const lines = await encoder(encoding);
  const needsEightBit = encoding === "8bit" || draft.attachments.some(({ facts }) => facts?.ascii === false);
  const sevenBit =
    needsEightBit && eightBit
      ? await encodedMessage(draft, people, stamp, sender, { bcc, eightBit: false })
      : undefined;
  const again = sevenBit === undefined ? {} : { sevenBit: () => sevenBit };
  const bodySize = sizeAs(encoding, draft.body);
  if (!whole) {
    const { multipart } = await import("./multipart.ts");
    const inPart = (name: string) => /^content-(type|transfer-encoding)$/i.test(name);
    const top = { ...labelled, fields: labelled.fields.filter(({ name }) => !inPart(name)) };
    const fields: Field[] = [
      ...encodedFields(top, people, stamp, sender, bcc),
      ...type.filter(([name]) => !inPart(name)),
    ];
    const part = {
      header: written(type.filter(([name]) => inPart(name))),
      size: bodySize,
      lines: () => lines(draft.body),
    };
    return {
      ...multipart(toBytes(written(fields)), part, draft.attachments, { boundary: stamp.boundary, eightBit }),
      ...again,
    };
  }
  const header = toBytes(`${written([...encodedFields(labelled, people, stamp, sender, bcc), ...type])}\n`);
  return {
    size: header.length + bodySize,
    open: () => Readable.from(after(header, lines(draft.body)), { objectMode: false }),
    ...again,
  };
}

async function* after(header: Buffer, body: Iterable<Buffer> | AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  yield header;
  yield* body;
}

/** @returns what makes lines for the wire of a body; LF ends them */
async function encoder(encoding: TransferEncoding): Promise<(body: Body) => Iterable<Buffer> | AsyncIterable<Buffer>> {
  if (encoding === "7bit" || encoding === "8bit") return (body) => asLines(body, body.facts.returns > 0);
  const { transferEncode } = await import("./transfer-encode.ts");
  return (body) => transferEncode(encoding, body);
}

/** RFC 1870: an estimate will do, and it must not be too small. */
function sizeAs(encoding: TransferEncoding, { size, facts }: Body): number {
  if (encoding === "base64") return Math.ceil(size / 3) * 4 + Math.ceil(size / 57);
  if (encoding === "quoted-printable") return facts.ascii ? Math.ceil(size * 1.05) : size * 2;
  return size - facts.returns + (facts.ended ? 0 : 1);
}

/** The body with a last line that ends, and with line ends of one byte where they are to be so. */
function* asLines(body: Body, dropReturns: boolean): Iterable<Buffer> {
  if (dropReturns) yield* withoutReturns(body.pieces());
  else yield* body.pieces();
  if (!body.facts.ended) yield Buffer.from("\n");
}

/** CRLF becomes LF; another CR stays. */
function* withoutReturns(pieces: Iterable<Buffer>): Iterable<Buffer> {
  let held = false;
  for (const piece of pieces) {
    const text: string = (held ? "\r" : "") + piece.toString("latin1");
    held = text.endsWith("\r");
    yield Buffer.from((held ? text.slice(0, -1) : text).replaceAll("\r\n", "\n"), "latin1");
  }
  if (held) yield Buffer.from("\r");
}

function encodedFields(
  draft: Draft,
  people: People,
  stamp: Stamp,
  { identity, charset }: Sender,
  bcc: boolean,
): Field[] {
  const list = (name: string, items: readonly string[]): Field[] => {
    const mailboxes = items.flatMap((item) => encodedMailboxes(item, identity.mailName, charset));
    return items.length === 0 ? [] : [[name, folded(mailboxes, name.length)]];
  };
  const text = (name: string, value: string): Field => [name, encodeText(blanked(value), name.length + 2, charset)];
  const addressed = (name: string, value: string): Field => {
    const mailboxes = encodedMailboxes(blanked(value), identity.mailName, charset);
    return [name, mailboxes.length === 0 ? blanked(value) : folded(mailboxes, name.length)];
  };
  const ours: Field[] = [
    ...stampFields(draft, stamp),
    [
      "From",
      draft.from === undefined
        ? ownMailbox(identity)
        : folded(encodedMailboxes(draft.from, identity.mailName, charset), 4),
    ],
    ...(draft.shownTo === undefined ? list("To", people.to) : [addressed("To", draft.shownTo)]),
    ...(draft.subject === undefined ? [] : [text("Subject", draft.subject)]),
    ...list("Cc", people.cc),
    ...(bcc ? list("Bcc", people.bcc) : []),
    ...(people.to.length + people.cc.length === 0 && draft.shownTo === undefined
      ? [["To", "undisclosed-recipients:;"] as const]
      : []),
  ];
  return [
    ...ours.filter(([name]) => !hasField(draft, name.toLowerCase())),
    ...draft.fields.map(({ name, value }): Field => {
      if (name === "") return ["", blanked(value)];
      if (addressFields.has(name.toLowerCase())) return addressed(name, value);
      return verbatim.test(name) ? [name, blanked(value)] : text(name, value);
    }),
    ...(draft.replyTo === undefined || hasField(draft, "reply-to") ? [] : list("Reply-To", [blanked(draft.replyTo)])),
    ...threadFields(draft),
  ];
}

/** Fields whose value is a list of addresses: names are encoded, addresses are not. */
const addressFields = new Set([
  ...["from", "sender", "reply-to", "to", "cc", "bcc", "mail-followup-to", "mail-reply-to", "errors-to"],
  ...["resent-from", "resent-to", "resent-cc", "disposition-notification-to", "return-receipt-to"],
]);
/** Structured fields, which folding and encoded words would break. */
const verbatim = /^(content-|mime-version$|date$|message-id$|in-reply-to$|references$|list-|dkim-|received$)/i;

function ownMailbox({ fullName, user, mailName }: Identity): string {
  return encodeMailbox(fullName, `${user}@${mailName}`);
}

function encodedMailboxes(item: string, mailName: string, charset: string | undefined): string[] {
  return parseAddresses(item).map(({ name, address }) => encodeMailbox(name, qualified(address, mailName), charset));
}

/** One line holds as many as fit. */
function folded(mailboxes: readonly string[], taken: number): string {
  let line = taken + 2;
  return mailboxes
    .map((mailbox, at) => {
      const folds = at > 0 && line + mailbox.length + 2 > 78;
      line = folds ? mailbox.length + 1 : line + mailbox.length + 2;
      return at === 0 ? mailbox : `${folds ? ",\n " : ", "}${mailbox}`;
    })
    .join("");
}

function peopleFields(draft: Draft, people: People, between: string, bcc: boolean): Field[] {
  const fields: Field[] = [];
  const list = (name: string, items: readonly string[]) => {
    if (items.length > 0) fields.push([name, items.join(between)]);
  };
  const hidden = draft.shownTo !== undefined && parseAddresses(draft.shownTo).length === 0;
  list("To", hidden ? [blanked(draft.shownTo ?? "")] : people.to);
  if (draft.subject !== undefined && !hasField(draft, "subject")) fields.push(["Subject", blanked(draft.subject)]);
  list("Cc", people.cc);
  if (bcc) list("Bcc", hidden ? [...people.to, ...people.bcc] : people.bcc);
  for (const { name, value } of draft.fields) fields.push([blanked(name), blanked(value)]);
  return fields;
}

/** A body with attachments is a part: what was said of the message is said of that part then. */
function typeFields(draft: Draft, charset: string, encoding: string): Field[] {
  const type = charset === "us-ascii" ? "text/plain; charset=us-ascii" : `text/plain; charset="${charset}"`;
  const fields: Field[] = [
    ["MIME-Version", "1.0"],
    ["Content-Type", type],
    ["Content-Transfer-Encoding", encoding],
  ];
  if (draft.attachments.length === 0) return fields.filter(([name]) => !hasField(draft, name.toLowerCase()));
  return fields.flatMap(([name, value]): Field[] => {
    const said = fieldValue(draft, name.toLowerCase());
    return name === "MIME-Version" && said !== undefined ? [] : [[name, said ?? value]];
  });
}

function replyFields(draft: Draft): Field[] {
  const fields: Field[] = [
    ...(draft.replyTo === undefined ? [] : [["Reply-To", blanked(draft.replyTo)] as const]),
    ...(draft.inReplyTo === undefined ? [] : [["In-Reply-To", blanked(draft.inReplyTo)] as const]),
  ];
  return fields.filter(([name]) => !hasField(draft, name.toLowerCase()));
}

/** RFC 5322, section 3.6.4; identifiers one a line, for there may be many. */
function threadFields(draft: Draft): Field[] {
  const ids = (text: string) =>
    blanked(text)
      .split(/[ \t]+/)
      .filter((id) => id !== "")
      .join("\n ");
  const fields: Field[] = [
    ...(draft.inReplyTo === undefined ? [] : [["In-Reply-To", ids(draft.inReplyTo)] as const]),
    ...(draft.references === undefined ? [] : [["References", ids(draft.references)] as const]),
  ];
  return fields.filter(([name, value]) => value !== "" && !hasField(draft, name.toLowerCase()));
}

function stampFields(draft: Draft, { date, messageId }: Stamp): Field[] {
  const fields: Field[] = [
    ["Date", dateField(date)],
    ["Message-ID", messageId],
    ["User-Agent", agent],
  ];
  return fields.filter(([name]) => !hasField(draft, name.toLowerCase()));
}

function without(draft: Draft, lowerName: string): Draft {
  return { ...draft, fields: draft.fields.filter(({ name }) => name.toLowerCase() !== lowerName) };
}

function fieldValue(draft: Draft, lowerName: string): string | undefined {
  const value = draft.fields.find(({ name }) => name.toLowerCase() === lowerName)?.value;
  return value === undefined ? undefined : blanked(value).trim();
}

function hasField(draft: Draft, lowerName: string): boolean {
  return draft.fields.some(({ name }) => name.toLowerCase() === lowerName);
}

/** A field without a name is a line as the user gave it to -a. */
function written(fields: readonly Field[]): string {
  return fields.map(([name, value]) => (name === "" ? `${value}\n` : `${name}: ${value}\n`)).join("");
}

/** Nothing that ends a line gets into a field's value. */
function blanked(value: string): string {
  return value.replace(/[\r\n\0]/g, " ");
}
