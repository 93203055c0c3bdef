/**
 * Builds the bytes of a draft for SMTP and LMTP: the header is encoded, with complete addresses, and the body is
 * encoded as its text and the transport require.
 */
import type { Identity } from "../../config/identity.ts";
import { parseAddresses } from "../../message/address.ts";
import { encodeMailbox, encodeText, formatDateField } from "../../message/format-field.ts";
import { toBytes } from "../../message/text.ts";
import type { Outgoing } from "../../submit/transport.ts";
import { Body, charsetOf, type TextFacts, type TransferEncoding, transferEncodingOf } from "../draft/body.ts";
import { type Draft, fieldValue, hasField, separateWithSpaces, withoutField } from "../draft/draft.ts";
import { qualifyAddress, type Recipients } from "../draft/recipients.ts";
import type { TextPart } from "./multipart.ts";

export type Field = readonly [name: string, value: string];

export type People = Pick<Recipients, "to" | "cc" | "bcc">;

/** The author of a message: the user's identity and charset. */
export interface Author {
  readonly identity: Identity;
  /** The charset of the user's input if it is not UTF-8 (config/settings.ts). */
  readonly charset: string | undefined;
  /** The transfer encoding for text that is not ASCII (the `encoding` variable); undefined if the transport decides. */
  readonly encoding: "quoted-printable" | "base64" | undefined;
}

/** The values that are generated once per message and shared by all its copies. */
export interface Stamp {
  readonly date: Date;
  readonly messageId: string;
  readonly boundary: string;
}

/** Returns the date, Message-ID and MIME boundary for a new message. */
export function newStamp(mailName: string): Stamp {
  const date = new Date();
  // The value must be unique, but need not be secret. Loading node:crypto would take as long as building the message.
  const random = Math.random().toString(36).slice(2) + Math.random().toString(36).slice(2);
  const unique = `${date.getTime().toString(36)}.${process.pid.toString(36)}.${random}`;
  return { date, messageId: `<${unique}@${mailName}>`, boundary: unique };
}

/**
 * Builds the message for SMTP, with an encoded body and complete addresses. The Bcc field is included only if `bcc`
 * is true.
 */
export async function buildEncodedMessage(
  draft: Draft,
  people: People,
  stamp: Stamp,
  author: Author,
  { bcc, eightBit = true }: { bcc: boolean; eightBit?: boolean },
): Promise<Outgoing> {
  const whole = draft.attachments.length === 0;
  const named = fieldValue(draft, "content-transfer-encoding");
  // base64 and quoted-printable mean that the user has encoded the body. If the user names any other encoding and that
  // encoding is wrong, the correct encoding is used instead.
  const encoded = named !== undefined && !/^(7bit|8bit|binary)$/i.test(named);
  const encoding = encoded ? "7bit" : encodeAsRequested(draft, author, eightBit);
  const kept = encoded || encoding === "7bit" || (encoding === "8bit" && named?.toLowerCase() !== "7bit");
  const labelled = kept ? draft : withoutField(draft, "content-transfer-encoding");
  const type = typeFields(labelled, charsetOf(draft.body.facts, author.charset), encoding);
  const lines = await loadEncoder(encoding);
  const plain = draft.form.html === true ? await writePlainForm(draft, author, eightBit) : undefined;
  const needsEightBit =
    encoding === "8bit" || plain?.encoding === "8bit" || draft.attachments.some(({ facts }) => facts?.ascii === false);
  const sevenBit =
    needsEightBit && eightBit
      ? await buildEncodedMessage(draft, people, stamp, author, { bcc, eightBit: false })
      : undefined;
  const again = sevenBit === undefined ? {} : { sevenBit: () => sevenBit };
  const bodySize = estimateEncodedSize(encoding, draft.body);
  if (!whole || plain !== undefined) {
    const { buildMultipart: multipart, joinForms } = await import("./multipart.ts");
    const inPart = (name: string) => /^content-(type|transfer-encoding)$/i.test(name);
    const top = { ...labelled, fields: labelled.fields.filter(({ name }) => !inPart(name)) };
    const fields: Field[] = [
      ...buildFields(top, people, stamp, author, bcc),
      ...type.filter(([name]) => !inPart(name)),
    ];
    const body: TextPart = {
      header: formatFields(type.filter(([name]) => inPart(name))),
      size: bodySize,
      lines: () => lines(draft.body),
    };
    const widest = encoding === "8bit" || plain?.encoding === "8bit" ? "8bit" : "7bit";
    const part =
      plain === undefined ? body : joinForms([plain.part, body], { boundary: stamp.boundary, encoding: widest });
    if (whole) {
      const start = toBytes(`${formatFields(fields)}${part.header}\n`);
      return {
        size: start.length + part.size,
        messageId: fieldValue(draft, "message-id") ?? stamp.messageId,
        open: () => prependBytes(start, part.lines()),
        ...again,
      };
    }
    const subtype = draft.form.alternative === true ? "alternative" : "mixed";
    return {
      ...multipart(toBytes(formatFields(fields)), part, draft.attachments, {
        boundary: stamp.boundary,
        eightBit,
        subtype,
      }),
      ...again,
    };
  }
  const header = toBytes(`${formatFields([...buildFields(labelled, people, stamp, author, bcc), ...type])}\n`);
  return {
    size: header.length + bodySize,
    messageId: fieldValue(draft, "message-id") ?? stamp.messageId,
    open: () => prependBytes(header, lines(draft.body)),
    ...again,
  };
}

