/**
 * What makes an append all or nothing: before its first byte, a small file in the private state directory says where it
 * begins; the file goes once all bytes are on the disk. Left by a crash, the next start cuts the mailbox back to there.
 *
 * Only bytes of that append are ever cut. The intent tells how far it had come at the most, and how each page of it began;
 * a file that is longer, that ends elsewhere or holds something else has been written by another program since. It is left
 * alone, as is one that was written after a reboot, and the user is told.
 */
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import { isSystemError } from "../system-error.ts";
import { readRange, syncDirectory, writeAll } from "./file-ranges.ts";
import { stateFilePath } from "./state-file.ts";

export const intentSuffix = ".append";
/** Room for the first line. */
const lineLength = 8192;
/** A write that a kill interrupts ends where a page of the file does. */
const pageLength = 4096;
/** Of a longer append (bytes) the power may take the intent's end away, and what was added then stays. */
const syncedLength = 64 << 20;
/** So many bytes of the beginning of each page are kept. */
const headLength = 16;
/** Behind the line, for each write: its end (a double), then the heads. */
const endLength = 8;

interface Begun {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  /** Length of the file before. */
  readonly size: number;
  /** The file was made for this append. */
  readonly created: boolean;
  readonly boot: string;
}

export interface AppendIntent {
  /** To be called before further bytes are written, with the offset behind them. */
  reaching(end: number, bytes: Uint8Array): void;
  /** The append is on the disk. */
  drop(): void;
  /** The append failed and was undone. */
  undone(): void;
}

export function intentPath(directory: string, path: string): string {
  return stateFilePath(directory, path, intentSuffix);
}

export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return "";
  }
}

/** What tells the bytes of one write again: where it ends, and the beginning of each page of the file that it begins. */
function marksOf(end: number, bytes: Uint8Array): Buffer {
  const start = end - bytes.length;
  const firstPage = Math.ceil(start / pageLength) * pageLength;
  const count = Math.max(0, Math.ceil((end - firstPage) / pageLength));
  const marks = Buffer.alloc(endLength + count * headLength);
  marks.writeDoubleLE(end, 0);
  for (let head = 0; head < count; head++) {
    const at = firstPage + head * pageLength - start;
    marks.set(bytes.subarray(at, at + headLength), endLength + head * headLength);
  }
  return marks;
}

/**
 * @param descriptor the file that is appended to, locked
 * @param end the offset behind the bytes that are written first
 * @param bytes those
 * @returns undefined where the user has no state directory and can't make one
 * @throws the system's error, for a full disk and the like; nothing is left then
 */
export function writeIntent(
  directory: string,
  path: string,
  descriptor: number,
  created: boolean,
  end: number,
  bytes: Uint8Array,
): AppendIntent | undefined {
  const { dev, ino, size } = fstatSync(descriptor);
  const begun: Begun = { path, dev, ino, size, created, boot: bootId() };
  const name = intentPath(directory, path);
  let file: number | undefined;
  let length = 0;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    file = openSync(name, "w", 0o600);
    const line = Buffer.alloc(lineLength, " ");
    line.write(`${JSON.stringify(begun)}\n`);
    const marks = marksOf(end, bytes);
    writeAll(file, Buffer.concat([line, marks]), 0);
    length = line.length + marks.length;
    fsyncSync(file);
    syncDirectory(directory);
  } catch (error) {
    if (file !== undefined) {
      closeSync(file);
      unlinkSync(name);
    } else if (isSystemError(error) && ["EACCES", "EPERM", "EROFS", "ENOTDIR", "ENOENT"].includes(error.code)) {
      return undefined;
    }
    throw error;
  }
  const opened = file;
  let synced = true;
  return {
    reaching: (next, more) => {
      const marks = marksOf(next, more);
      writeAll(opened, marks, length);
      length += marks.length;
      synced = next - size <= syncedLength;
      if (synced) fdatasyncSync(opened);
    },
    drop: () => {
      if (!synced) fsyncSync(opened);
      unlinkSync(name);
      syncDirectory(directory);
      closeSync(opened);
    },
    undone: () => {
      closeSync(opened);
      // Left behind it does no harm: the mailbox ends where it says.
      rmSync(name, { force: true });
    },
  };
}

/** What a crash has left. */
export interface Left {
  readonly begun: Begun;
  /** As marksOf made them, one behind the other. */
  readonly marks: Buffer;
}

export function readIntent(name: string): Left | undefined {
  try {
    const bytes = readFileSync(name);
    const begun = JSON.parse(bytes.toString("utf8", 0, Math.min(bytes.length, lineLength))) as Begun;
    return { begun, marks: bytes.subarray(lineLength) };
  } catch {
    // Cut off itself: the append had not begun.
    return undefined;
  }
}

/**
 * Whether all that was added to the file is of the append.
 *
 * @param running since the append: else the power may have failed, and what was not synced can be zeros
 */
export function holdsOnlyOurs({ begun, marks }: Left, descriptor: number, size: number, running: boolean): boolean {
  let start = begun.size;
  let endsAtOurs = false;
  for (let at = 0; at + endLength <= marks.length && start < size; ) {
    const end = marks.readDoubleLE(at);
    const firstPage = Math.ceil(start / pageLength) * pageLength;
    at += endLength;
    for (let page = firstPage; page < Math.min(end, size); page += pageLength, at += headLength) {
      const there = readRange(descriptor, page, Math.min(page + headLength, end, size));
      const isOurs = there.equals(marks.subarray(at, at + there.length));
      if (!isOurs && (running || there.some((byte) => byte !== 0))) return false;
    }
    endsAtOurs = size === end || (size < end && size % pageLength === 0);
    start = end;
  }
  return endsAtOurs;
}
