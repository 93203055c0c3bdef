/**
 * Makes an append atomic: either all of the bytes are added, or none. Before the first byte is written, a small file in
 * the private state directory records where the append begins. This file, the intent, is removed after all bytes have
 * reached the disk. After a crash, `mail` removes an incomplete append the next time it starts (settle-appends.ts).
 *
 * Only an incomplete append is ever removed. The intent contains a SHA-256 checksum for each page of each write, so
 * that `mail` removes only bytes that `mail` itself has written. A complete append stays, because another program may
 * already have read it. Any other bytes were written by another program. Such bytes are not changed, and the user is
 * notified.
 */
import crypto from "node:crypto";
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  readFileSync,
  realpathSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import { createPrivateFile, makePrivateDirectory, NotTrusted, readTrusted, reportDistrust } from "../private-file.ts";
import { isSystemError } from "../system-error.ts";
import { readRange, syncDirectory, writeAll } from "./file-ranges.ts";
import { stateFilePath } from "./state-path.ts";

export const intentSuffix = ".append";
/** Length of the first line, in bytes. */
const lineLength = 8192;
/**
 * The page size in bytes. If the process is killed during a write, the bytes written so far end at a page boundary of
 * the file.
 */
const pageLength = 4096;
/**
 * If an append is at most this many bytes long, its intent record is synced before each write. During a longer append,
 * a power failure may destroy the end of the intent record. In that case, the appended bytes are kept.
 */
const syncedLength = 64 << 20;
/** Length in bytes to which each SHA-256 checksum is truncated. */
const sumLength = 16;
/**
 * Length in bytes of a record's fixed part, which consists of two doubles: the offset at which the write ends, and
 * either 1 for the last write or 0 for any other write. The checksums follow.
 */
const endLength = 16;

interface Begun {
  /** Missing from intents written by version 0.1.0, which stored no checksums. */
  readonly version?: 2;
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  /** Length of the file before the append, in bytes. */
  readonly size: number;
  /** Whether the file was created for this append. */
  readonly created: boolean;
  readonly boot: string;
}

export interface AppendIntent {
  /** Records more bytes before they are written. @param end the offset after these bytes */
  reaching(end: number, bytes: Uint8Array, isLast: boolean): void;
  /** Records that all bytes have been written, unless the record of the last write already states this. */
  complete(): void;
  /** Removes the intent after the append has reached the disk. */
  drop(): void;
  /** Removes the intent of an append that failed and was undone. */
  undone(): void;
}

/**
 * Returns the intent's path. A file that can be reached by several paths, for example through a linked directory, has
 * only one intent.
 */
export function intentPath(directory: string, path: string): string {
  return stateFilePath(directory, realpathSync(path), intentSuffix);
}

/** Returns the kernel's boot ID; empty if it cannot be read. */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return "";
  }
}

/** Yields the offsets between `start` and `end` that are page boundaries of the file, and then `end` itself. */
function* pageEnds(start: number, end: number): Iterable<number> {
  for (let at = start; at < end; ) {
    at = Math.min(end, (Math.floor(at / pageLength) + 1) * pageLength);
    yield at;
  }
}

/**
 * Returns a SHA-256 checksum as a string with one character per byte. `crypto.hash`, available from Node 20.12 and
 * 21.7, does not create an object for each page. A weaker checksum would be faster, but would allow a sender to
 * construct a message that is mistaken for part of an append.
 */
function hashBytes(bytes: Uint8Array): string {
  return typeof crypto.hash === "function"
    ? crypto.hash("sha256", bytes, "binary")
    : crypto.createHash("sha256").update(bytes).digest("binary");
}

/**
 * Returns the record of one write: the offset at which the write ends, whether it is the last, and a checksum for each
 * page.
 */
function recordOf(end: number, bytes: Uint8Array, isLast: boolean): Buffer {
  const start = end - bytes.length;
  const pages = start === end ? 0 : Math.ceil(end / pageLength) - Math.floor(start / pageLength);
  const record = Buffer.alloc(endLength + pages * sumLength);
  record.writeDoubleLE(end, 0);
  record.writeDoubleLE(isLast ? 1 : 0, 8);
  let from = start;
  let at = endLength;
  for (const to of pageEnds(start, end)) {
    record.write(hashBytes(bytes.subarray(from - start, to - start)), at, sumLength, "latin1");
    from = to;
    at += sumLength;
  }
  return record;
}

/**
 * Writes and syncs an intent.
 *
 * @param descriptor the locked file to which bytes are appended
 * @param end the offset after the first bytes to be written
 * @param bytes the first bytes to be written
 * @returns undefined if the user has no trusted state directory and none can be created
 * @throws a system error, such as a full disk; no intent is left
 */
