/** Cuts back what an append left half done when it was interrupted, by what its intent tells (append-intent.ts). */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { isSystemError } from "../system-error.ts";
import { bootId, holdsOnlyOurs, intentPath, intentSuffix, type Left, readIntent } from "./append-intent.ts";
import { syncDirectory } from "./file-ranges.ts";
import { lockFile } from "./lock/lock-file.ts";

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
    if (!entry.endsWith(intentSuffix)) continue;
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
      if (isSystemError(error) && error.code === "ENOENT") rmSync(name, { force: true });
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }
  return notices;
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

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
