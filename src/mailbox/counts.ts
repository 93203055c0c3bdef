import { countLineFeeds } from "./line-buffer.ts";
import type { Counts } from "./mailbox.ts";

/**
 * Counts the lines and bytes of a message as stored. The CRs of CRLF newlines are not counted; a last line without a
 * newline is counted.
 */
export function countsOf(pieces: Iterable<Buffer>): Counts {
  let lines = 0;
  let characters = 0;
  let before = 10;
  const cut = new CutLines();
  for (const piece of pieces) {
    characters += piece.length - cut.lostIn(piece);
    lines += countLineFeeds(piece);
    if (before === 13 || piece.includes(13)) characters -= carriageReturns(piece, before);
    before = piece[piece.length - 1] ?? before;
  }
  return { lines: before === 10 ? lines : lines + 1, characters };
}

/** Returns the number of CRs that precede an LF. */
function carriageReturns(bytes: Buffer, before: number): number {
  let found = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if ((at === 0 ? before : bytes[at - 1]) === 13) found++;
  }
  return found;
}

/**
 * Finds bytes that are stored but not counted: in a line with a NUL byte, bsd-mailx counts only the bytes before the
 * NUL.
 */
class CutLines {
  #inCut = false;

  /** Returns how many bytes of the next piece are excluded from the count. */
  lostIn(piece: Buffer): number {
    if (!this.#inCut && !piece.includes(0)) return 0;
    let lost = 0;
    for (let at = 0; at < piece.length; ) {
      if (!this.#inCut) {
        const nul = piece.indexOf(0, at);
        if (nul < 0) break;
        at = nul;
      }
      const newline = piece.indexOf(10, at);
      const end = newline < 0 ? piece.length : newline + 1;
      lost += end - at;
      this.#inCut = newline < 0;
      at = end;
    }
    return lost;
  }
}
