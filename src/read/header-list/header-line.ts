/** One line of a header list, in bytes: a pure function of what the mailbox has. */

import { Flag } from "../../mailbox/mailbox.ts";
import { parseHeader } from "../../message/header.ts";
import { addressToShow, findSender, readFromLine } from "../../message/sender.ts";
import { byteLength, toBytes } from "../../message/text.ts";
import type { HeaderLineParts } from "../session/session.ts";

const width = 80;

/** Returns lossless text without a line end */
export function headerLine(parts: HeaderLineParts): string {
  const { who, date, subject } = headerTexts(parts);
  const { lines, characters } = parts.counts;
  const mark = `${parts.current ? ">" : " "}${statusMark(parts.flags)}${String(parts.number).padStart(3)} `;
  const size = `${String(lines).padStart(4)}/${String(characters).padEnd(5)} `;
  if (isPlainAscii(who) && isPlainAscii(date) && isPlainAscii(subject)) {
    const start = `${mark}${who.slice(0, 17).padEnd(17)}  ${date.slice(0, 16).padStart(16)} ${size}`;
    return start + subject.slice(0, Math.max(width - start.length, 0));
  }
  const shownWho = who.startsWith("TO ") ? `TO ${cutText(who.slice(3), 14)}` : cutText(who, 17);
  const start = `${mark}${padEnd(shownWho, 17)}  ${padStart(cutText(date, 16), 16)} ${size}`;
  return start + cutText(subject, Math.max(width - (isPlainAscii(start) ? start.length : byteLength(start)), 0));
}

/** What a line shows of a header, as it is written there. */
export function headerTexts(parts: HeaderLineParts): { who: string; date: string; subject: string } {
  const header = parseHeader(parts.header);
  const subjects = header.all("subject");
  const { byName, showRecipient, own } = parts;
  const sender = findSender(header.all("from"), header.all("sender"), () => readFromLine(parts.header).user, byName);
  const mine = () => sender === "" || own.some((name) => name.toLowerCase() === sender.toLowerCase());
  const { ofOwn, ofOthers } = showRecipient;
  const shows = ofOwn === ofOthers ? ofOwn : mine() === ofOwn;
  const recipients = shows ? header.all("to") : [];
  return {
    who: recipients.length > 0 ? `TO ${addressToShow(recipients, byName)}` : sender,
    date: readFromLine(parts.header).date,
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
function cutText(text: string, bytes: number): string {
  if (isPlainAscii(text)) return text.slice(0, bytes);
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
function isPlainAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

function padEnd(text: string, bytes: number): string {
  return isPlainAscii(text) ? text.padEnd(bytes) : text + " ".repeat(Math.max(bytes - byteLength(text), 0));
}

function padStart(text: string, bytes: number): string {
  return isPlainAscii(text) ? text.padStart(bytes) : " ".repeat(Math.max(bytes - byteLength(text), 0)) + text;
}
