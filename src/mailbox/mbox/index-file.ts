/**
 * The index of a large mailbox, kept between sessions so that opening it again costs only what was delivered since. It is
 * never needed: whatever is not quite right about it, it is as if it were not there.
 *
 * The file is a header, the start of each message (Float64), the stored state of each (a byte). It is believed when the
 * mailbox is the same by device, inode, size and times; or when it has only grown, its head, its last indexed message and
 * a sample of the others being in their places.
 */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readRange, writeAll } from "../bytes.ts";
import { type FileState, sameFile, sameState } from "./file-state.ts";
import { MessageIndex } from "./message-index.ts";
import { sumOf } from "./page-sums.ts";

/** Below this many bytes a mailbox is read as quickly as its index. */
const worthwhile = 4 << 20;
const magic = 0x4d61_6964_7831;
const fields = { magic: 0, dev: 1, ino: 2, size: 3, mtime: 4, ctime: 5, count: 6, sum: 7 } as const;
const hashesAt = 64;
const headerLength = hashesAt + 64;
const headLength = 4096;
const lastLength = 64 << 10;
const samples = 64;
/** Of a mailbox that has grown so much is read again: what other clients write into recent messages is seen so. */
const readAgain = 8 << 20;
const highestStored = 7;

export interface KeptIndex {
  readonly index: MessageIndex;
  /** Bytes of the mailbox that it covers. */
  readonly size: number;
}

function nameOf(directory: string, path: string): string {
  return join(directory, `${createHash("sha256").update(path).digest("hex").slice(0, 32)}.index`);
}

/** Hashes of the first bytes, and of the last message. */
function hashes(descriptor: number, size: number, lastStart: number): Buffer {
  const head = readRange(descriptor, 0, Math.min(size, headLength));
  const last = readRange(descriptor, Math.max(0, lastStart), Math.min(size, Math.max(0, lastStart) + lastLength));
  return Buffer.concat([head, last].map((bytes) => createHash("sha256").update(bytes).digest()));
}

/** @returns undefined where there is none to be believed */
export function loadIndex(directory: string, path: string, mailbox: number, state: FileState): KeptIndex | undefined {
  if (state.size < worthwhile) return undefined;
  let descriptor: number | undefined;
  try {
    descriptor = openSync(nameOf(directory, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { uid, mode, size } = fstatSync(descriptor);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || uid !== process.geteuid?.() || (mode & 0o022) !== 0)
      return undefined;
    if (size < headerLength) return undefined;
    const header = readRange(descriptor, 0, headerLength);
    const count = Number(header.readBigInt64LE(fields.count * 8));
    if (!(count > 0) || size !== headerLength + count * 9) return undefined;
    return believe(readAligned(descriptor, headerLength, size), header, count, mailbox, state);
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function readAligned(descriptor: number, start: number, end: number): ArrayBuffer {
  const aligned = new ArrayBuffer(Math.ceil((end - start) / 8) * 8);
  const bytes = Buffer.from(aligned, 0, end - start);
  readRange(descriptor, start, end).copy(bytes);
  return aligned;
}

function believe(
  content: ArrayBuffer,
  header: Buffer,
  count: number,
  mailbox: number,
  state: FileState,
): KeptIndex | undefined {
  const field = (at: number) => header.readBigInt64LE(at * 8);
  const kept: FileState = {
    dev: Number(field(fields.dev)),
    ino: Number(field(fields.ino)),
    size: Number(field(fields.size)),
    mtime: field(fields.mtime),
    ctime: field(fields.ctime),
  };
  if (field(fields.magic) !== BigInt(magic) || !sameFile(kept, state)) return undefined;
  if (!sameState(kept, state) && kept.size >= state.size) return undefined;
  const words = new Int32Array(content);
  if (Number(field(fields.sum)) !== sumOf(words, 0, words.length)) return undefined;
  const starts = new Float64Array(content, 0, count);
  const stored = new Uint8Array(content, count * 8, count);
  if (!isInOrder(starts, stored, kept.size)) return undefined;
  const last = starts[count - 1] as number;
  if (!hashes(mailbox, kept.size, last).equals(header.subarray(hashesAt))) return undefined;
  if (kept.size < state.size && !areInPlace(mailbox, starts)) return undefined;
  const index = new MessageIndex(starts, stored, count);
  if (kept.size < state.size) index.cutAt(kept.size - readAgain);
  return { index, size: kept.size };
}

function isInOrder(starts: Float64Array, stored: Uint8Array, size: number): boolean {
  let before = -1;
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i] as number;
    if (!(start > before && start < size) || (stored[i] as number) > highestStored) return false;
    before = start;
  }
  return Number.isInteger(starts[0]) && Number.isInteger(before);
}

function areInPlace(mailbox: number, starts: Float64Array): boolean {
  const step = Math.max(1, Math.floor(starts.length / samples));
  for (let i = 0; i < starts.length; i += step) if (!startsMessage(mailbox, starts[i] as number)) return false;
  return true;
}

/** Whether a From_ line behind an empty line, or at the file's start, stands at an offset. */
export function startsMessage(mailbox: number, start: number): boolean {
  const before = Math.min(3, start);
  const text = readRange(mailbox, start - before, start + 5).toString("latin1");
  return (start < 3 ? /^(?:\r?\n)?From $|\n\nFrom $/ : /\n\r?\nFrom $/).test(text);
}

/** Keeps an index for the next session. That it can't be written is no matter. */
export function saveIndex(
  directory: string,
  path: string,
  mailbox: number,
  state: FileState,
  index: MessageIndex,
): void {
  if (state.size < worthwhile || index.count === 0) return;
  const name = nameOf(directory, path);
  const draft = `${name}.${process.pid}`;
  try {
    const { count, starts, storedStates } = index;
    const content = Buffer.alloc(headerLength + Math.ceil((count * 9) / 8) * 8);
    const aligned = new Uint8Array(content.buffer, content.byteOffset + headerLength, content.length - headerLength);
    aligned.set(new Uint8Array(starts.buffer, starts.byteOffset, count * 8));
    aligned.set(storedStates, count * 8);
    const sum = sumOf(new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4), 0, aligned.length / 4);
    const put = (at: number, value: bigint) => content.writeBigInt64LE(value, at * 8);
    put(fields.magic, BigInt(magic));
    put(fields.dev, BigInt(state.dev));
    put(fields.ino, BigInt(state.ino));
    put(fields.size, BigInt(state.size));
    put(fields.mtime, state.mtime);
    put(fields.ctime, state.ctime);
    put(fields.count, BigInt(count));
    put(fields.sum, BigInt(sum));
    hashes(mailbox, state.size, index.lastStart).copy(content, hashesAt);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const descriptor = openSync(draft, "wx", 0o600);
    try {
      writeAll(descriptor, content.subarray(0, headerLength + count * 9), 0);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, name);
  } catch {
    rmSync(draft, { force: true });
  }
}
