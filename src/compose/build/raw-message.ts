/**
 * Builds the bytes of a draft as bsd-mailx does, for a sendmail program, files and dead.letter: the header is as typed, and
 * the body contains the bytes as typed.
 */
import { parseAddresses, splitAtCommas } from "../../message/address.ts";
import { encodeMailbox, encodeWords } from "../../message/format-field.ts";
import { byteLength, toBytes } from "../../message/text.ts";
import { Body, type Built, charsetOf } from "../draft/body.ts";
import { type Draft, hasField, separateWithSpaces } from "../draft/draft.ts";
import { isSink } from "../draft/recipients.ts";
import {
  type Author,
  buildEncodedMessage,
  type Field,
  foldMailboxes,
  formatFields,
  isAddressField,
  isStructuredField,
  type People,
  type Stamp,
  splitBodyLines,
  stampFields,
  threadFields,
  typeFields,
} from "./encoded-message.ts";

/**
 * Builds the message for a sendmail program, for the record and for dead.letter, always with the same header. The body
 * contains the bytes as typed, and the header contains the Bcc field. A message with attachments is encoded as for
 * SMTP, but keeps its Bcc field. If the `encoding` variable is set, every message is encoded as for SMTP.
 *
 * @param exact whether to keep CRLF line endings; otherwise they become LF, as in bsd-mailx
 */
export async function buildRawMessage(
  draft: Draft,
  people: People,
  stamp: Stamp,
  author: Author,
  { exact }: { exact: boolean },
): Promise<Built> {
  const { encoding: chosen, html } = draft.form;
  const isEncoded = chosen !== undefined || (author.encoding !== undefined && !draft.body.facts.ascii);
  if (draft.attachments.length > 0 || html === true || isEncoded) {
    const built = new Body();
    const message = await buildEncodedMessage(draft, people, stamp, author, { bcc: true });
    for await (const piece of message.open()) built.append(piece as Buffer);
    return built;
  }
  const { body } = draft;
  const charset = charsetOf(body.facts, author.charset);
  const fields: Field[] = [
    ...(draft.from === undefined || hasField(draft, "from") ? [] : [["From", draft.from] as const]),
    ...peopleFields(draft, people, ", ", true),
    ...typeFields(draft, charset === "us-ascii" ? (author.charset ?? "UTF-8") : charset, "8bit"),
    ...replyFields(draft),
    ...stampFields(draft, stamp),
  ];
  const header = toBytes(`${formatFields(encodeNonAscii(fields, author.charset))}\n`);
  const dropped = exact ? 0 : body.facts.returns;
  return {
    size: header.length + body.size - dropped + (body.facts.ended ? 0 : 1),
    *pieces() {
      yield header;
      yield* splitBodyLines(body, dropped > 0);
    },
  };
}

/**
 * Returns the To, Cc and, if `bcc` is true, Bcc fields.
 *
 * @param between the text that separates the addresses of a field
 */
function peopleFields(draft: Draft, people: People, between: string, bcc: boolean): Field[] {
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
function encodeNonAscii(fields: readonly Field[], charset: string | undefined): Field[] {
  return fields.map(([name, value]): Field => {
    if (isAscii(value)) return [name, value];
    if (name !== "") return [name, encodeFieldValue(name, value, name.length, charset)];
    const [, start = "", typed = "", rest = ""] = /^(([!-9;-~]+)[ \t]*:[ \t]*)(.*)$/s.exec(value) ?? [];
    return ["", `${start}${encodeFieldValue(typed, rest, typed.length, charset)}`];
  });
}

function encodeFieldValue(name: string, value: string, taken: number, charset: string | undefined): string {
  if (isStructuredField(name)) return value;
  if (!isAddressField(name)) return encodeWords(value.trim(), charset);
  const items = splitAtCommas(value);
  // A group contains commas, so a list that contains no files or commands is parsed as a whole instead of being split
  // at commas.
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
 * Returns Reply-To and the fields that place a reply in its thread. If the draft has no References, In-Reply-To has the
 * same form as in bsd-mailx.
 */
function replyFields(draft: Draft): Field[] {
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
