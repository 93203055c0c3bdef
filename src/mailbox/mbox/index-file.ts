/**
 * Stores the index of a large mailbox between sessions, so that opening the mailbox again reads only the mail delivered
 * since then. The index is optional: an index with any fault is ignored.
 *
 * The file consists of a header and the keys of the newest messages, followed by each message's start (Float64) and
 * stored state (one byte), in native byte order. The index is used if the mailbox's device, inode, size and timestamps
 * are unchanged. The index is also used if the mailbox has only grown and if its beginning, its last indexed message
 * and a sample of the other messages are unchanged. If the last few megabytes have changed, the messages in them are
 * scanned again. The arrays are read and written as a whole, never message by message.
 */
import { closeSync, constants, fstatSync, readvSync } from "node:fs";
import { join } from "node:path";
import { NotTrusted, openPrivateFile, replaceCacheFile, reportDistrust } from "../../private-file.ts";
import { crc32 } from "../checksum.ts";
import { copyPieces, readRange } from "../file-ranges.ts";
import { type FileState, sameFile, sameState } from "./file-state.ts";
import { beginGeneration, type Generations, mostGenerations } from "./generations.ts";
import { MessageIndex } from "./message-index.ts";
import { RecentKeys, recentKeysLength } from "./recent-keys.ts";

/** Size in bytes below which scanning a mailbox is as fast as reading its index. */
const worthwhile = 4 << 20;
/** Identifies the format; changes whenever the file's layout or the rules for separating messages change. */
const magic = 0x4d61_6964_7835n;
const fields = {
  magic: 0,
  dev: 1,
  ino: 2,
  size: 3,
  mtime: 4,
  ctime: 5,
  count: 6,
  head: 7,
  last: 8,
  recentFrom: 9,
  recentSum: 10,
  sum: 11,
  /** The ID of each generation, and the number of its valid messages. */
  generations: 12,
} as const;
const headerLength = (fields.generations + 2 * mostGenerations) * 8;
const headLength = 4096;
const lastLength = 64 << 10;
const samples = 64;
/**
 * Number of bytes at the end of the indexed part that are checked, in order to detect changes that other clients made to
 * recent messages.
 */
const recentLength = 8 << 20;
/** A value stored instead of a checksum if the end of the mailbox must be read again. */
const unknown = -1;
/** Free space in the arrays, as a number of messages, for mail that is delivered later. */
const spare = 256;

export interface KeptIndex {
  readonly index: MessageIndex;
  /** Number of bytes in the mailbox that the index covers. */
  readonly size: number;
  /** Checksum of the mailbox's end; undefined if the end has changed. */
  readonly recent: Recent | undefined;
  readonly generations: Generations;
  readonly keys: RecentKeys;
}

/** Checksum of the mailbox from an offset to the end of the indexed part. */
export interface Recent {
  readonly from: number;
  readonly to: number;
  readonly sum: number;
}

/** Returns whether a mailbox is large enough for an index to be kept. @param size the mailbox's size in bytes */
export function worthIndexing(size: number): boolean {
  return size >= worthwhile;
}

/**
 * Returns the path of a mailbox's index. If the paths of two mailboxes have the same checksum, each mailbox overwrites
 * the other's index. An index that belongs to the other mailbox is ignored.
 */
function indexFileName(directory: string, path: string): string {
  return join(directory, `${crc32(Buffer.from(path)).toString(16).padStart(8, "0")}.index`);
}

/** Returns the checksums of the first bytes and of the last message. */
function hashLandmarks(mailbox: number, size: number, lastStart: number): { head: number; last: number } {
  const start = Math.max(0, lastStart);
  return {
    head: crc32(readRange(mailbox, 0, Math.min(size, headLength))),
    last: crc32(readRange(mailbox, start, Math.min(size, start + lastLength))),
  };
}

