/** Bytes that are read in pieces, so that a large message need not be in memory. */
export interface Bytes {
  readonly size: number;
  /** Returns bytes `start` (inclusive) to `end` (exclusive), both at most `size`. */
  read(start: number, end: number): Uint8Array;
}

const LF = 10;
const pieceSize = 1 << 20;

/** Returns a buffer as Bytes. */
export function bytesOf(buffer: Uint8Array): Bytes {
  return { size: buffer.length, read: (start, end) => buffer.subarray(start, end) };
}

/**
 * Yields a range in pieces that end with a newline. The last piece, and the pieces of a very long line, may lack the
 * newline.
 */
export function* linePieces(source: Bytes, start: number, end: number): Iterable<Buffer> {
  let waiting: Buffer = Buffer.alloc(0);
  for (let at = start; at < end; at += pieceSize) {
    const read = toBuffer(source.read(at, Math.min(at + pieceSize, end)));
    const piece = waiting.length === 0 ? read : Buffer.concat([waiting, read]);
    const cut = piece.lastIndexOf(LF) + 1;
    if (cut > 0 || piece.length > pieceSize * 2) {
      const whole = cut > 0 ? cut : betweenCodes(piece);
      yield piece.subarray(0, whole);
      waiting = piece.subarray(whole);
    } else waiting = piece;
  }
  if (waiting.length > 0) yield waiting;
}

/** Returns an offset near the end of a piece at which the piece can be split without dividing an `=XX`. */
function betweenCodes(piece: Buffer): number {
  const near = piece.length - 3;
  return near - (piece[near - 1] === 61 ? 1 : piece[near - 2] === 61 ? 2 : 0);
}

export interface FoundLine {
  readonly start: number;
  /** The offset after the line ending. */
  readonly next: number;
  /** The text after the marker, without the line ending. */
  readonly rest: string;
}

/** Yields the lines of a range that start with `marker`, each truncated to 200 bytes after the marker. */
export function* linesBeginning(source: Bytes, start: number, end: number, marker: Buffer): Iterable<FoundLine> {
  const lookAhead = marker.length + 200;
  for (let window = start; window < end; window += pieceSize) {
    const until = Math.min(window + pieceSize + lookAhead, end);
    // The preceding byte shows whether the marker starts a line.
    const from = Math.max(window - 1, start);
    const bytes = toBuffer(source.read(from, until));
    for (let at = bytes.indexOf(marker); at >= 0; at = bytes.indexOf(marker, at + 1)) {
      const found = from + at;
      if (found >= window + pieceSize) break;
      if (found < window || (found > start && bytes[at - 1] !== LF)) continue;
      const newline = bytes.indexOf(LF, at);
      const lineEnd = newline < 0 ? bytes.length : newline;
      const rest = bytes.toString("latin1", at + marker.length, Math.min(lineEnd, at + lookAhead)).replace(/\r$/, "");
      yield { start: found, next: newline < 0 ? until : from + newline + 1, rest };
    }
  }
}

/** Returns the same bytes as a Buffer without copying them. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
