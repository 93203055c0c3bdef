/** Formats one line of a header list, from a message's header and state. */

import { type Counts, Flag } from "../../mailbox/mailbox.ts";
import { type FieldNames, fieldValues } from "../../message/field-values.ts";
import {
  addressToShow,
  findSender,
  parseEnvelope,
  parseFromLine,
  readEnvelope,
  readFromLine,
  senderToShow,
} from "../../message/sender.ts";
import { byteLength, toBytes } from "../../message/text.ts";
import type { HeaderLineParts } from "../session/session.ts";
import { formatPlainPosition } from "./thread-lines.ts";

const width = 80;

/** Returns a header line as lossless text (message/text.ts), without a newline. */
export function headerLine(parts: HeaderLineParts): string {
  const { who, date, subject: ownSubject } = headerTexts(parts, "without blanks");
  const subject = formatPlainPosition(parts.thread) + ownSubject;
  const mark = `${parts.current ? ">" : " "}${statusMark(parts.flags)}${String(parts.number).padStart(3)} `;
  const size = formatCounts(parts.counts);
  const asciiStart = `${mark}${who.slice(0, 17).padEnd(17)}  ${date.slice(0, 16).padStart(16)} ${size}`;
  const asciiLine = asciiStart + subject.slice(0, Math.max(width - asciiStart.length, 0));
  if (isPlainAscii(asciiLine)) return asciiLine;
  const shownWho = who.startsWith("TO ") ? `TO ${cutText(who.slice(3), 14)}` : cutText(who, 17);
  const start = `${mark}${padEnd(shownWho, 17)}  ${padStart(cutText(date, 16), 16)} ${size}`;
  return start + cutText(subject, Math.max(width - (isPlainAscii(start) ? start.length : byteLength(start)), 0));
}

/**
 * Returns the number of lines and the number of characters in a message, or only the latter if the number of lines is
 * unknown.
 */
export function formatCounts({ lines, characters }: Counts): string {
  const start = lines === undefined ? "     " : `${String(lines).padStart(4)}/`;
  return `${start}${String(characters).padEnd(5)} `;
}

/** Returns the undecoded person, date and subject for a header line. */
export function headerTexts(parts: HeaderLineParts, names: FieldNames): { who: string; date: string; subject: string } {
  const { listed, byName, showRecipient, own } = parts;
  const { facts } = listed;
  const subjects = facts?.subject ?? fieldValues(listed.text, "subject", names);
  const from = facts?.from ?? [];
  const sender = from.length > 0 ? senderToShow(from, byName) : findSender(listed.text, byName, names);
  const mine = () => sender === "" || own.some((name) => name.toLowerCase() === sender.toLowerCase());
  const { ofOwn, ofOthers } = showRecipient;
  const shows = ofOwn === ofOthers ? ofOwn : mine() === ofOwn;
  const recipients = shows ? (facts?.to ?? fieldValues(listed.text, "to", names)) : [];
  const envelope = facts?.envelope;
  const hasBlanks = names === "with blanks";
  const { date } =
    envelope === undefined
      ? (hasBlanks ? readEnvelope : readFromLine)(listed.text)
      : (hasBlanks ? parseEnvelope : parseFromLine)(envelope);
  return {
    who: recipients.length > 0 ? `TO ${addressToShow(recipients, byName)}` : sender,
    date,
    subject: (subjects.length > 0 ? subjects : fieldValues(listed.text, "subj", names)).join(" "),
  };
}

/**
 * Returns the letter for a message's state. The first state that applies determines the letter: to be moved to mbox,
 * new, unread, held, saved, read.
 */
export function statusMark(flags: number): string {
  if (flags & Flag.ToMbox) return "M";
  if (!(flags & Flag.Read)) return flags & Flag.New ? "N" : "U";
  if (flags & Flag.Preserved) return "P";
  return flags & Flag.Saved ? "*" : " ";
}

/**
 * Replaces control characters with ^X, or with M^X if they are above 127, as bsd-mailx does in header lines even if the
 * output is a pipe. Bell, backspace, tab and carriage return are not replaced here; the terminal module makes them
 * visible.
 */
function withoutControls(text: string): string {
  return text.replace(/[\x00-\x06\n\x0b\x0c\x0e-\x1f\x7f-\x9f\udc80-\udc9f]/g, (character) => {
    const code = character.charCodeAt(0) & 0xff;
    return `${code > 127 ? "M" : ""}^${String.fromCharCode((code & 0x7f) ^ 0x40)}`;
  });
}

/** Truncates a string to the given number of bytes, without splitting a character. */
function cutText(text: string, bytes: number): string {
  if (isPlainAscii(text)) return text.slice(0, bytes);
  let used = 0;
  let kept = "";
  // As in bsd-mailx, a NUL byte ends the line.
  for (const character of withoutControls(text.replace(/\0.*/s, ""))) {
    used += toBytes(character).length;
    if (used > bytes) break;
    kept += character;
  }
  return kept;
}

/** Returns whether a string is printable ASCII, which has one byte per character. */
function isPlainAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

function padEnd(text: string, bytes: number): string {
  return isPlainAscii(text) ? text.padEnd(bytes) : text + " ".repeat(Math.max(bytes - byteLength(text), 0));
}

function padStart(text: string, bytes: number): string {
  return isPlainAscii(text) ? text.padStart(bytes) : " ".repeat(Math.max(bytes - byteLength(text), 0)) + text;
}
