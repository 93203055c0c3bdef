/**
 * Finds the Status field among the fields that were removed when an overlong header was truncated (header-bytes.ts).
 */
import type { ByteRange, StoredMessages } from "./mailbox.ts";

type MessageBytes = Pick<StoredMessages, "read" | "size">;

const pieceSize = 1 << 20;
/** Number of bytes, from the start of a line, that suffice to recognize the field. */
const told = "status :".length;

/**
 * Finds a Status field after the point at which a header was truncated.
 *
 * @param start the offset, within the message, of the first removed field
 * @returns the range of the field with its folded lines and their newlines; undefined if there is none
 */
export function farStatus(stored: MessageBytes, message: number, start: number): ByteRange | undefined {
  let found: number | undefined;
  for (const { at, text } of readLines(stored, message, start)) {
    if (found !== undefined) {
      if (!/^[ \t]/.test(text)) return { start: found, end: at };
    } else if (/^\r?\n/.test(text)) return undefined;
    else if (/^status[ \t]?:/i.test(text)) found = at;
  }
  return found === undefined ? undefined : { start: found, end: stored.size(message) };
}

/** Yields each line's offset and first bytes. */
function* readLines(stored: MessageBytes, message: number, start: number): Iterable<{ at: number; text: string }> {
  const size = stored.size(message);
  let isWithin = false;
  for (let at = start; at < size; ) {
    const bytes = stored.read(message, at, Math.min(size, at + pieceSize));
    const isLast = at + bytes.length >= size;
    let line: number = isWithin ? findLineEnd(bytes, 0) : 0;
    while (line < bytes.length && (isLast || line + told <= bytes.length)) {
      yield { at: at + line, text: bytes.toString("latin1", line, line + told) };
      line = findLineEnd(bytes, line);
    }
    isWithin = line === bytes.length && bytes[line - 1] !== 10;
    at += line;
  }
}

function findLineEnd(bytes: Buffer, start: number): number {
  const end = bytes.indexOf(10, start);
  return end < 0 ? bytes.length : end + 1;
}
