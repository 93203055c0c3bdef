/** Reads and writes of whole ranges, whatever the system call gave at once. */
import { readSync, writeSync } from "node:fs";

const pieceSize = 1 << 20;

export function readRange(descriptor: number, start: number, end: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, end - start));
  let filled = 0;
  while (filled < bytes.length) {
    const length = readSync(descriptor, bytes, filled, bytes.length - filled, start + filled);
    if (length === 0) break;
    filled += length;
  }
  return filled === bytes.length ? bytes : bytes.subarray(0, filled);
}

export function* readPieces(descriptor: number, start: number, end: number): Iterable<Buffer> {
  for (let at = start; at < end; at += pieceSize) {
    const piece = readRange(descriptor, at, Math.min(end, at + pieceSize));
    if (piece.length === 0) return;
    yield piece;
  }
}

export function writeAll(descriptor: number, bytes: Uint8Array, position: number): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(descriptor, bytes, written, bytes.length - written, position + written);
  }
}

/** @returns the position behind the last byte */
export function writePieces(descriptor: number, pieces: Iterable<Uint8Array>, position: number): number {
  let at = position;
  for (const piece of pieces) {
    writeAll(descriptor, piece, at);
    at += piece.length;
  }
  return at;
}
