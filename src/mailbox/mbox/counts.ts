import type { Counts } from "../mailbox.ts";

/** Lines and bytes of a message as stored; CRs of CRLF line ends don't count, a last line without its end does. */
export function countsOf(pieces: Iterable<Buffer>): Counts {
  let lines = 0;
  let characters = 0;
  let before = 10;
  const cut = new CutLines();
  for (const piece of pieces) {
    characters += piece.length - cut.lostIn(piece);
    const hasReturns = before === 13 || piece.includes(13);
    for (let i = 0; i < piece.length; i++) {
      if (piece[i] !== 10) continue;
      lines++;
      if (hasReturns && (i === 0 ? before : piece[i - 1]) === 13) characters--;
    }
    before = piece[piece.length - 1] ?? before;
  }
  return { lines: before === 10 ? lines : lines + 1, characters };
}

/** Lines with a NUL byte count up to it, as in bsd-mailx, though all of their bytes are kept. */
class CutLines {
  #inCut = false;

  /** @returns how many bytes of the next piece don't count */
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
