/**
 * The index of a large mailbox, kept between sessions so that opening it again costs only what was delivered since. It is
 * never needed: whatever is not quite right about it, it is as if it were not there.
 *
 * The file is a header, the start of each message (Float64), the stored state of each (a byte), in the machine's order of
 * bytes. It is believed when the mailbox is the same by device, inode, size and times; or when it has only grown, its head,
 * its last indexed message and a sample of the others being in their places, and then without the messages of its last
 * megabytes if anything in these has changed. It is read and written as it is in memory: nothing here is done message by
 * message.
 */
import { closeSync, constants, fstatSync, readvSync, renameSync, rmSync, writevSync } from "node:fs";
import { join } from "node:path";
import {
  createPrivateFile,
  makePrivateDirectory,
  NotTrusted,
  openPrivateFile,
  reportDistrust,
} from "../../private-file.ts";
import { copyPieces, readRange } from "../file-ranges.ts";
import { crc32 } from "./checksum.ts";
import { type FileState, sameFile, sameState } from "./file-state.ts";
import { MessageIndex } from "./message-index.ts";

/** Below this many bytes a mailbox is read as quickly as its index. */
const worthwhile = 4 << 20;
/** Another one for each change of what separates messages. */
const magic = 0x4d61_6964_7833n;
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
} as const;
const headerLength = 96;
const headLength = 4096;
const lastLength = 64 << 10;
const samples = 64;
/** So many bytes at the end of what is indexed are looked at again: what other clients write into recent messages is seen. */
const recentLength = 8 << 20;
/** In the place of a checksum: the end of the mailbox has to be read again. */
const unknown = -1;
/** Room for so many messages that come. */
const spare = 256;

export interface KeptIndex {
  readonly index: MessageIndex;
  /** Bytes of the mailbox that it covers. */
  readonly size: number;
  /** Known of its end; undefined where that has changed. */
  readonly recent: Recent | undefined;
}

/** The checksum of the mailbox from an offset to the end of what is indexed. */
export interface Recent {
  readonly from: number;
  readonly to: number;
  readonly sum: number;
}

/** Two mailboxes whose paths have one checksum take turns: the index of the other is not believed. */
function indexFileName(directory: string, path: string): string {
  return join(directory, `${crc32(Buffer.from(path)).toString(16).padStart(8, "0")}.index`);
}

/** Checksums of the first bytes, and of the last message. */
function landmarks(mailbox: number, size: number, lastStart: number): { head: number; last: number } {
  const start = Math.max(0, lastStart);
  return {
    head: crc32(readRange(mailbox, 0, Math.min(size, headLength))),
    last: crc32(readRange(mailbox, start, Math.min(size, start + lastLength))),
  };
}