/**
 * Returns the transfer encoding for text: the user's choice, unless the text requires base64 or is ASCII that needs no
 * encoding.
 */
function chooseEncoding(facts: TextFacts, chosen: Author["encoding"], eightBit: boolean): TransferEncoding {
  const needed = transferEncodingOf(facts, eightBit);
  return chosen === undefined || needed === "base64" || (needed === "7bit" && facts.ascii) ? needed : chosen;
}

/**
 * Returns the encoding of the body: the value of --encoding, even for ASCII text, or else that of the `encoding`
 * variable.
 */
function encodeAsRequested({ body, form }: Draft, author: Author, eightBit: boolean): TransferEncoding {
  const { encoding } = form;
  if (encoding === undefined) return chooseEncoding(body.facts, author.encoding, eightBit);
  return encoding === "7bit" || encoding === "8bit" ? transferEncodingOf(body.facts, eightBit) : encoding;
}

/** Returns the plain-text alternative of an HTML body as a separate part. */
async function writePlainForm(
  { body, form }: Draft,
  { charset }: Author,
  eightBit: boolean,
): Promise<{ part: TextPart; encoding: TransferEncoding }> {
  const text = new Body();
  text.append(Buffer.from(form.plainForm ?? (await renderPlainForm(body, charset))));
  const encoding = transferEncodingOf(text.facts, eightBit);
  const lines = await loadEncoder(encoding);
  const header = formatFields([
    ["Content-Type", `text/plain; charset=${charsetOf(text.facts)}`],
    ["Content-Transfer-Encoding", encoding],
  ]);
  return { part: { header, size: estimateEncodedSize(encoding, text), lines: () => lines(text) }, encoding };
}

async function renderPlainForm(body: Body, charset: string | undefined): Promise<string> {
  const { htmlText } = await import("../../message/view/html-text.ts");
  const { guess, moreCharsets } = await import("../../message/charsets.ts");
  const decode = body.facts.utf8 || charset === undefined ? guess : ((await moreCharsets())(charset) ?? guess);
  return `${(await htmlText(decode(body.bytes()), 72)).trim()}\n`;
}

async function* prependBytes(header: Buffer, body: Iterable<Buffer> | AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  yield header;
  yield* body;
}

/** Returns a function that yields the lines of a body in the given encoding, with LF line endings. */
async function loadEncoder(
  encoding: TransferEncoding,
): Promise<(body: Body) => Iterable<Buffer> | AsyncIterable<Buffer>> {
  if (encoding === "7bit" || encoding === "8bit") return (body) => splitBodyLines(body, body.facts.returns > 0);
  const { transferEncode } = await import("./transfer-encode.ts");
  return (body) => transferEncode(encoding, body);
}

