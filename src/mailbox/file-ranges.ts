/** Reads and writes complete ranges of a file, and repeats system calls until all bytes have been transferred. */
import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";

const pieceSize = 1 << 20;
const largePieceSize = 4 << 20;

/**
 * Fills `bytes` from a position in the file.
 *
 * @returns the number of bytes read, less than requested only at the end of the file
 */
export function readInto(descriptor: number, bytes: Uint8Array, position: number): number {
  let filled = 0;
  while (filled < bytes.length) {
    const length = readSync(descriptor, bytes, filled, bytes.length - filled, position + filled);
    if (length === 0) break;
    filled += length;
  }
  return filled;
}

/** Reads bytes `start` to `end` of a file; fewer if the file is shorter. */
export function readRange(descriptor: number, start: number, end: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, end - start));
  return bytes.subarray(0, readInto(descriptor, bytes, start));
}

/** Yields a range of a file in pieces. Each piece has its own buffer, so the caller may keep it. */
export function* readPieces(descriptor: number, start: number, end: number): Iterable<Buffer> {
  for (let at = start; at < end; at += pieceSize) {
    const piece = readRange(descriptor, at, Math.min(end, at + pieceSize));
    if (piece.length === 0) return;
    yield piece;
  }
}

/** Yields a range of a file in larger pieces that share a buffer. Each piece is valid until the next one is requested. */
export function* copyPieces(
  descriptor: number,
  start: number,
  end: number,
  pieceSize = largePieceSize,
): Iterable<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(pieceSize, Math.max(0, end - start)));
  for (let at = start; at < end; at += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, end - at));
    const length = readInto(descriptor, piece, at);
    if (length > 0) yield piece.subarray(0, length);
    if (length < piece.length) return;
  }
}

/** Yields the pieces of each part in turn. */
export function* concatenatePieces(parts: Iterable<Iterable<Uint8Array>>): Iterable<Uint8Array> {
  for (const pieces of parts) yield* pieces;
}

/** Writes all bytes to a file at a position. @throws a system error */
export function writeAll(descriptor: number, bytes: Uint8Array, position: number): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(descriptor, bytes, written, bytes.length - written, position + written);
  }
}

/**
 * A callback that is called before each write. `end` is the offset after the bytes; `isLast` is true if the bytes are
 * known to be the last.
 */
type Before = (end: number, bytes: Uint8Array, isLast: boolean) => void;

/**
 * Writes pieces one after the other. Small pieces are combined, so that a hundred thousand messages do not need two
 * hundred thousand system calls.
 *
 * @returns the position after the last byte
 */
export function writePieces(
  descriptor: number,
  pieces: Iterable<Uint8Array>,
  position: number,
  before?: Before,
): number {
  let at = position;
  for (const end of writeStepwise(descriptor, pieces, position, before)) at = end;
  return at;
}

/**
 * Writes pieces as `writePieces` does, but stops if a signal is given and is aborted.
 *
 * @throws the signal's reason; some bytes may have been written
 */
export async function writePiecesUnless(
  signal: AbortSignal | undefined,
  descriptor: number,
  pieces: Iterable<Uint8Array>,
  position: number,
  before?: Before,
): Promise<void> {
  for (const _end of writeStepwise(descriptor, pieces, position, before)) {
    if (signal === undefined) continue;
    // A signal from the terminal is handled only while the event loop runs.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
}

/** Writes pieces and yields the offset after each write. */
function* writeStepwise(
  descriptor: number,
  pieces: Iterable<Uint8Array>,
  position: number,
  before: Before | undefined,
): Iterable<number> {
  // The buffer starts empty and grows, because every file of a Maildir needs one and most files are small.
  let gathered = Buffer.alloc(0);
  let held = 0;
  let at = position;
  const put = (bytes: Uint8Array, isLast = false) => {
    before?.(at + bytes.length, bytes, isLast);
    writeAll(descriptor, bytes, at);
    at += bytes.length;
    return at;
  };
  for (const piece of pieces) {
    if (held + piece.length > pieceSize && held > 0) {
      yield put(gathered.subarray(0, held));
      held = 0;
    }
    if (piece.length >= pieceSize / 4) {
      if (held > 0) yield put(gathered.subarray(0, held));
      held = 0;
      yield put(piece);
    } else {
      if (held + piece.length > gathered.length) {
        const grown = Buffer.allocUnsafe(Math.min(pieceSize, Math.max(4096, 4 * (held + piece.length))));
        gathered.copy(grown, 0, 0, held);
        gathered = grown;
      }
      gathered.set(piece, held);
      held += piece.length;
    }
  }
  if (held > 0) yield put(gathered.subarray(0, held), true);
}

/** Syncs a directory, so that the names in it survive a power failure. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const pageSize = 4096;

/**
 * Returns whether each page of a file is either as intended or all zeros. Zeros mean that the page had not reached the disk
 * when the power failed.
 *
 * @param position the offset of both buffers in the file
 */
export function isPartlyWritten(there: Buffer, wanted: Buffer, position: number): boolean {
  for (let from = 0; from < there.length; ) {
    const to = Math.min(there.length, from + pageSize - ((position + from) % pageSize));
    const page = there.subarray(from, to);
    if (!page.equals(wanted.subarray(from, to)) && page.some((byte) => byte !== 0)) return false;
    from = to;
  }
  return true;
}
