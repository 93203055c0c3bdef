/**
 * Defines the marks that a session sets or removes. An mbox stores them in X-Status, as mutt and Dovecot do. A Maildir
 * stores them in file names.
 */
import { Flag } from "./mailbox.ts";
import { headerFields } from "./stored-header.ts";

interface Mark {
  readonly set: number;
  readonly clear: number;
  readonly xStatus: string;
  readonly maildir: string;
}

const marks: readonly Mark[] = [
  { set: Flag.Flagged, clear: Flag.Unflagged, xStatus: "F", maildir: "F" },
  { set: Flag.Answered, clear: Flag.Unanswered, xStatus: "A", maildir: "R" },
  { set: Flag.Draft, clear: Flag.NotDraft, xStatus: "T", maildir: "D" },
  // X-Status cannot express this mark.
  { set: Flag.Forwarded, clear: 0, xStatus: "", maildir: "P" },
];

/** The bits of Flag that set or remove a mark. */
export const markBits = marks.reduce((bits, { set, clear }) => bits | set | clear, 0);

/** Returns the letters that the session adds, and the letters that it removes. */
export function splitLetterChanges(flags: number, form: "xStatus" | "maildir"): { put: string; take: string } {
  const lettersWith = (bit: "set" | "clear") =>
    marks.map((mark) => ((flags & mark[bit]) !== 0 ? mark[form] : "")).join("");
  return { put: lettersWith("set"), take: lettersWith("clear") };
}

/** Applies the session's changes to the letters of X-Status or of a file's name, and returns the result. */
export function changeLetters(letters: string, flags: number, form: "xStatus" | "maildir"): string {
  if ((flags & markBits) === 0) return letters;
  const { put, take } = splitLetterChanges(flags, form);
  return [...new Set(letters + put)].filter((letter) => !take.includes(letter)).join("");
}

/**
 * Returns a header whose X-Status field contains the session's marks. The field replaces the first existing X-Status
 * field. If there is none, the new field is added after the last field. An empty field is removed.
 *
 * @param header the stored header, from the From_ line to the empty line; its newlines, LF or CRLF, are kept
 */
export function withMarks(header: Buffer, flags: number): Buffer {
  if ((flags & markBits) === 0) return header;
  const { fromLine, fields, rest } = headerFields(header.toString("latin1"));
  const isXStatus = ({ name }: { readonly name: string }) => name === "x-status";
  const before = fields
    .filter(isXStatus)
    .map(({ text }) => text.slice(text.indexOf(":") + 1).trim())
    .join("");
  const letters = changeLetters(before, flags, "xStatus");
  if (letters === before) return header;
  const lineEnd = fromLine.endsWith("\r\n") ? "\r\n" : "\n";
  const ours = letters === "" ? "" : `X-Status: ${letters}${lineEnd}`;
  const place = fields.findIndex(isXStatus);
  const written = fields.map((field, index) => (index === place ? ours : isXStatus(field) ? "" : field.text));
  return Buffer.from(fromLine + written.join("") + (place < 0 ? ours : "") + rest, "latin1");
}
