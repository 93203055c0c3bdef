/** Finds the sender of a message for header lists, searches and replies. */
import { parseAddressField } from "./address.ts";
import { bareAddress, nameOrAddress } from "./bare-address.ts";
import { type FieldNames, fieldValues } from "./field-values.ts";
import { decodeBytes } from "./text.ts";

/**
 * Returns the address in From, or else in Sender, or else the user in the From_ line. A path of hosts is shortened to
 * its last two elements: `b!c` for `a!b!c`.
 *
 * @param header one character per byte ("latin1")
 * @param byName whether to return the display name, if there is one
 */
export function findSender(header: string, byName: boolean, names: FieldNames = "with blanks"): string {
  const from = fieldValues(header, "from", names);
  const fields = from.length > 0 ? from : fieldValues(header, "sender", names);
  if (fields.length > 0) return senderToShow(fields, byName);
  return senderToShow([(names === "with blanks" ? readEnvelope : readFromLine)(header).user], byName);
}

/** Returns the sender named by the values of a From field, as `findSender` does. */
export function senderToShow(from: readonly string[], byName: boolean): string {
  const address = addressToShow(from, byName);
  return address.includes("!") ? address.replace(/^.*!(?=[^!]*![^!]*$)/s, "") : address;
}

/** Returns a sender as shown in a header list: the address or, if `byName` is true, the name. */
export function addressToShow(fields: readonly string[], byName: boolean): string {
  const text = fields.join(" ");
  return byName ? nameOrAddress(text) : bareAddress(text);
}

/** The user and the date in a From_ line, as lossless text (text.ts). */
interface Envelope {
  readonly user: string;
  readonly date: string;
}

/**
 * Parses `From USER DATE`. A quoted user name may contain spaces.
 *
 * @param header a header that begins with this line, one character per byte ("latin1")
 */
export function readFromLine(header: string): Envelope {
  return parseFromLine(textOfFromLine(header));
}

/**
 * Parses a From_ line as readFromLine does, but also accepts a user name that contains spaces, as in mailing list
 * archives: `From ann at example.org  Wed Feb  1 19:06:09 2006`.
 */
export function readEnvelope(header: string): Envelope {
  return parseEnvelope(textOfFromLine(header));
}

/** Returns the From_ line without `From ` as lossless text; an empty string if the header has no From_ line. */
function textOfFromLine(header: string): string {
  if (!header.startsWith("From ")) return "";
  const newline = header.indexOf("\n");
  const stored = header.slice(5, newline < 0 ? header.length : header[newline - 1] === "\r" ? newline - 1 : newline);
  return /[\x80-\xff]/.test(stored) ? decodeBytes(Buffer.from(stored, "latin1")) : stored;
}

/** Parses a From_ line as readFromLine does. @param line lossless text without `From ` */
export function parseFromLine(line: string): Envelope {
  // Most From_ lines have this form.
  if (/^[^ \t"]+ [A-Z][a-z]/.test(line)) {
    const space = line.indexOf(" ");
    return { user: line.slice(0, space), date: line.slice(space + 1) };
  }
  const found = /^[ \t]*((?:"[^"]*"?|[^ \t"])*)[ \t]*(?:tty[^ \t]*[ \t]+)?(.*)$/s.exec(line);
  return { user: found?.[1] ?? "", date: found?.[2] ?? "" };
}

/** Parses a From_ line as readEnvelope does. @param line lossless text without `From ` */
export function parseEnvelope(line: string): Envelope {
  const plain = parseFromLine(line);
  if (!/^[^A-Z]/.test(plain.date)) return plain;
  const found = /^(\S.*?)[ \t]+((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?[ \t].*)$/s.exec(`${plain.user} ${plain.date}`);
  if (found === null) return plain;
  const [, user = "", date = ""] = found;
  return { user: parseAddressField(user)[0]?.address ?? plain.user, date };
}
