/** One line of a header list, in bytes: a pure function of what the mailbox has. */

import { type Counts, Flag } from "../mailbox/mailbox.ts";
import { bareAddress, nameOrAddress } from "../message/bare-address.ts";
import { lineEnd, parseHeader, startsWithFrom } from "../message/header.ts";
import { byteLength, fromBytes, toBytes } from "../message/text.ts";

export interface HeaderLineParts {
  readonly number: number;
  readonly current: boolean;
  /** Bits of Flag. */
  readonly flags: number;
  readonly header: Uint8Array;
  readonly counts: Counts;
  /** `set show-rcpt`, `set showto`: the recipients in the place of a sender who is not, or who is, oneself. */
  readonly showRecipient: { readonly ofOthers: boolean; readonly ofOwn: boolean };
  /** `set showname`. */
  readonly byName: boolean;
  /** Put before the subject: whose answer it is. */
  readonly threadMark?: string;
  /** Senders that are oneself. */
  readonly own: readonly string[];
}

const width = 80;

/** @returns lossless text without a line end */
export function headerLine(parts: HeaderLineParts): string {
  const { who, date, subject } = headerTexts(parts);
  const { lines, characters } = parts.counts;
  const mark = `${parts.current ? ">" : " "}${statusMark(parts.flags)}${String(parts.number).padStart(3)} `;
  const size = `${String(lines).padStart(4)}/${String(characters).padEnd(5)} `;
  if (isPlain(who) && isPlain(date) && isPlain(subject)) {
    const start = `${mark}${who.slice(0, 17).padEnd(17)}  ${date.slice(0, 16).padStart(16)} ${size}`;
    return start + subject.slice(0, Math.max(width - start.length, 0));
  }
  const shownWho = who.startsWith("TO ") ? `TO ${cut(who.slice(3), 14)}` : cut(who, 17);
  const start = `${mark}${padEnd(shownWho, 17)}  ${padStart(cut(date, 16), 16)} ${size}`;
  return start + cut(subject, Math.max(width - (isPlain(start) ? start.length : byteLength(start)), 0));
}

/** What a line shows of a header, as it is written there. */
export function headerTexts(parts: HeaderLineParts): { who: string; date: string; subject: string } {
  const header = parseHeader(parts.header);
  const subjects = header.all("subject");
  const { byName, showRecipient, own } = parts;
  const sender = senderNamed(header.all("from"), header.all("sender"), () => fromLine(parts.header).user, byName);
  const mine = () => sender === "" || own.some((name) => name.toLowerCase() === sender.toLowerCase());
  const { ofOwn, ofOthers } = showRecipient;
  const shows = ofOwn === ofOthers ? ofOwn : mine() === ofOwn;
  const recipients = shows ? header.all("to") : [];
  return {
    who: recipients.length > 0 ? `TO ${shownOf(recipients, byName)}` : sender,
    date: fromLine(parts.header).date,
    subject: (parts.threadMark ?? "") + (subjects.length > 0 ? subjects : header.all("subj")).join(" "),
  };
}

/** To go to mbox, new, unread, held, saved, read: the first that applies. */
export function statusMark(flags: number): string {
  if (flags & Flag.ToMbox) return "M";
  if (!(flags & Flag.Read)) return flags & Flag.New ? "N" : "U";
  if (flags & Flag.Preserved) return "P";
  return flags & Flag.Saved ? "*" : " ";
}

/**
 * The address in From, else in Sender, else the user of the From_ line; of a path of hosts, `a!b!c`, the last two.
 *
 * @param byName the name there, where it has one
 */
export function senderNamed(
  from: readonly string[],
  sender: readonly string[],
  envelopeUser: () => string,
  byName: boolean,
): string {
  const named = from.length > 0 ? from : sender;
  const address = shownOf(named.length > 0 ? named : [envelopeUser()], byName);
  return address.replace(/^.*!(?=[^!]*![^!]*$)/s, "");
}

function shownOf(fields: readonly string[], byName: boolean): string {
  const text = fields.join(" ");
  return byName ? nameOrAddress(text) : bareAddress(text);
}

/** `From USER DATE`; a quoted user may hold blanks. */
export function fromLine(header: Uint8Array): { user: string; date: string } {
  if (!startsWithFrom(header)) return { user: "", date: "" };
  const line = textOf(header, 5, lineEnd(header, 0)).replace(/\r?\n$/, "");
  // What nearly all are.
  const plain = /^([^ \t"]+) ([A-Z][a-z].*)$/s.exec(line);
  if (plain !== null) return { user: plain[1] as string, date: plain[2] as string };
  const found = /^[ \t]*((?:"[^"]*"?|[^ \t"])*)[ \t]*(?:tty[^ \t]*[ \t]+)?(.*)$/s.exec(line);
  return { user: found?.[1] ?? "", date: found?.[2] ?? "" };
}

/** Lossless text of a range; that of ASCII without a copy of its bytes. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", start, end);
  return /[\x80-\xff]/.test(text) ? fromBytes(bytes.subarray(start, end)) : text;
}

/**
 * Controls as bsd-mailx writes them in header lines, in a pipe too: ^X, and M^X for those above 127. Bell, backspace, tab
 * and carriage return stay; a terminal shows them in its own way.
 */
function withoutControls(text: string): string {
  return text.replace(/[\x00-\x06\n\x0b\x0c\x0e-\x1f\x7f-\x9f\udc80-\udc9f]/g, (character) => {
    const code = character.charCodeAt(0) & 0xff;
    return `${code > 127 ? "M" : ""}^${String.fromCharCode((code & 0x7f) ^ 0x40)}`;
  });
}

/** At most so many bytes; a character that does not fit whole is left out. */
function cut(text: string, bytes: number): string {
  if (isPlain(text)) return text.slice(0, bytes);
  let used = 0;
  let kept = "";
  // A line with a NUL byte ends there for bsd-mailx.
  for (const character of withoutControls(text.replace(/\0.*/s, ""))) {
    used += toBytes(character).length;
    if (used > bytes) break;
    kept += character;
  }
  return kept;
}

/** Printable ASCII: as many bytes as characters. */
function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

function padEnd(text: string, bytes: number): string {
  return isPlain(text) ? text.padEnd(bytes) : text + " ".repeat(Math.max(bytes - byteLength(text), 0));
}

function padStart(text: string, bytes: number): string {
  return isPlain(text) ? text.padStart(bytes) : " ".repeat(Math.max(bytes - byteLength(text), 0)) + text;
}
