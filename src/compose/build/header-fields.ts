/** The header fields of a draft: either as typed or, for SMTP, encoded and with complete addresses. */
import type { Identity } from "../../config/identity.ts";
import { parseAddresses, splitAtCommas } from "../../message/address.ts";
import { encodeMailbox, encodeText, encodeWords, formatDateField } from "../../message/format-field.ts";
import { byteLength } from "../../message/text.ts";
import type { Draft } from "../draft/draft.ts";
import { isSink, qualifyAddress, type Recipients } from "../draft/recipients.ts";

export type Field = readonly [name: string, value: string];

export type People = Pick<Recipients, "to" | "cc" | "bcc">;

const agent = "mail (Node.js)";

/** Returns the header fields of a message in order, encoded for a server (RFC 5322, RFC 2047). */
export function buildFields(
  draft: Draft,
  people: People,
  stamp: Stamp,
  { identity, charset }: Author,
  bcc: boolean,
): Field[] {
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
      return verbatim.test(name) ? [name, separateWithSpaces(value)] : text(name, value);
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
function foldMailboxes(mailboxes: readonly string[], taken: number): string {
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
 * Returns the To, Cc and, if `bcc` is true, Bcc fields.
 *
 * @param between the text that separates the addresses of a field
 */
export function peopleFields(draft: Draft, people: People, between: string, bcc: boolean): Field[] {
  const fields: Field[] = [];
  const list = (name: string, items: readonly string[]) => {
    if (items.length > 0) fields.push([name, foldIntoColumns(name, items, between)]);
  };
  const hidden = draft.shownTo !== undefined && parseAddresses(draft.shownTo).length === 0;
  list("To", hidden ? [separateWithSpaces(draft.shownTo ?? "")] : people.to);
  if (draft.subject !== undefined && !hasField(draft, "subject"))
    fields.push(["Subject", separateWithSpaces(draft.subject)]);
  list("Cc", people.cc);
  if (bcc) list("Bcc", hidden ? [...people.to, ...people.bcc] : people.bcc);
  for (const { name, value } of draft.fields) fields.push([separateWithSpaces(name), separateWithSpaces(value)]);
  return fields;
}

/**
 * Encodes non-ASCII fields, as RFC 2047 requires. All other fields keep the bytes that the user typed, as in
 * bsd-mailx. Addresses are neither encoded nor completed.
 */
export function encodeNonAscii(fields: readonly Field[], charset: string | undefined): Field[] {
  return fields.map(([name, value]): Field => {
    if (isAscii(value)) return [name, value];
    if (name !== "") return [name, encodeFieldValue(name, value, name.length, charset)];
    const [, start = "", typed = "", rest = ""] = /^(([!-9;-~]+)[ \t]*:[ \t]*)(.*)$/s.exec(value) ?? [];
    return ["", `${start}${encodeFieldValue(typed, rest, typed.length, charset)}`];
  });
}

function encodeFieldValue(name: string, value: string, taken: number, charset: string | undefined): string {
  if (verbatim.test(name)) return value;
  if (!isAddressField(name)) return encodeWords(value.trim(), charset);
  const items = splitAtCommas(value);
  // A group contains commas, so a list without files and commands is parsed as a whole.
  const isFile = (item: string) => isSink(item) && !item.endsWith(">");
  const members = items.some(isFile) ? items : [value];
  const mailboxes = members.flatMap((member) => (isFile(member) ? [member] : mailboxesIn(member, charset)));
  return mailboxes.length === 0 ? value : foldMailboxes(mailboxes, taken);
}

function mailboxesIn(text: string, charset: string | undefined): string[] {
  return parseAddresses(text).map(({ name, address }) => encodeMailbox(name, address, charset));
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

/**
 * Joins names. A name that would extend beyond column 72 starts a new line indented by four spaces, as in bsd-mailx.
 */
function foldIntoColumns(name: string, items: readonly string[], between: string): string {
  const sign = between.trimEnd();
  let column = name.length + 1;
  return items
    .map((item, at) => {
      const written = at === items.length - 1 ? item : `${item}${sign}`;
      const length = byteLength(written);
      const fits = at === 0 || column + 1 + length <= 72;
      column = fits ? column + 1 + length : 4 + length;
      return fits ? `${at === 0 ? "" : " "}${written}` : `\n    ${written}`;
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

/**
 * Returns Reply-To and the fields that place a reply in its thread. If the draft has no References, In-Reply-To has the
 * same form as in bsd-mailx.
 */
export function replyFields(draft: Draft): Field[] {
  const fields: Field[] = [
    ...(draft.replyTo === undefined ? [] : [["Reply-To", separateWithSpaces(draft.replyTo)] as const]),
    ...(draft.inReplyTo === undefined || draft.references !== undefined
      ? []
      : [["In-Reply-To", separateWithSpaces(draft.inReplyTo)] as const]),
  ];
  return [
    ...fields.filter(([name]) => !hasField(draft, name.toLowerCase())),
    ...(draft.references === undefined ? [] : threadFields(draft)),
  ];
}

/** Returns the fields that place a reply in its thread (RFC 5322, section 3.6.4), with one identifier per line. */
function threadFields(draft: Draft): Field[] {
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

/**
 * Returns a copy of the draft without the additional fields of that name.
 *
 * @param lowerName the name in lower case
 */
export function withoutField(draft: Draft, lowerName: string): Draft {
  return { ...draft, fields: draft.fields.filter(({ name }) => name.toLowerCase() !== lowerName) };
}

/**
 * Returns the value of the draft's first field with that name.
 *
 * @param lowerName the name in lower case
 */
export function fieldValue(draft: Draft, lowerName: string): string | undefined {
  const value = draft.fields.find(({ name }) => name.toLowerCase() === lowerName)?.value;
  return value === undefined ? undefined : separateWithSpaces(value).trim();
}

/**
 * Returns whether the draft has a field with that name.
 *
 * @param lowerName the name in lower case
 */
export function hasField(draft: Draft, lowerName: string): boolean {
  return draft.fields.some(({ name }) => name.toLowerCase() === lowerName);
}

/** Returns the text of the fields. A field without a name is a complete line given with -a. */
export function formatFields(fields: readonly Field[]): string {
  return fields.map(([name, value]) => (name === "" ? `${value}\n` : `${name}: ${value}\n`)).join("");
}

/** Returns a value with line breaks replaced by spaces. */
export function separateWithSpaces(value: string): string {
  return value.replace(/[\r\n\0]/g, " ");
}

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

/**
 * Returns the header as ~p and reply print it: names separated by spaces, and the MIME fields for the user's charset.
 */
export function draftHeaderToShow(draft: Draft, from: string | undefined, charset?: string): string {
  const sender = draft.from || from;
  const fields: Field[] = [
    ...(sender === undefined || sender === "" || hasField(draft, "from")
      ? []
      : [["From", separateWithSpaces(sender)] satisfies Field]),
    ...peopleFields(draft, draft, " ", true),
    ...typeFields(draft, charset ?? "UTF-8", "8bit"),
    ...draft.attachments.map(({ name, type, size }): Field => ["Attachment", `${name} (${type}, ${size} bytes)`]),
  ];
  return `${formatFields(fields)}\n`;
}
