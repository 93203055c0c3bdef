/** Formats a line of the header list for a terminal: the columns fit the window's width, and the subject is decoded. */
import type { Counts } from "../../mailbox/mailbox.ts";
import { nodeCharsets } from "../../message/charsets.ts";
import { decodeWords } from "../../message/decode-words.ts";
import { parseHeader } from "../../message/header.ts";
import { trueName } from "../../message/lookalike.ts";
import { findDeclaredCharset } from "../../message/parameters.ts";
import { cutToFit, displayWidth, fillColumns } from "../../terminal/display-width.ts";
import { headerTexts, statusMark } from "../header-list/header-line.ts";
import type { HeaderLineParts, ListWindow } from "../session/session.ts";

interface Layout {
  readonly sender: number;
  /** The part of the From_ line's date that is shown. */
  readonly date: "full" | "day and time" | "day";
  readonly counts: boolean;
}

/**
 * Returns the widths for a window. At 80 columns they are the same as in bsd-mailx; additional columns are shared
 * between the sender and the subject.
 */
function layoutFor(columns: number): Layout {
  if (columns >= 72) {
    const more = Math.min(Math.max(Math.floor((columns - 80) / 3), 0), 23);
    return { sender: 17 + more, date: "full", counts: true };
  }
  if (columns >= 54) return { sender: 17, date: "day and time", counts: false };
  return { sender: Math.max(Math.floor((columns - 14) / 2), 6), date: "day", counts: false };
}

/** Returns a header line that fits into the given number of columns, without a newline. */
export function fitHeaderLine(parts: HeaderLineParts, { columns, last }: ListWindow): string {
  const layout = layoutFor(columns);
  const { who, date, subject } = headerTexts(parts, "with blanks");
  const decode = (text: string) =>
    decodeWords(text, nodeCharsets, () => findDeclaredCharset(parseHeader(Buffer.from(parts.header, "latin1"))));
  const number = String(parts.number).padStart(Math.max(String(last).length, 3));
  const start =
    `${parts.current ? ">" : " "}${statusMark(parts.flags)}${number} ` +
    `${fillColumns(toOneLine(revealHost(decode(who))), layout.sender)}${layout.counts ? "  " : " "}` +
    `${formatShownDate(toOneLine(date), layout.date)} ${layout.counts ? formatShownCounts(parts.counts) : ""}`;
  return start + cutToFit(toOneLine(decode(subject)), Math.max(columns - displayWidth(start), 0));
}

/** Returns a sender in which a deceptive host name, one that resembles another, is replaced by its ASCII form. */
function revealHost(who: string): string {
  const host = who.lastIndexOf("@") + 1;
  const really = host === 0 ? undefined : trueName(who.slice(host));
  return really === undefined ? who : who.slice(0, host) + really;
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

function formatShownCounts({ lines, characters }: Counts): string {
  return `${String(lines).padStart(4)}/${String(characters).padEnd(5)} `;
}
