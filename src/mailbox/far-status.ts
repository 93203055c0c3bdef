/** The Status field among the fields that were cut off from a header (header-bytes.ts). */
import type { Mailbox } from "./mailbox.ts";

type MessageBytes = Pick<Mailbox, "read" | "size">;

const pieceSize = 1 << 20;
/** Bytes of a line that tell whether it is the field. */
const told = "status :".length;

/**
 * @param start where the fields begin that were cut off, in bytes from the message's beginning
 * @returns where it stands, with its folded lines and their ends; undefined where there is none
 */
export function farStatus(
  mailbox: MessageBytes,
  message: number,
  start: number,
): { readonly start: number; readonly end: number } | undefined {
  let found: number | undefined;
  for (const { at, text } of readLines(mailbox, message, start)) {
    if (found !== undefined) {
      if (!/^[ \t]/.test(text)) return { start: found, end: at };
    } else if (/^\r?\n/.test(text)) return undefined;
    else if (/^status[ \t]?:/i.test(text)) found = at;
  }
  return found === undefined ? undefined : { start: found, end: mailbox.size(message) };
}

/** Where each line begins, and its first bytes. */
function* readLines(mailbox: MessageBytes, message: number, start: number): Iterable<{ at: number; text: string }> {
  const size = mailbox.size(message);
  let isWithin = false;
  for (let at = start; at < size; ) {
    const bytes = mailbox.read(message, at, Math.min(size, at + pieceSize));
    const isLast = at + bytes.length >= size;
    let line: number = isWithin ? behindLine(bytes, 0) : 0;
    while (line < bytes.length && (isLast || line + told <= bytes.length)) {
      yield { at: at + line, text: bytes.toString("latin1", line, line + told) };
      line = behindLine(bytes, line);
    }
    isWithin = line === bytes.length && bytes[line - 1] !== 10;
    at += line;
  }
}

function behindLine(bytes: Buffer, start: number): number {
  const end = bytes.indexOf(10, start);
  return end < 0 ? bytes.length : end + 1;
}