/** Loads the index of a mailbox. @returns undefined if there is no valid index */
export function loadIndex(directory: string, path: string, mailbox: number, state: FileState): KeptIndex | undefined {
  if (!worthIndexing(state.size)) return undefined;
  let descriptor: number | undefined;
  try {
    descriptor = openPrivateFile(indexFileName(directory, path), constants.O_RDONLY);
    const { size } = fstatSync(descriptor);
    const count = (size - headerLength - recentKeysLength) / 9;
    if (!Number.isInteger(count) || count < 1 || size > state.size) return undefined;
    const header = Buffer.alloc(headerLength);
    const keys = Buffer.alloc(recentKeysLength);
    const starts = new Float64Array(count + spare);
    const stored = new Uint8Array(count + spare);
    const parts = [header, keys, new Uint8Array(starts.buffer, 0, count * 8), stored.subarray(0, count)] as const;
    if (readvSync(descriptor, parts, 0) !== size || Number(header.readBigInt64LE(fields.sum * 8)) !== sumOfIndex(parts))
      return undefined;
    const kept = parseTrustedIndex(header, starts, stored, count, mailbox, state);
    return kept === undefined ? undefined : { ...kept, keys: RecentKeys.parse(keys, count) };
  } catch (error) {
    if (error instanceof NotTrusted) reportDistrust(error);
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function parseTrustedIndex(
  header: Buffer,
  starts: Float64Array,
  stored: Uint8Array,
  count: number,
  mailbox: number,
  state: FileState,
): Omit<KeptIndex, "keys"> | undefined {
  const field = (at: number) => header.readBigInt64LE(at * 8);
  const number = (at: number) => Number(field(at));
  const size = number(fields.size);
  const kept: FileState = {
    dev: number(fields.dev),
    ino: number(fields.ino),
    size,
    mtime: field(fields.mtime),
    ctime: field(fields.ctime),
  };
  if (field(fields.magic) !== magic || number(fields.count) !== count || !sameFile(kept, state)) return undefined;
  const grown = !sameState(kept, state);
  if (grown && size >= state.size) return undefined;
  const known = starts.subarray(0, count);
  if (!areInOrder(known, size)) return undefined;
  const { head, last } = hashLandmarks(mailbox, size, starts[count - 1] as number);
  if (number(fields.head) !== head || number(fields.last) !== last) return undefined;
  const index = new MessageIndex(starts, stored, count);
  const recent: Recent = { from: number(fields.recentFrom), to: size, sum: number(fields.recentSum) };
  const generations = Array.from({ length: mostGenerations }, (_, at) => ({
    id: number(fields.generations + 2 * at),
    valid: number(fields.generations + 2 * at + 1),
  })).filter(({ valid }) => valid > 0);
  if (!grown && recent.sum !== unknown) return { index, size, recent, generations };
  if (!sampleStarts(known).every((start) => startsMessage(mailbox, start))) return undefined;
  if (recent.sum !== unknown && sumOfRange(mailbox, recent.from, size) === recent.sum)
    return { index, size, recent, generations };
  index.cutAt(size - recentLength);
  return { index, size, recent: undefined, generations: beginGeneration(generations, index.count) };
}

function sumOfRange(mailbox: number, from: number, to: number, before = 0): number {
  let sum = before;
  for (const piece of copyPieces(mailbox, from, to, 256 << 10)) sum = crc32(piece, sum);
  return sum;
}

/**
 * Extends the known checksum, so that only new bytes are read. If the range has become too long, the checksum is
 * recomputed.
 */
function recentOf(mailbox: number, size: number, known: Recent | "changed" | undefined): Recent {
  if (known === "changed") return { from: 0, to: size, sum: unknown };
  if (known !== undefined && known.to <= size && size - known.from <= 2 * recentLength)
    return { from: known.from, to: size, sum: sumOfRange(mailbox, known.to, size, known.sum) };
  const from = Math.max(0, size - recentLength);
  return { from, to: size, sum: sumOfRange(mailbox, from, size) };
}

/**
 * Returns the checksum of the whole file without the checksum field.
 *
 * @param parts the header and the remaining parts
 */
function sumOfIndex([header, ...parts]: readonly [Uint8Array, ...Uint8Array[]]): number {
  const at = fields.sum * 8;
  return parts.reduce((sum, part) => crc32(part, sum), crc32(header.subarray(at + 8), crc32(header.subarray(0, at))));
}

/** Returns whether the starts are plausible. The checksum has already shown that the file is undamaged. */
function areInOrder(starts: Float64Array, size: number): boolean {
  const ordered = [...sampleStarts(starts), starts[starts.length - 1] as number, size];
  return ordered.every((start, at) => Number.isInteger(start) && start >= (at === 0 ? 0 : (ordered[at - 1] as number)));
}

/** Returns whether a sample of messages still begins at the indexed offsets. */
export function areInPlace({
  descriptor,
  index,
}: {
  readonly descriptor: number;
  readonly index: MessageIndex;
}): boolean {
  if (index.count === 0) return true;
  return [...sampleStarts(index.starts), index.lastStart].every((start) => startsMessage(descriptor, start));
}

function sampleStarts(starts: Float64Array): number[] {
  const step = Math.max(1, Math.floor(starts.length / samples));
  return Array.from({ length: Math.ceil(starts.length / step) }, (_, at) => starts[at * step] as number);
}

/** Returns whether a From_ line begins at an offset, after an empty line or at the start of the file. */
export function startsMessage(mailbox: number, start: number): boolean {
  const before = Math.min(3, start);
  const text = readRange(mailbox, start - before, start + 5).toString("latin1");
  return (start < 3 ? /^(?:\r?\n)?From $|\n\nFrom $/ : /\n\r?\nFrom $/).test(text);
}

/**
 * Saves an index for the next session. A failure is ignored.
 *
 * @param known the checksum of the mailbox's end if only the size has changed since it was computed; "changed" if the
 *   stored states of messages may have changed since they were read, so that the next session must read them again
 */
export function saveIndex(
  directory: string,
  path: string,
  mailbox: number,
  state: FileState,
  index: MessageIndex,
  generations: Generations,
  keys: RecentKeys,
  known?: Recent | "changed",
): void {
  if (!worthIndexing(state.size) || index.count === 0) return;
  replaceCacheFile(indexFileName(directory, path), () => {
    const { count, starts, storedStates } = index;
    const header = Buffer.alloc(headerLength);
    const put = (at: number, value: bigint | number) => header.writeBigInt64LE(BigInt(value), at * 8);
    put(fields.magic, magic);
    put(fields.dev, state.dev);
    put(fields.ino, state.ino);
    put(fields.size, state.size);
    put(fields.mtime, state.mtime);
    put(fields.ctime, state.ctime);
    put(fields.count, count);
    const { head, last } = hashLandmarks(mailbox, state.size, index.lastStart);
    put(fields.head, head);
    put(fields.last, last);
    const recent = recentOf(mailbox, state.size, known);
    put(fields.recentFrom, recent.from);
    put(fields.recentSum, recent.sum);
    for (const [at, { id, valid }] of generations.entries()) {
      put(fields.generations + 2 * at, id);
      put(fields.generations + 2 * at + 1, valid);
    }
    const columns = [new Uint8Array(starts.buffer, starts.byteOffset, starts.byteLength), storedStates] as const;
    // A change to a message before the checked part would not be detected.
    const first = recent.sum === unknown ? count + 1 : starts.findIndex((start) => start >= recent.from) + 1;
    const keyBytes = keys.toBytes(first, count);
    put(fields.sum, sumOfIndex([header, keyBytes, ...columns]));
    return [header, keyBytes, ...columns];
  });
}