/** Returns the estimated size of an encoded body. The estimate must not be too small (RFC 1870). */
function estimateEncodedSize(encoding: TransferEncoding, { size, facts }: Body): number {
  if (encoding === "base64") return Math.ceil(size / 3) * 4 + Math.ceil(size / 57);
  if (encoding === "quoted-printable") return facts.ascii ? Math.ceil(size * 1.05) : size * 2;
  return size - facts.returns + (facts.ended ? 0 : 1);
}

/** Yields the body with a final newline and, if `dropReturns` is true, with LF instead of CRLF. */
export function* splitBodyLines(body: Body, dropReturns: boolean): Iterable<Buffer> {
  if (dropReturns) yield* withoutReturns(body.pieces());
  else yield* body.pieces();
  if (!body.facts.ended) yield Buffer.from("\n");
}

/** Converts CRLF to LF. Other CRs are kept. */
function* withoutReturns(pieces: Iterable<Buffer>): Iterable<Buffer> {
  let held = false;
  for (const piece of pieces) {
    const text: string = (held ? "\r" : "") + piece.toString("latin1");
    held = text.endsWith("\r");
    yield Buffer.from((held ? text.slice(0, -1) : text).replaceAll("\r\n", "\n"), "latin1");
  }
  if (held) yield Buffer.from("\r");
}

const agent = "mail (Node.js)";

/** Returns the header fields of a message in order, encoded for a server (RFC 5322, RFC 2047). */
function buildFields(draft: Draft, people: People, stamp: Stamp, { identity, charset }: Author, bcc: boolean): Field[] {
  const list = (name: string, items: readonly string[]): Field[] => {
    const mailboxes = items.flatMap((item) => encodeMailboxes(item, identity.mailName, charset));
    return items.length === 0 ? [] : [[name, foldMailboxes(mailboxes, name.length)]];
  };
  const text = (name: string, value: string): Field => [
    name,
    encodeText(separateWithSpaces(value), name.length + 2, charset),
  ];
  const addressed = (name: string, value: string): Field => {
    const said =
      name.toLowerCase() === "from" ? formatSender(separateWithSpaces(value), identity) : separateWithSpaces(value);
    const mailboxes = encodeMailboxes(said, identity.mailName, charset);
    return [name, mailboxes.length === 0 ? separateWithSpaces(value) : foldMailboxes(mailboxes, name.length)];
  };
  const ours: Field[] = [
    ...stampFields(draft, stamp),
    [
      "From",
      draft.from === undefined
        ? ownMailbox(identity)
        : foldMailboxes(encodeMailboxes(draft.from, identity.mailName, charset), 4),
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
      if (name === "") return ["", separateWithSpaces(value)];
      if (isAddressField(name)) return addressed(name, value);
      return isStructuredField(name) ? [name, separateWithSpaces(value)] : text(name, value);
    }),
    ...(draft.replyTo === undefined || hasField(draft, "reply-to")
      ? []
      : list("Reply-To", [separateWithSpaces(draft.replyTo)])),
    ...threadFields(draft),
  ];
}

/** Fields with lists of addresses, in which only display names are encoded. */
const addressFields = new Set([
  ...["from", "sender", "reply-to", "to", "cc", "bcc", "mail-followup-to", "mail-reply-to", "errors-to"],
  ...["resent-from", "resent-to", "resent-cc", "disposition-notification-to", "return-receipt-to"],
]);

/** Returns whether a field with this name contains addresses; the case of the name is ignored. */
export function isAddressField(name: string): boolean {
  return addressFields.has(name.toLowerCase());
}

/** Structured fields, which folding or encoded words would corrupt. */
const verbatim = /^(content-|mime-version$|date$|message-id$|in-reply-to$|references$|list-|dkim-|received$)/i;

/** Returns whether a field with this name is structured, so that its value must not be encoded. */
export function isStructuredField(name: string): boolean {
  return verbatim.test(name);
}

/**
 * Returns a sender. A name without an address, such as `Cron Daemon`, becomes the display name of the user's address.
 */
