const from = Buffer.from("From ");
const LF = 10;

/**
 * Puts `>` before each line that begins with `From `, so that it will not be taken for the start of a message.
 *
 * @param pieces a text in pieces, cut anywhere; it begins at a line's beginning
 */
export function* quoteFromLines(pieces: Iterable<Uint8Array>): Iterable<Uint8Array> {
  let before = LF;
  let held: Buffer = Buffer.alloc(0);
  for (const piece of pieces) {
    const bytes =
      held.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.length) : Buffer.concat([held, piece]);
    // What may be the beginning of such a line waits for the next piece.
    const end = bytes.length - unfinished(bytes, before);
    // Copied: the piece is only good until the next.
    held = end < bytes.length ? Buffer.from(bytes.subarray(end)) : Buffer.alloc(0);
    let start = 0;
    for (let at = bytes.indexOf(from); at >= 0 && at < end; at = bytes.indexOf(from, at + 1)) {
      if ((at === 0 ? before : bytes[at - 1]) !== LF) continue;
      yield bytes.subarray(start, at);
      yield Buffer.from(">");
      start = at;
    }
    if (end > start) yield bytes.subarray(start, end);
    if (end > 0) before = bytes[end - 1] as number;
  }
  if (held.length > 0) yield held;
}

/** How many bytes at the end are a line's beginning and agree with `From `, without being all of it. */
function unfinished(bytes: Buffer, before: number): number {
  for (let length = Math.min(from.length - 1, bytes.length); length > 0; length--) {
    const start = bytes.length - length;
    const atLineStart = (start === 0 ? before : bytes[start - 1]) === LF;
    if (atLineStart && bytes.subarray(start).equals(from.subarray(0, length))) return length;
  }
  return 0;
}
