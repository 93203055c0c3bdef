/** A draft as bytes: for a sendmail program, for SMTP, for files, and as the user is shown it. */
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type { Identity } from "../config/identity.ts";
import { parseAddresses } from "../message/address.ts";
import { dateField } from "../message/date.ts";
import { charsetOf, encodeBody, transferEncodingOf } from "../message/encode.ts";
import { encodeMailbox, encodeWords } from "../message/encoded-words.ts";
import { toBytes } from "../message/text.ts";
import type { Outgoing } from "../submit/transport.ts";
import type { Draft } from "./draft.ts";
import { qualified, type Recipients } from "./recipients.ts";

type Field = readonly [name: string, value: string];
type People = Pick<Recipients, "to" | "cc" | "bcc">;

const agent = "mail (Node.js)";

/** As ~p and reply print it: names with blanks between, and the MIME fields a body in this locale gets. */
export function shownHeader(draft: Draft): string {
  const fields: Field[] = [
    ...peopleFields(draft, draft, " ", true),
    ...mimeFields(draft, Buffer.alloc(0), "UTF-8", "8bit"),
  ];
  return `${written(fields)}\n`;
}

/** As a sendmail program, record and dead.letter get it: bytes as they were typed, Bcc in the header. */
export function rawMessage(draft: Draft, people: People, stamp: Stamp): Buffer {
  const body = draft.body.bytes();
  const charset = charsetOf(body);
  const fields: Field[] = [
    ...(draft.from === undefined ? [] : [["From", draft.from] as const]),
    ...peopleFields(draft, people, ", ", true),
    ...mimeFields(draft, body, charset === "us-ascii" ? "UTF-8" : charset, "8bit"),
    ...replyFields(draft),
    ...stampFields(draft, stamp),
  ];
  return Buffer.concat([toBytes(`${written(fields)}\n`), body]);
}

/** What makes a message this one and no other. Made once, so that each copy of it carries the same. */
export interface Stamp {
  readonly date: Date;
  readonly messageId: string;
}

export function newStamp(mailName: string): Stamp {
  const date = new Date();
  return { date, messageId: `<${date.getTime().toString(36)}.${randomBytes(9).toString("hex")}@${mailName}>` };
}

/** As SMTP gets it: encoded, qualified, without Bcc. */
export function encodedMessage(draft: Draft, people: People, stamp: Stamp, identity: Identity): Outgoing {
  const body = draft.body.bytes();
  const make = (eightBit: boolean): Outgoing => {
    // A transfer encoding that the user names is theirs to keep.
    const encoding = hasField(draft, "content-transfer-encoding") ? "8bit" : transferEncodingOf(body, eightBit);
    const mailboxes = (items: readonly string[]) =>
      items.map((item) => encodedItem(item, identity.mailName)).join(",\n ");
    const from = draft.from ?? "";
    const fields: Field[] = [
      ...stampFields(draft, stamp),
      ...(hasField(draft, "from")
        ? []
        : [["From", from === "" ? ownMailbox(identity) : encodedItem(from, identity.mailName)] as const]),
      ...(people.to.length > 0 ? [["To", mailboxes(people.to)] as const] : []),
      ...(draft.subject === undefined ? [] : [["Subject", encodeWords(blanked(draft.subject))] as const]),
      ...(people.cc.length > 0 ? [["Cc", mailboxes(people.cc)] as const] : []),
      ...(people.to.length + people.cc.length === 0 ? [["To", "undisclosed-recipients:;"] as const] : []),
      ...draft.fields.map(({ name, value }): Field => [blanked(name), encodeWords(blanked(value))]),
      ...mimeFields(draft, body, charsetOf(body), encoding),
      ...replyFields(draft).map(
        ([name, value]): Field => [name, name === "Reply-To" ? encodedItem(value, identity.mailName) : value],
      ),
    ];
    const bytes = Buffer.concat([toBytes(`${written(fields)}\n`), encodeBody(body, encoding)]);
    const needsEightBit = encoding === "8bit";
    return {
      size: bytes.length,
      open: () => Readable.from([bytes]),
      sevenBit: needsEightBit ? () => make(false) : undefined,
    };
  };
  return make(true);
}

function ownMailbox({ fullName, user, mailName }: Identity): string {
  return encodeMailbox(fullName, `${user}@${mailName}`);
}

function encodedItem(item: string, mailName: string): string {
  const parsed = parseAddresses(item);
  return parsed.map(({ name, address }) => encodeMailbox(name, qualified(address, mailName))).join(", ");
}

function peopleFields(draft: Draft, people: People, between: string, bcc: boolean): Field[] {
  const fields: Field[] = [];
  const list = (name: string, items: readonly string[]) => {
    if (items.length > 0) fields.push([name, items.join(between)]);
  };
  list("To", people.to);
  if (draft.subject !== undefined) fields.push(["Subject", blanked(draft.subject)]);
  list("Cc", people.cc);
  if (bcc) list("Bcc", people.bcc);
  for (const { name, value } of draft.fields) fields.push([blanked(name), blanked(value)]);
  return fields;
}

function mimeFields(draft: Draft, _body: Buffer, charset: string, encoding: string): Field[] {
  const type = charset === "us-ascii" ? "text/plain; charset=us-ascii" : `text/plain; charset="${charset}"`;
  const fields: Field[] = [
    ["MIME-Version", "1.0"],
    ["Content-Type", type],
    ["Content-Transfer-Encoding", encoding],
  ];
  return fields.filter(([name]) => !hasField(draft, name.toLowerCase()));
}

function replyFields(draft: Draft): Field[] {
  return [
    ...(draft.replyTo === undefined ? [] : [["Reply-To", blanked(draft.replyTo)] as const]),
    ...(draft.inReplyTo === undefined ? [] : [["In-Reply-To", blanked(draft.inReplyTo)] as const]),
  ];
}

function stampFields(draft: Draft, { date, messageId }: Stamp): Field[] {
  const fields: Field[] = [
    ["Date", dateField(date)],
    ["Message-ID", messageId],
    ["User-Agent", agent],
  ];
  return fields.filter(([name]) => !hasField(draft, name.toLowerCase()));
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
