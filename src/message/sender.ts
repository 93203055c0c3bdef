/** Finds the sender of a message for header lists, searches and replies. */
import { parseAddressField } from "./address.ts";
import { bareAddress, nameOrAddress } from "./bare-address.ts";
import { lineEnd, startsWithFrom } from "./header.ts";
import { decodeBytes } from "./text.ts";

/**
 * Returns the address in From, or else in Sender, or else the user in the From_ line. A path of hosts is shortened to
 * its last two elements: `b!c` for `a!b!c`.
 *
 * @param byName whether to return the display name, if there is one
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

/** Returns a sender as shown in a header list: the address or, if `byName` is true, the name. */
export function addressToShow(fields: readonly string[], byName: boolean): string {
  const text = fields.join(" ");
  return byName ? nameOrAddress(text) : bareAddress(text);
}

/** Parses `From USER DATE`. A quoted user name may contain spaces. */
export function readFromLine(header: Uint8Array): { user: string; date: string } {
  if (!startsWithFrom(header)) return { user: "", date: "" };
  const line = textBetween(header, 5, lineEnd(header, 0)).replace(/\r?\n$/, "");
  // Most From_ lines have this form.
  const plain = /^([^ \t"]+) ([A-Z][a-z].*)$/s.exec(line);
  if (plain !== null) return { user: plain[1] as string, date: plain[2] as string };
  const found = /^[ \t]*((?:"[^"]*"?|[^ \t"])*)[ \t]*(?:tty[^ \t]*[ \t]+)?(.*)$/s.exec(line);
  return { user: found?.[1] ?? "", date: found?.[2] ?? "" };
}

/**
 * Parses a From_ line like readFromLine, but also accepts a user name that contains spaces, as in mailing list archives:
 * `From ann at example.org  Wed Feb  1 19:06:09 2006`.
 */
export function readEnvelope(header: Uint8Array): { user: string; date: string } {
  const plain = readFromLine(header);
  if (!/^[^A-Z]/.test(plain.date)) return plain;
  const found = /^(\S.*?)[ \t]+((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?[ \t].*)$/s.exec(`${plain.user} ${plain.date}`);
  if (found === null) return plain;
  const [, user = "", date = ""] = found;
  return { user: parseAddressField(user)[0]?.address ?? plain.user, date };
}

/** Returns the lossless text of a range. ASCII bytes are not copied. */
function textBetween(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", start, end);
  return /[\x80-\xff]/.test(text) ? decodeBytes(bytes.subarray(start, end)) : text;
}