export function formatSender(text: string, { login, mailName }: Identity): string {
  const isName = !/[@<>",;:]/.test(text) && parseAddresses(text).length > 1;
  return isName ? `"${text.trim().replaceAll("\\", "\\\\")}" <${login}@${mailName}>` : text;
}

/** Returns the Resent- fields of a message that is sent again (RFC 5322, section 3.6.6). */
export function resentFields(draft: Draft, people: People, { date, messageId }: Stamp, author: Author): string {
  const { identity, charset } = author;
  const list = (items: readonly string[], name: string) =>
    foldMailboxes(
      items.flatMap((item) => encodeMailboxes(separateWithSpaces(item), identity.mailName, charset)),
      name.length,
    );
  return formatFields([
    ["Resent-Date", formatDateField(date)],
    ["Resent-From", draft.from === undefined ? ownMailbox(identity) : list([draft.from], "Resent-From")],
    ["Resent-To", list([...people.to, ...people.cc], "Resent-To")],
    ["Resent-Message-ID", messageId],
  ]);
}

function ownMailbox({ fullName, login, mailName }: Identity): string {
  return encodeMailbox(fullName, `${login}@${mailName}`);
}

function encodeMailboxes(item: string, mailName: string, charset: string | undefined): string[] {
  return parseAddresses(item).map(({ name, address }) =>
    encodeMailbox(name, qualifyAddress(address, mailName), charset),
  );
}

/** Joins mailboxes, placing as many on each line as fit. */
export function foldMailboxes(mailboxes: readonly string[], taken: number): string {
  let line = taken + 2;
  return mailboxes
    .map((mailbox, at) => {
      const folds = at > 0 && line + mailbox.length + 2 > 78;
      line = folds ? mailbox.length + 1 : line + mailbox.length + 2;
      return at === 0 ? mailbox : `${folds ? ",\n " : ", "}${mailbox}`;
    })
    .join("");
}

/**
 * Returns the MIME fields. In a message with attachments, the body is a part, and the given fields describe that
 * part.
 */
export function typeFields(draft: Draft, charset: string, encoding: string): Field[] {
  if (draft.form.withoutMime === true) return [];
  const type = charset === "us-ascii" ? "text/plain; charset=us-ascii" : `text/plain; charset="${charset}"`;
  const fields: Field[] = [
    ["MIME-Version", "1.0"],
    ["Content-Type", type],
    ["Content-Transfer-Encoding", encoding],
  ];
  if (draft.attachments.length === 0 && draft.form.html !== true)
    return fields.filter(([name]) => !hasField(draft, name.toLowerCase()));
  return fields.flatMap(([name, value]): Field[] => {
    const said = fieldValue(draft, name.toLowerCase());
    return name === "MIME-Version" && said !== undefined ? [] : [[name, said ?? value]];
  });
}

/** Returns the fields that place a reply in its thread (RFC 5322, section 3.6.4), with one identifier per line. */
export function threadFields(draft: Draft): Field[] {
  const ids = (text: string) =>
    separateWithSpaces(text)
      .split(/[ \t]+/)
      .filter((id) => id !== "")
      .join("\n ");
  const fields: Field[] = [
    ...(draft.inReplyTo === undefined ? [] : [["In-Reply-To", ids(draft.inReplyTo)] as const]),
    ...(draft.references === undefined ? [] : [["References", ids(draft.references)] as const]),
  ];
  return fields.filter(([name, value]) => value !== "" && !hasField(draft, name.toLowerCase()));
}

/** Returns Date, Message-ID and User-Agent, except those that the draft contains. */
export function stampFields(draft: Draft, { date, messageId }: Stamp): Field[] {
  const fields: Field[] = [
    ["Date", formatDateField(date)],
    ["Message-ID", messageId],
    ["User-Agent", agent],
  ];
  return fields.filter(([name]) => !hasField(draft, name.toLowerCase()));
}

/** Returns the text of the fields. A field without a name is a complete line given with -a. */
export function formatFields(fields: readonly Field[]): string {
  return fields.map(([name, value]) => (name === "" ? `${value}\n` : `${name}: ${value}\n`)).join("");
}
