/**
 * Makes an append all or nothing. Before its first byte, a small file in the private state directory records where it
 * begins. That file, the intent, is removed once all bytes are on the disk. After a crash, the next start settles what the
 * append left (settle-appends.ts).
 *
 * Only a proper prefix of the append is ever removed. The intent has a SHA-256 sum of each page of each write, so every byte
 * that is removed is known to be one of ours. A complete append stays, because another program may have read it meanwhile.
 * Anything else has been written by another program since. It is not touched, and the user is told.
 */
import { createHash } from "node:crypto";
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
/** Bytes for the first line. */
const lineLength = 8192;
/** A write that a kill interrupts ends at the end of a page of the file. */
const pageLength = 4096;
/** After a power failure, an append of more bytes may have lost the end of its intent. What it added then stays. */
const syncedLength = 64 << 20;
/** Bytes kept of each SHA-256 sum. */
const sumLength = 16;
/** After the line, for each write: its end (a double), whether it is the last (a double, 0 or 1), then the sums. */
const endLength = 16;

interface Begun {
  /** Missing in intents of version 0.1.0, which had no sums. */
  readonly version?: 2;
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  /** Length of the file before. */
  readonly size: number;
  /** The file was created for this append. */
  readonly created: boolean;
  readonly boot: string;
}

export interface AppendIntent {
  /** Records further bytes before they are written. @param end the offset after them */
  reaching(end: number, bytes: Uint8Array, isLast: boolean): void;
  /** Records that all bytes have been written, if the last write was not announced as the last. */
  complete(): void;
  /** Removes the intent of an append that is on the disk. */
  drop(): void;
  /** Removes the intent of an append that failed and was undone. */
  undone(): void;
}

/** Returns the intent's path. A file that has several names, such as one in a linked directory, has one intent. */
export function intentPath(directory: string, path: string): string {
  return stateFilePath(directory, realpathSync(path), intentSuffix);
}

/** Returns the kernel's id of this boot; empty if there is none. */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return "";
  }
}

/** Yields the ends of the parts into which page boundaries of the file divide the bytes from `start` to `end`. */
function* pageEnds(start: number, end: number): Iterable<number> {
  for (let at = start; at < end; ) {
    at = Math.min(end, (Math.floor(at / pageLength) + 1) * pageLength);
    yield at;
  }
}

function hashBytes(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest().subarray(0, sumLength);
}

/** Returns the record of one write: its end, whether it is the last, and a sum of its bytes in each page. */
function recordOf(end: number, bytes: Uint8Array, isLast: boolean): Buffer {
  const start = end - bytes.length;
  const head = Buffer.alloc(endLength);
  head.writeDoubleLE(end, 0);
  head.writeDoubleLE(isLast ? 1 : 0, 8);
  const sums: Buffer[] = [head];
  let from = start;
  for (const to of pageEnds(start, end)) {
    sums.push(hashBytes(bytes.subarray(from - start, to - start)));
    from = to;
  }
  return Buffer.concat(sums);
}

/**
 * Writes and syncs an intent.
 *
 * @param descriptor the file that is appended to, locked
 * @param end the offset after the bytes that are written first
 * @param bytes the bytes that are written first
 * @returns undefined if the user has no state directory and cannot create one, or it is not trusted
 * @throws the system's error, for a full disk and the like; no intent is left then
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
      // An intent that stays does no harm: the mailbox ends where it says.
      rmSync(name, { force: true });
    },
  };
}

/** An intent that a crash has left. */
export interface Left {
  readonly begun: Begun;
  /** The records of the writes, one after the other. */
  readonly records: Buffer;
}

/** Reads an intent. @returns undefined if it is missing, incomplete (the append had not begun) or not trusted */
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

/** What a file holds of an append: nothing, a proper prefix and no more, all of it, or something that is not ours. */
export type Held = "nothing" | "prefix" | "all" | "unknown";

/**
 * Compares what was added to the file with the append.
 *
 * @param size of the file
 * @param running since the append: otherwise the power may have failed, and what was not synced can be zeros
 */
export function heldOf({ begun, records }: Left, descriptor: number, size: number, running: boolean): Held {
  if (size === begun.size) return "nothing";
  if (begun.version !== 2) return "unknown";
  let start = begun.size;
  let hasZeros = false;
  for (let at = 0; at + endLength <= records.length; ) {
    const end = records.readDoubleLE(at);
    const isLast = records.readDoubleLE(at + 8) === 1;
    at += endLength;
    for (const to of pageEnds(start, end)) {
      const sum = records.subarray(at, at + sumLength);
      at += sumLength;
      // A write that was interrupted within a page cannot be told from another program's.
      if (to > size) return "unknown";
      const there = readRange(descriptor, start, to);
      if (!hashBytes(there).equals(sum)) {
        if (running || there.some((byte) => byte !== 0)) return "unknown";
        hasZeros = true;
      }
      start = to;
      if (start === size && !(isLast && start === end)) {
        // The last write may be announced by a record without bytes.
        const isAnnounced = start === end && records.length >= at + endLength && records.readDoubleLE(at) === end;
        if (!isAnnounced || records.readDoubleLE(at + 8) !== 1) return "prefix";
      }
    }
    if (isLast) return hasZeros ? (start === size ? "prefix" : "unknown") : "all";
  }
  return "unknown";
}
