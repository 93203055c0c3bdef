/**
 * Finds the frames of a zstd file (RFC 8878, 3.1). Node's zlib stops after the first frame, does not skip skippable
 * frames, and does not report a truncated frame. Only the headers are read: a few bytes per 128 KiB.
 */
import { fstatSync } from "node:fs";
import { readRange } from "../file-ranges.ts";

export interface ZstdFrames {
  /** Start and end of each frame that contains data. */
  readonly frames: readonly { readonly start: number; readonly end: number }[];
  /** A description of the damage after the last frame. */
  readonly damage?: string;
}

const magic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
const skippableMask = 0xfffffff0;
const longestHeader = 18;
const runLengthBlock = 1;
const checksumLength = 4;

/**
 * Length of the content-size field, indexed by the first two bits of the descriptor. In a single-segment frame, 0 means
 * one byte.
 */
const sizeLengths = [0, 2, 4, 8] as const;
const dictionaryLengths = [0, 1, 2, 4] as const;

/** Finds the frames of a file, beginning at offset 0. @param descriptor the open file */
export function zstdFrames(descriptor: number): ZstdFrames {
  const { size } = fstatSync(descriptor);
  const frames: { start: number; end: number }[] = [];
  for (let start = 0; start < size; ) {
    const head = readRange(descriptor, start, Math.min(size, start + longestHeader));
    const kind = head.length < 8 ? 0 : head.readUInt32LE(0);
    const skipped = (kind & skippableMask) >>> 0 === skippableMagic;
    if (!skipped && kind !== magic) return { frames, damage: "invalid data after the last zstd frame" };
    const end = skipped ? start + 8 + head.readUInt32LE(4) : frameEnd(descriptor, start, head, size);
    if (!skipped) frames.push({ start, end: Math.min(end, size) });
    if (end > size) return { frames, damage: "unexpected end of file" };
    start = end;
  }
  return { frames };
}

/** Returns the end of a frame. If the frame is truncated, its end is after the file's end. */
function frameEnd(descriptor: number, start: number, head: Buffer, size: number): number {
  const descriptorByte = head[4] ?? 0;
  const single = (descriptorByte & 0x20) !== 0;
  const contentSize = sizeLengths[(descriptorByte >> 6) as 0 | 1 | 2 | 3] || (single ? 1 : 0);
  const dictionary = dictionaryLengths[(descriptorByte & 3) as 0 | 1 | 2 | 3];
  const checksum = (descriptorByte & 4) !== 0 ? checksumLength : 0;
  let at = start + 5 + (single ? 0 : 1) + dictionary + contentSize;
  for (let last = false; !last; ) {
    const block = readRange(descriptor, at, Math.min(size, at + 3));
    if (block.length < 3) return size + 1;
    const header = block.readUIntLE(0, 3);
    last = (header & 1) !== 0;
    at += 3 + (((header >> 1) & 3) === runLengthBlock ? 1 : header >> 3);
  }
  return at + checksum;
}
