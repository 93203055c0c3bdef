/**
 * Reads a mailbox from end to end to index it: the next pieces are read while one is looked at. Reading takes longer than
 * looking, so two reads at once keep two processors busy. (Threads that scan were tried: starting them cost as much.)
 */
import { read } from "node:fs";
import { promisify } from "node:util";
import { readInto, readRange } from "../file-ranges.ts";
import type { Progress } from "../mailbox.ts";
import type { MessageIndex } from "./message-index.ts";
import { lookback, mostCarried, Piece, Scanner } from "./scanner.ts";
import { Separators } from "./separators.ts";

const usualPieceSize = 2 << 20;
const readsAtOnce = 2;
/** The messages that are still to come may be a little shorter than those before. */
const leeway = 1.1;
const readAsync = promisify(read);

export interface ScanOptions {
  readonly onProgress?: Progress | undefined;
  /** Ends the scan with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes read at once. */
  readonly pieceSize?: number;
}

/** The result of a scan. */
export interface Scanned {
  /** A later scan, of a file that has grown, must begin here; undefined if it may begin at the last message. */
  readonly undecided: number | undefined;
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
): Promise<Scanned> {
  const separators = new Separators(size, (start, end) => readRange(descriptor, start, Math.min(end, size)));
  const scanner = new Scanner(index, from, separators);
  const scanned = () => ({ undecided: scanner.undecided });
  const begin = Math.max(0, from - lookback);
  const length = size - begin;
  if (length <= pieceSize) {
    const piece = new Piece(length);
    scanner.feed(piece, 0, readInto(descriptor, piece.bytes.subarray(0, length), begin), begin, true);
    return scanned();
  }
  const pieces = Array.from({ length: readsAtOnce + 1 }, () => new Piece(mostCarried + pieceSize));
  const pieceOf = (number: number) => pieces[number % pieces.length] as Piece;
  const positionOf = (number: number) => begin + number * pieceSize;
  const reads: Promise<number>[] = [];
  const before = index.count;
  const ask = (number: number) => {
    const position = positionOf(number);
    if (position >= size) return;
    const read = fillBuffer(descriptor, pieceOf(number).bytes, position, Math.min(pieceSize, size - position));
    // Told where it is awaited.
    read.catch(() => {});
    reads.push(read);
  };
  for (let number = 0; number < readsAtOnce; number++) ask(number);
  /** Where in the piece the bytes begin that the one before left over. */
  let start = mostCarried;
  try {
    for (let number = 0; ; number++) {
      const end = mostCarried + ((await reads.shift()) ?? 0);
      signal?.throwIfAborted();
      const last = end < mostCarried + pieceSize || positionOf(number + 1) >= size;
      // Into the piece that was looked at before.
      if (!last) ask(number + readsAtOnce);
      const { bytes } = pieceOf(number);
      const consumed = scanner.feed(pieceOf(number), start, end, positionOf(number) - mostCarried, last);
      if (last) return scanned();
      const done = (positionOf(number + 1) - begin) / length;
      index.expected = before + Math.ceil(((index.count - before) / done) * leeway);
      start = mostCarried - (end - consumed);
      bytes.copy(pieceOf(number + 1).bytes, start, consumed, end);
      onProgress?.(positionOf(number + 1), size);
    }
  } finally {
    // Nobody is to read what is closed next.
    await Promise.allSettled(reads);
  }
}

async function fillBuffer(descriptor: number, buffer: Buffer, position: number, wanted: number): Promise<number> {
  let filled = 0;
  while (filled < wanted) {
    const { bytesRead } = await readAsync(descriptor, buffer, mostCarried + filled, wanted - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}
