/** Formats a line of the header list for a terminal. The columns fit the window's width, and the subject is decoded. */
import { parseAddressField } from "../../message/address.ts";
import { nodeCharsets } from "../../message/charsets.ts";
import { decodeWords } from "../../message/decode-words.ts";
import { firstValue } from "../../message/field-values.ts";
import { parseHeader } from "../../message/header.ts";
import { namesAnother, trueName } from "../../message/lookalike.ts";
import { findDeclaredCharset } from "../../message/parameters.ts";
import { findSender } from "../../message/sender.ts";
import { cutToFit, fillColumns, widestWidth } from "../../terminal/display-width.ts";
import { formatCounts, headerTexts, statusMark } from "../header-list/header-line.ts";
import { bareSubject } from "../header-list/sort-columns.ts";
import { asciiTree, drawBranch, formatHidden, unicodeTree } from "../header-list/thread-lines.ts";
import type { HeaderLineParts, ListWindow, ThreadPosition } from "../session/session.ts";

interface Layout {
  readonly sender: number;
  /** The part of the From_ line's date that is shown. */
  readonly date: "full" | "day and time" | "day";
  readonly counts: boolean;
}

/** The minimum width, in columns, at which a threaded list shows the line and byte counts. */
const wideThreads = 100;
/** The minimum width of the subject, in columns, at which the number of hidden messages is not abbreviated. */
const roomForNote = 30;
/** The number of columns that the tree leaves for the subject, if possible. */
const leastSubject = 16;
/** The number of columns that is sufficient for any tree. */
const leastTree = 5;

/**
 * Returns the widths of the columns. In a window of 80 columns, the widths are the same as in bsd-mailx. In a wider
 * window, the sender and the subject share the additional width. In a narrow threaded list, the tree replaces the line
 * and byte counts.
 */
function layoutFor(columns: number, isThreaded: boolean): Layout {
  if (columns >= (isThreaded ? wideThreads : 72)) {
    const more = Math.min(Math.max(Math.floor((columns - 80) / 3), 0), 23);
    return { sender: 17 + more, date: "full", counts: true };
  }
  if (columns >= 54) return { sender: columns < 72 ? 17 : 20, date: "day and time", counts: false };
  return { sender: Math.max(Math.floor((columns - 14) / 2), 6), date: "day", counts: false };
}

/** Returns a header line that fits into the given number of columns, without a newline. */
export function fitHeaderLine(parts: HeaderLineParts, { columns, last, isUtf8 }: ListWindow): string {
  const layout = layoutFor(columns, parts.thread !== undefined);
  const { who, date, subject } = headerTexts(parts, "with blanks");
  const decode = (text: string) =>
    decodeWords(text, nodeCharsets, () => findDeclaredCharset(parseHeader(Buffer.from(parts.listed.text, "latin1"))));
  const fit = { ellipsis: isUtf8 ? "…" : "..." };
  const number = String(parts.number).padStart(Math.max(String(last).length, 3));
  const sender = toOneLine(revealHost(parts.byName ? revealAddress(who, parts.listed.text, decode) : decode(who)));
  const start =
    `${parts.current ? ">" : " "}${findMark(parts)}${number} ` +
    `${fillColumns(sender, layout.sender, fit)}${layout.counts ? "  " : " "}` +
    `${formatShownDate(toOneLine(date), layout.date)} ${layout.counts ? formatCounts(parts.counts) : ""}`;
  // A line that is too wide would wrap, so emoji are measured at the greatest width that any terminal gives them.
  const room = Math.max(columns - widestWidth(start), 0);
  const cut = { ...fit, measure: widestWidth };
  const text = toOneLine(decode(subject));
  if (parts.thread === undefined) return start + cutToFit(text, room, cut);
  return start + cutToFit(formatThreadedSubject(parts.thread, text, decode, { room, isUtf8 }), room, cut).trimEnd();
}

/** Returns the letter for a message's state, or `u` if the message itself has been read but hides unread replies. */
function findMark({ flags, thread }: HeaderLineParts): string {
  const mark = statusMark(flags);
  return mark === " " && (thread?.hidden.unread ?? 0) > 0 ? "u" : mark;
}

interface SubjectRoom {
  readonly room: number;
  readonly isUtf8: boolean;
}

/** Returns the tree, the number of hidden messages, and the subject if it differs from that of the message above. */
function formatThreadedSubject(
  { branch, hidden, subjectAbove }: ThreadPosition,
  subject: string,
  decode: (text: string) => string,
  { room, isUtf8 }: SubjectRoom,
): string {
  const isRepeated =
    subjectAbove !== undefined && bareSubject(toOneLine(decode(subjectAbove))) === bareSubject(subject);
  const note = room >= roomForNote || hidden.count === 0 ? formatHidden(hidden) : `[+${hidden.count}] `;
  const left = room - note.length - (isRepeated ? 0 : leastSubject);
  const drawn =
    branch === undefined ? "" : drawBranch(branch, isUtf8 ? unicodeTree : asciiTree, Math.max(left, leastTree));
  return `${drawn}${drawn === "" ? "" : " "}${note}${isRepeated ? "" : subject}`;
}

/** Returns a sender in which a deceptive host name, one that resembles another, is replaced by its ASCII form. */
function revealHost(who: string): string {
  const host = who.lastIndexOf("@") + 1;
  const really = host === 0 ? undefined : trueName(who.slice(host));
  return really === undefined ? who : who.slice(0, host) + really;
}

/**
 * Returns a sender's name, which may be in a comment. If the name contains a different address, returns the sender's
 * real address instead.
 */
function revealAddress(who: string, header: string, decode: (text: string) => string): string {
  const address = findSender(header, false);
  const isMissing = who === "" || who === address;
  const name = decode(isMissing ? parseAddressField(firstValue(header, "from") ?? "")[0]?.name || address : who);
  return namesAnother(name, address) ? address : name;
}

/** Replaces characters that would end the line or move the cursor. */
function toOneLine(text: string): string {
  return text.replace(/[\n\r\t\u2028\u2029]/g, (character) => {
    if (character === "\t") return " ";
    return character > "\r" ? " " : `^${String.fromCharCode(character.charCodeAt(0) + 0x40)}`;
  });
}

/**
 * Returns the date in the requested form: `Sat Jan 16 18:22:03 2021`, or any other text that a program has written in
 * place of a date.
 */
function formatShownDate(date: string, form: Layout["date"]): string {
  if (form === "full") return fillColumns(date.slice(0, 16), 16);
  const [, day = "", time = ""] = /^\w{3} (\w{3} [ \d]\d) (\d\d:\d\d)/.exec(date) ?? ["", date.slice(0, 6), ""];
  return form === "day" ? fillColumns(day, 6) : fillColumns(`${day} ${time}`, 12);
}
