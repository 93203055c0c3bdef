/**
 * Scans a mailbox to index it. While one piece is scanned, the next ones are read. Reading takes longer than scanning,
 * so two concurrent reads keep two processors busy. Measurements showed that starting worker threads takes as much time
 * as they save.
 */
import { read } from "node:fs";
import { promisify } from "node:util";
import { readInto, readRange } from "../file-ranges.ts";
import { LineBuffer } from "../line-buffer.ts";
import type { Progress } from "../mailbox.ts";
import type { MessageIndex } from "./message-index.ts";
import { lookback, mostCarried, Scanner } from "./scanner.ts";
import { Separators } from "./separators.ts";

const usualPieceSize = 2 << 20;
const readsAtOnce = 2;
/**
 * Safety factor for the estimated number of messages. The estimate may be too low, because later messages may be
 * shorter.
 */
const leeway = 1.1;
const readAsync = promisify(read);

export interface ScanOptions {
  readonly onProgress?: Progress | undefined;
  /** Aborts the scan; the error is the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Number of bytes per read. */
  readonly pieceSize?: number;
}

/** The result of a scan. */
export interface Scanned {
  /** The offset at which a later scan of the grown file must begin; undefined if it may begin at the last message. */
  readonly undecided: number | undefined;
}

/**
 * Scans the bytes between the offsets `from` and `size`, and adds the messages found there to the index.
 *
 * @param from 0, or the start of a message that is not yet in the index
 */
export async function scanMessages(
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
    const piece = new LineBuffer(length);
    scanner.feed(piece, 0, readInto(descriptor, piece.bytes.subarray(0, length), begin), begin, true);
    return scanned();
  }
  const pieces = Array.from({ length: readsAtOnce + 1 }, () => new LineBuffer(mostCarried + pieceSize));
  const pieceOf = (number: number) => pieces[number % pieces.length] as LineBuffer;
  const positionOf = (number: number) => begin + number * pieceSize;
  const reads: Promise<number>[] = [];
  const before = index.count;
  const ask = (number: number) => {
    const position = positionOf(number);
    if (position >= size) return;
    const read = fillBuffer(descriptor, pieceOf(number).bytes, position, Math.min(pieceSize, size - position));
    // The error is reported when the read is awaited.
    read.catch(() => {});
    reads.push(read);
  };
  for (let number = 0; number < readsAtOnce; number++) ask(number);
  /** Offset, within the piece, of the bytes that the previous scan did not consume. */
  let start = mostCarried;
  try {
    for (let number = 0; ; number++) {
      const end = mostCarried + ((await reads.shift()) ?? 0);
      signal?.throwIfAborted();
      const last = end < mostCarried + pieceSize || positionOf(number + 1) >= size;
      // The next read reuses the buffer of the piece that was scanned before this one.
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
    // No read may be pending when the file is closed.
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
