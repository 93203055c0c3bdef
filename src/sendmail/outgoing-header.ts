/** Finds the recipients in a header, removes the fields that must not be sent, and adds the fields that are missing. */
import { parseAddresses } from "../message/address.ts";
import { unfold } from "../message/field-values.ts";
import { encodeMailbox, formatDateField } from "../message/format-field.ts";
import { decodeBytes, toBytes } from "../message/text.ts";

/** Fields that Postfix and sendmail remove from every message. */
const removed = new Set(["bcc", "resent-bcc", "return-path", "content-length"]);

/** The values of the fields that are added if they are missing. */
interface Additions {
  readonly date: Date;
  readonly messageId: string;
  readonly from: { readonly address: string; readonly name: string };
}

/**
 * Returns the addresses in To, Cc and Bcc; in a message that is resent, those in Resent-To, Resent-Cc and Resent-Bcc.
 */
export function recipientsInHeader(fields: readonly Buffer[]): string[] {
  const prefix = isResent(fields) ? "resent-" : "";
  return fields
    .filter((field) => ["to", "cc", "bcc"].some((each) => nameOf(field) === prefix + each))
    .flatMap((field) => parseAddresses(readFieldValue(field)))
    .map(({ address }) => address);
}

/** Returns the message's Message-ID, and the header as it is sent, without the empty line that ends it. */
export function completeHeader(
  fields: readonly Buffer[],
  { date, messageId, from }: Additions,
): { readonly bytes: Buffer; readonly messageId: string } {
  const kept = fields.filter((field) => !removed.has(nameOf(field)));
  const prefix = isResent(fields) ? "Resent-" : "";
  const find = (name: string) => kept.find((field) => nameOf(field) === name.toLowerCase());
  const additions = [
    ["Message-Id", messageId],
    ["Date", formatDateField(date)],
    ["From", encodeMailbox(from.name, from.address)],
  ] as const;
  const added = additions
    .filter(([name]) => find(prefix + name) === undefined)
    .map(([name, value]) => toBytes(`${prefix}${name}: ${value}\n`));
  const own = find("message-id");
  return {
    bytes: Buffer.concat([...kept, ...added]),
    messageId: (own === undefined ? undefined : /<[^<>\s]+>/.exec(readFieldValue(own))?.[0]) ?? messageId,
  };
}

function isResent(fields: readonly Buffer[]): boolean {
  return fields.some((field) => nameOf(field).startsWith("resent-"));
}

/** Returns a field's name in lower case. Old programs write spaces before the colon (RFC 5322, section 4.5). */
function nameOf(field: Buffer): string {
  return field.toString("latin1", 0, field.indexOf(":")).trimEnd().toLowerCase();
}

function readFieldValue(field: Buffer): string {
  return unfold(decodeBytes(field.subarray(field.indexOf(":") + 1)));
}
