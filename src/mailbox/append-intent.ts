/**
 * What makes an append all or nothing: before its first byte, a small file in the private state directory says where it
 * begins; the file goes once all bytes are on the disk. Left by a crash, the next start cuts the mailbox back to there.
 *
 * Only bytes of that append are ever cut. While the machine runs, the intent tells how far it had come at the most; after
 * a reboot, a mailbox that somebody has written since is left alone, and the user is told.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
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
  writeSync,
} from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { isSystemError } from "../system-error.ts";
import { syncDirectory, writeAll } from "./bytes.ts";
import { lockFile } from "./lock/lock-file.ts";

const suffix = ".append";
/** Where an offset of sixteen digits stands in the intent: how far the append may have come. */
const endWidth = 16;

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
  reaching(end: number): void;
  /** The append is on the disk. */
  drop(): void;
  /** The append failed and was undone. */
  undone(): void;
}

function intentPath(directory: string, path: string): string {
  return join(directory, `${createHash("sha256").update(path).digest("hex").slice(0, 32)}${suffix}`);
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return "";
  }
}

/**
 * @param descriptor the file that is appended to, locked
 * @param end the offset behind the bytes that are written first
 * @returns undefined where the user has no state directory and can't make one
 * @throws the system's error, for a full disk and the like; nothing is left then
 */
export function writeIntent(
  directory: string,
  path: string,
  descriptor: number,
  created: boolean,
  end: number,
): AppendIntent | undefined {
  const { dev, ino, size } = fstatSync(descriptor);
  const begun: Begun = { path, dev, ino, size, created, boot: bootId() };
  const name = intentPath(directory, path);
  let file: number | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    file = openSync(name, "w", 0o600);
    writeAll(file, Buffer.from(`${String(end).padStart(endWidth)}${JSON.stringify(begun)}\n`), 0);
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
    reaching: (next) => {
      writeSync(opened, String(next).padStart(endWidth), 0);
      synced = false;
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

function readIntent(name: string): { begun: Begun; end: number } | undefined {
  try {
    const text = readFileSync(name, "utf8");
    return { begun: JSON.parse(text.slice(endWidth)) as Begun, end: Number(text.slice(0, endWidth)) };
  } catch {
    // Cut off itself: the append had not begun.
    return undefined;
  }
}

function settle(directory: string, name: string, descriptor: number): string | undefined {
  const left = readIntent(name);
  let notice: string | undefined;
  if (left !== undefined) notice = cutBack(left.begun, left.end, descriptor);
  unlinkSync(name);
  syncDirectory(directory);
  return notice;
}

function cutBack({ path, dev, ino, size, created, boot }: Begun, end: number, descriptor: number): string | undefined {
  const now = fstatSync(descriptor);
  if (now.dev !== dev || now.ino !== ino || now.size < size) return undefined;
  if (now.size > size) {
    const startedAt = Date.now() - uptime() * 1000;
    const onlyOurs = boot === bootId() ? now.size <= end : now.mtimeMs < startedAt;
    if (!onlyOurs)
      return `${path}: an interrupted save left part of a message at byte ${size}; others wrote since, so it stays`;
    ftruncateSync(descriptor, size);
    fsyncSync(descriptor);
  }
  if (created && size === 0) unlinkSync(path);
  return undefined;
}

/** Cuts back what an append to this file left half done. @param descriptor the file, locked */
export function settleAppend(directory: string, path: string, descriptor: number): void {
  const name = intentPath(directory, path);
  if (readIntent(name) !== undefined) settle(directory, name, descriptor);
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
