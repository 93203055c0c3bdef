/** Who wrote a message, and the file that is named after them. */
import { parseAddresses } from "../../message/address.ts";
import type { Header } from "../../message/header.ts";
import { readFromLine } from "../../message/sender.ts";
import type { Session } from "../session/session.ts";

/** Only what no path can hide in. */
export function fileNamedAfter([author = ""]: readonly string[]): string | undefined {
  const name = author
    .replace(/@.*/s, "")
    .replace(/[^\w.+=-]/g, "_")
    .replace(/^[.+-]+/, "");
  return name === "" ? undefined : name;
}

/** From, else the user of the From_ line. */
export function authorOf(session: Session, header: Header, message: number): string[] {
  const from = addressesOfFields(addressField(header, "from"));
  if (from.length > 0) return from;
  const stored = session.folder?.mailbox.header(message);
  return stored === undefined ? [] : addressesOfFields(readFromLine(stored).user);
}

/** All fields of that name as one: bsd-mailx answers to each. */
export function addressField(header: Header, name: string): string | undefined {
  const values = header.all(name);
  return values.length === 0 ? undefined : values.join(", ");
}

/** Returns an empty group, such as `undisclosed-recipients:;`, is kept as it is written; `<>` is nobody. */
export function addressesOfFields(field: string | undefined): string[] {
  if (field === undefined) return [];
  const addresses = parseAddresses(field).flatMap(({ address }) => (address === "" ? [] : [address]));
  const text = field.trim();
  return addresses.length === 0 && /^[^\s:;]+:\s*;$/.test(text) ? [text] : addresses;
}
