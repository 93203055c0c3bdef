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
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { isSystemError } from "../system-error.ts";
import { readRange, syncDirectory, writeAll } from "./file-ranges.ts";
import { lockFile } from "./lock/lock-file.ts";
import { stateFilePath } from "./state-file.ts";

const suffix = ".append";
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

function intentPath(directory: string, path: string): string {
  return stateFilePath(directory, path, suffix);
}

function bootId(): string {
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

interface Left {
  readonly begun: Begun;
  /** As marksOf made them, one behind the other. */
  readonly marks: Buffer;
}

function readIntent(name: string): Left | undefined {
  try {
    const bytes = readFileSync(name);
    const begun = JSON.parse(bytes.toString("utf8", 0, Math.min(bytes.length, lineLength))) as Begun;
    return { begun, marks: bytes.subarray(lineLength) };
  } catch {
    // Cut off itself: the append had not begun.
    return undefined;
  }
}

function settle(directory: string, name: string, descriptor: number): string | undefined {
  const left = readIntent(name);
  const notice = left === undefined ? undefined : cutBack(left, descriptor);
  unlinkSync(name);
  syncDirectory(directory);
  return notice;
}

function cutBack(left: Left, descriptor: number): string | undefined {
  const { path, dev, ino, size, created, boot } = left.begun;
  const now = fstatSync(descriptor);
  if (now.dev !== dev || now.ino !== ino || now.size < size) return undefined;
  if (now.size > size) {
    const startedAt = Date.now() - uptime() * 1000;
    const running = boot === bootId();
    if ((!running && now.mtimeMs >= startedAt) || !holdsOnlyOurs(left, descriptor, now.size, running))
      return `${path}: an interrupted save left part of a message at byte ${size}; others wrote since, so it stays`;
    ftruncateSync(descriptor, size);
    fsyncSync(descriptor);
  }
  if (created && size === 0) unlinkSync(path);
  return undefined;
}

/** @param running since the append: else the power may have failed, and what was not synced can be zeros */
function holdsOnlyOurs({ begun, marks }: Left, descriptor: number, size: number, running: boolean): boolean {
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

/**
 * Cuts back what an append to this file left half done.
 *
 * @param descriptor the file, locked
 * @returns what the user is to be told
 */
export function settleAppend(directory: string, path: string, descriptor: number): string | undefined {
  const name = intentPath(directory, path);
  return readIntent(name) === undefined ? undefined : settle(directory, name, descriptor);
}

/**
 * The same for all files. One that is locked is left to the session that holds it, or to a later start.
 *
 * @returns what the user is to be told
 */
export async function settleAppends(directory: string): Promise<string[]> {
  const notices: string[] = [];
  for (const entry of entries(directory)) {
    if (!entry.endsWith(suffix)) continue;
    const name = join(directory, entry);
    const path = readIntent(name)?.begun.path;
    if (path === undefined) continue;
    let descriptor: number | undefined;
    try {
      descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
      const release = await lockFile(path, descriptor, 0);
      try {
        // Looked for again: its session may have finished it meanwhile.
        if (statSync(name, { throwIfNoEntry: false }) !== undefined) {
          const notice = settle(directory, name, descriptor);
          if (notice !== undefined) notices.push(notice);
        }
      } finally {
        await release();
      }
    } catch (error) {
      // Gone: there is nothing to cut. Busy or not writable now: a later start tries again.
      if (isSystemError(error) && error.code === "ENOENT") unlinkSync(name);
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }
  return notices;
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
