/** Who sent a message, as header lines, queries and replies name them. */
import { bareAddress, nameOrAddress } from "./bare-address.ts";
import { lineEnd, startsWithFrom } from "./header.ts";
import { fromBytes } from "./text.ts";

/**
 * Returns the address in From, else in Sender, else the user of the From_ line; of a path of hosts, `a!b!c`, the last two.
 *
 * @param byName the name there, where it has one
 */
export function findSender(
  from: readonly string[],
  sender: readonly string[],
  envelopeUser: () => string,
  byName: boolean,
): string {
  const named = from.length > 0 ? from : sender;
  const address = addressToShow(named.length > 0 ? named : [envelopeUser()], byName);
  return address.replace(/^.*!(?=[^!]*![^!]*$)/s, "");
}

/** Returns a sender as a header list shows it: its address or, if `byName` is true, its name. */
export function addressToShow(fields: readonly string[], byName: boolean): string {
  const text = fields.join(" ");
  return byName ? nameOrAddress(text) : bareAddress(text);
}

/** `From USER DATE`; a quoted user may hold blanks. */
export function readFromLine(header: Uint8Array): { user: string; date: string } {
  if (!startsWithFrom(header)) return { user: "", date: "" };
  const line = textBetween(header, 5, lineEnd(header, 0)).replace(/\r?\n$/, "");
  // What nearly all are.
  const plain = /^([^ \t"]+) ([A-Z][a-z].*)$/s.exec(line);
  if (plain !== null) return { user: plain[1] as string, date: plain[2] as string };
  const found = /^[ \t]*((?:"[^"]*"?|[^ \t"])*)[ \t]*(?:tty[^ \t]*[ \t]+)?(.*)$/s.exec(line);
  return { user: found?.[1] ?? "", date: found?.[2] ?? "" };
}

/** Lossless text of a range; that of ASCII without a copy of its bytes. */
function textBetween(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", start, end);
  return /[\x80-\xff]/.test(text) ? fromBytes(bytes.subarray(start, end)) : text;
}
