/** Bytes that are read piece by piece, so that a message need not be in memory to be looked into. */
export interface Bytes {
  readonly size: number;
  /** Bytes `start` (inclusive) to `end` (exclusive), both within the size. */
  read(start: number, end: number): Uint8Array;
}

const LF = 10;
const pieceSize = 1 << 20;

/** Returns a view of a buffer for the readers of this folder. */
export function bytesOf(buffer: Uint8Array): Bytes {
  return { size: buffer.length, read: (start, end) => buffer.subarray(start, end) };
}

/** Yields a stretch in pieces that end with a line, but for lines longer than a piece and the last one. */
export function* linePieces(source: Bytes, start: number, end: number): Iterable<Buffer> {
  let waiting: Buffer = Buffer.alloc(0);
  for (let at = start; at < end; at += pieceSize) {
    const read = asBuffer(source.read(at, Math.min(at + pieceSize, end)));
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

/** An offset near the end of a line without end that is in no `=XX`. */
function betweenCodes(piece: Buffer): number {
  const near = piece.length - 3;
  return near - (piece[near - 1] === 61 ? 1 : piece[near - 2] === 61 ? 2 : 0);
}

export interface FoundLine {
  readonly start: number;
  /** Behind its line end. */
  readonly next: number;
  /** What stands behind the marker, without the line end. */
  readonly rest: string;
}

/** Yields the lines of a stretch that begin with `marker`, and of them at most 200 bytes. */
export function* linesBeginning(source: Bytes, start: number, end: number, marker: Buffer): Iterable<FoundLine> {
  const lookAhead = marker.length + 200;
  for (let window = start; window < end; window += pieceSize) {
    const until = Math.min(window + pieceSize + lookAhead, end);
    // One byte before, to see whether a marker is at the start of a line.
    const from = Math.max(window - 1, start);
    const bytes = asBuffer(source.read(from, until));
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

/** Returns bytes as a Buffer without copying them if possible. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
