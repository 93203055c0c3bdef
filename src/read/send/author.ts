/** Finds the author of a message, and the file that is named after the author. */
import { parseAddressField } from "../../message/address.ts";
import { type Header, parseHeader } from "../../message/header.ts";
import { readEnvelope } from "../../message/sender.ts";

/**
 * Returns the addresses in From or, if it contains none, the user in the From_ line.
 *
 * @param stored the header as it is stored in the mailbox
 */
export function authorOf(stored: Buffer): string[] {
  const from = addressesOfFields(addressField(parseHeader(stored), "from"));
  return from.length > 0 ? from : addressesOfFields(readEnvelope(stored.toString("latin1")).user);
}

/**
 * Returns the values of all fields with the given name, joined into one. As in bsd-mailx, all of these fields are used.
 */
export function addressField(header: Header, name: string): string | undefined {
  const values = header.all(name);
  return values.length === 0 ? undefined : values.join(", ");
}

/**
 * Returns the addresses in a field. An empty group, such as `undisclosed-recipients:;`, is kept as it is written; `<>`
 * yields no address.
 */
export function addressesOfFields(field: string | undefined): string[] {
  if (field === undefined) return [];
  const addresses = parseAddressField(field).flatMap(({ address }) => (address === "" ? [] : [address]));
  const text = field.trim();
  return addresses.length === 0 && /^[^\s:;]+:\s*;$/.test(text) ? [text] : addresses;
}
