/** Reads a mailbox from end to end to index it: the next piece is read while one is looked at. */
import { read } from "node:fs";
import { promisify } from "node:util";
import { readInto } from "../bytes.ts";
import type { Progress } from "../options.ts";
import type { MessageIndex } from "./message-index.ts";
import { lookback, mostCarried, Piece, Scanner } from "./scanner.ts";

const usualPieceSize = 2 << 20;
const emptyLine = Buffer.from("\n\n");
const readAsync = promisify(read);

export interface ScanOptions {
  readonly onProgress?: Progress | undefined;
  /** Ends the scan with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes read at once. */
  readonly pieceSize?: number;
}

/**
 * Adds the messages found from `from` to `size` to the index.
 *
 * @param from 0, or the start of a message that is not in the index yet
 */
export async function scan(
  descriptor: number,
  from: number,
  size: number,
  index: MessageIndex,
  { onProgress, signal, pieceSize = usualPieceSize }: ScanOptions = {},
): Promise<void> {
  const scanner = new Scanner(index, from);
  const begin = Math.max(0, from - lookback);
  const length = size - begin;
  if (length <= pieceSize) {
    const piece = new Piece(length);
    scanner.feed(piece, 0, readInto(descriptor, piece.bytes.subarray(0, length), begin), begin, true);
    return;
  }
  let current = new Piece(mostCarried + pieceSize);
  let next = new Piece(mostCarried + pieceSize);
  /** Where in the piece the bytes begin that the one before left over. */
  let start = mostCarried;
  let position = begin;
  let reading = fill(descriptor, current.bytes, position, size);
  for (;;) {
    const length = await reading;
    signal?.throwIfAborted();
    const end = mostCarried + length;
    const last = length === 0 || position + length >= size;
    if (!last) reading = fill(descriptor, next.bytes, position + length, size);
    const consumed = scanner.feed(current, start, end, position - mostCarried, last);
    if (last) return;
    start = mostCarried - (end - consumed);
    current.bytes.copy(next.bytes, start, consumed, end);
    [current, next] = [next, current];
    position += length;
    onProgress?.(position, size);
  }
}

async function fill(descriptor: number, buffer: Buffer, position: number, size: number): Promise<number> {
  const wanted = Math.min(buffer.length - mostCarried, size - position);
  let filled = 0;
  while (filled < wanted) {
    const { bytesRead } = await readAsync(descriptor, buffer, mostCarried + filled, wanted - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/** The offset behind the empty line that ends the header beginning at `start`; undefined when it isn't in `bytes`. */
export function headerEnd(bytes: Buffer, start: number): number | undefined {
  const found = bytes.indexOf(emptyLine, start);
  const end = found < 0 ? bytes.length : found + 2;
  if (!bytes.subarray(start, end).includes(13)) return found < 0 ? undefined : end;
  return anyHeaderEnd(bytes, start);
}

/** The same where there are CRs: the empty line may be one of CRLF. */
function anyHeaderEnd(bytes: Buffer, start: number): number | undefined {
  for (let at = bytes.indexOf(10, start); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return undefined;
}