/** Returns undefined where there is none to be believed */
export function loadIndex(directory: string, path: string, mailbox: number, state: FileState): KeptIndex | undefined {
  if (state.size < worthwhile) return undefined;
  let descriptor: number | undefined;
  try {
    descriptor = openPrivateFile(indexFileName(directory, path), constants.O_RDONLY);
    const { size } = fstatSync(descriptor);
    if (size < headerLength || size > state.size) return undefined;
    const count = (size - headerLength) / 9;
    if (!Number.isInteger(count) || count === 0) return undefined;
    const header = Buffer.alloc(headerLength);
    const starts = new Float64Array(count + spare);
    const stored = new Uint8Array(count + spare);
    const parts = [header, new Uint8Array(starts.buffer, 0, count * 8), stored.subarray(0, count)] as const;
    if (readvSync(descriptor, parts, 0) !== size || Number(header.readBigInt64LE(fields.sum * 8)) !== sumOfIndex(parts))
      return undefined;
    return believe(header, starts, stored, count, mailbox, state);
  } catch (error) {
    if (error instanceof NotTrusted) reportDistrust(error);
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function believe(
  header: Buffer,
  starts: Float64Array,
  stored: Uint8Array,
  count: number,
  mailbox: number,
  state: FileState,
): KeptIndex | undefined {
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
  const { head, last } = landmarks(mailbox, size, starts[count - 1] as number);
  if (number(fields.head) !== head || number(fields.last) !== last) return undefined;
  const index = new MessageIndex(starts, stored, count);
  const recent: Recent = { from: number(fields.recentFrom), to: size, sum: number(fields.recentSum) };
  if (!grown && recent.sum !== unknown) return { index, size, recent };
  if (!sampleStarts(known).every((start) => startsMessage(mailbox, start))) return undefined;
  if (recent.sum !== unknown && sumOfRange(mailbox, recent.from, size) === recent.sum) return { index, size, recent };
  index.cutAt(size - recentLength);
  return { index, size, recent: undefined };
}

function sumOfRange(mailbox: number, from: number, to: number, before = 0): number {
  let sum = before;
  for (const piece of copyPieces(mailbox, from, to, 256 << 10)) sum = crc32(piece, sum);
  return sum;
}

/** Goes on from what is known, so that only what came is read; but not for ever. */
function recentOf(mailbox: number, size: number, known: Recent | "changed" | undefined): Recent {
  if (known === "changed") return { from: 0, to: size, sum: unknown };
  if (known !== undefined && known.to <= size && size - known.from <= 2 * recentLength)
    return { from: known.from, to: size, sum: sumOfRange(mailbox, known.to, size, known.sum) };
  const from = Math.max(0, size - recentLength);
  return { from, to: size, sum: sumOfRange(mailbox, from, size) };
}

/** Of the whole file but the place of the sum itself. @param parts the header, and what follows it */
function sumOfIndex([header, ...parts]: readonly [Uint8Array, ...Uint8Array[]]): number {
  const at = fields.sum * 8;
  return parts.reduce((sum, part) => crc32(part, sum), crc32(header.subarray(at + 8), crc32(header.subarray(0, at))));
}

/** The sum has told already that the file is as it was written. */
function areInOrder(starts: Float64Array, size: number): boolean {
  const ordered = [...sampleStarts(starts), starts[starts.length - 1] as number, size];
  return ordered.every((start, at) => Number.isInteger(start) && start >= (at === 0 ? 0 : (ordered[at - 1] as number)));
}

/** Returns whether the messages still begin where they were found. */
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

/** Returns whether a From_ line behind an empty line, or at the file's start, stands at an offset. */
export function startsMessage(mailbox: number, start: number): boolean {
  const before = Math.min(3, start);
  const text = readRange(mailbox, start - before, start + 5).toString("latin1");
  return (start < 3 ? /^(?:\r?\n)?From $|\n\nFrom $/ : /\n\r?\nFrom $/).test(text);
}

/**
 * Keeps an index for the next session. That it can't be written is no matter.
 *
 * @param known of the mailbox's end, where only its size has changed since; "changed" where states of messages may have
 *   changed since they were read, so that the next session reads them again
 */
export function saveIndex(
  directory: string,
  path: string,
  mailbox: number,
  state: FileState,
  index: MessageIndex,
  known?: Recent | "changed",
): void {
  if (state.size < worthwhile || index.count === 0) return;
  const name = indexFileName(directory, path);
  const draft = `${name}.${process.pid}`;
  try {
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
    const { head, last } = landmarks(mailbox, state.size, index.lastStart);
    put(fields.head, head);
    put(fields.last, last);
    const recent = recentOf(mailbox, state.size, known);
    put(fields.recentFrom, recent.from);
    put(fields.recentSum, recent.sum);
    const columns = [new Uint8Array(starts.buffer, starts.byteOffset, starts.byteLength), storedStates] as const;
    put(fields.sum, sumOfIndex([header, ...columns]));
    makePrivateDirectory(directory);
    const descriptor = createPrivateFile(draft);
    try {
      const whole = headerLength + count * 9;
      if (writevSync(descriptor, [header, ...columns]) !== whole) throw new Error("written in part");
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, name);
  } catch (error) {
    if (error instanceof NotTrusted) reportDistrust(error);
    else rmSync(draft, { force: true });
  }
}