export function writeIntent(
  directory: string,
  path: string,
  descriptor: number,
  created: boolean,
  end: number,
  bytes: Uint8Array,
  isLast: boolean,
): AppendIntent | undefined {
  const { dev, ino, size } = fstatSync(descriptor);
  const begun: Begun = { version: 2, path: realpathSync(path), dev, ino, size, created, boot: bootId() };
  const name = intentPath(directory, path);
  let file: number | undefined;
  let length = 0;
  try {
    makePrivateDirectory(directory);
    file = createPrivateFile(name);
    const line = Buffer.alloc(lineLength, " ");
    line.write(`${JSON.stringify(begun)}\n`);
    const record = recordOf(end, bytes, isLast);
    writeAll(file, Buffer.concat([line, record]), 0);
    length = line.length + record.length;
    fsyncSync(file);
    syncDirectory(directory);
  } catch (error) {
    if (file !== undefined) {
      closeSync(file);
      unlinkSync(name);
    } else if (error instanceof NotTrusted) {
      reportDistrust(error);
      return undefined;
    } else if (isSystemError(error) && ["EACCES", "EPERM", "EROFS", "ENOTDIR", "ENOENT"].includes(error.code)) {
      return undefined;
    }
    throw error;
  }
  const opened = file;
  let synced = true;
  let reached = end;
  let isComplete = isLast;
  const add = (record: Buffer) => {
    writeAll(opened, record, length);
    length += record.length;
  };
  return {
    reaching: (next, more, last) => {
      add(recordOf(next, more, last));
      reached = next;
      isComplete = last;
      synced = next - size <= syncedLength;
      if (synced) fdatasyncSync(opened);
    },
    complete: () => {
      if (!isComplete) add(recordOf(reached, Buffer.alloc(0), true));
    },
    drop: () => {
      if (!synced) fsyncSync(opened);
      unlinkSync(name);
      syncDirectory(directory);
      closeSync(opened);
    },
    undone: () => {
      closeSync(opened);
      // If the intent remains, it is harmless, because the mailbox has the length recorded in the intent.
      rmSync(name, { force: true });
    },
  };
}

/** An intent left behind by a crash. */
export interface Left {
  readonly begun: Begun;
  /** The records of all writes, in order. */
  readonly records: Buffer;
}

/**
 * Reads an intent.
 *
 * @returns undefined if the intent is missing, not trusted, or incomplete. An incomplete intent means that nothing was
 *   appended.
 */
export function readIntent(name: string): Left | undefined {
  const bytes = readTrusted(name);
  if (bytes === undefined) return undefined;
  try {
    const begun = JSON.parse(bytes.toString("utf8", 0, Math.min(bytes.length, lineLength))) as Begun;
    return { begun, records: bytes.subarray(lineLength) };
  } catch {
    return undefined;
  }
}

/** The part of an append that was written to the file. "unknown" means that the bytes were not written by `mail`. */
export type Held = "nothing" | "prefix" | "all" | "unknown";

/**
 * Compares the recorded append with the bytes that were added to the file.
 *
 * @param size the file's size in bytes
 * @param running whether the system has been running without a restart since the append. After a power failure, bytes
 *   that were not synced may have become zeros.
 */
export function compareIntent({ begun, records }: Left, descriptor: number, size: number, running: boolean): Held {
  if (size === begun.size) return "nothing";
  if (begun.version !== 2) return "unknown";
  let start = begun.size;
  let hasZeros = false;
  for (let at = 0; at + endLength <= records.length; ) {
    const end = records.readDoubleLE(at);
    const isLast = records.readDoubleLE(at + 8) === 1;
    at += endLength;
    for (const to of pageEnds(start, end)) {
      const sum = records.toString("latin1", at, at + sumLength);
      at += sumLength;
      // A write that was interrupted within a page cannot be distinguished from another program's write.
      if (to > size) return "unknown";
      const there = readRange(descriptor, start, to);
      if (hashBytes(there).slice(0, sumLength) !== sum) {
        if (running || there.some((byte) => byte !== 0)) return "unknown";
        hasZeros = true;
      }
      start = to;
      if (start === size && !(isLast && start === end)) {
        // The end of the append may be recorded separately, in a record without bytes.
        const isAnnounced = start === end && records.length >= at + endLength && records.readDoubleLE(at) === end;
        if (!isAnnounced || records.readDoubleLE(at + 8) !== 1) return "prefix";
      }
    }
    if (isLast) return hasZeros ? (start === size ? "prefix" : "unknown") : "all";
  }
  return "unknown";
}
