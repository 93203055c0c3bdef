/**
 * Settles interrupted appends according to their intents (append-intent.ts): removes incomplete appends and keeps all other
 * bytes.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  realpathSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { listNames } from "../file-stats.ts";
import { isSystemError } from "../system-error.ts";
import { bootId, compareIntent, intentPath, intentSuffix, type Left, readIntent } from "./append-intent.ts";
import { syncDirectory } from "./file-ranges.ts";
import { lockFile } from "./lock/lock-file.ts";

/**
 * Settles an interrupted append to one file.
 *
 * @param descriptor the descriptor of the locked file
 * @returns a notice for the user, if there is something to report
 */
export function settleAppend(directory: string, path: string, descriptor: number): string | undefined {
  return settleIntent(directory, intentPath(directory, path), descriptor);
}

/**
 * Settles interrupted appends to all files. A locked file is left to the session that holds the lock, or to the next
 * start of `mail`.
 *
 * @returns notices for the user
 */
export async function settleAppends(directory: string): Promise<string[]> {
  const notices: string[] = [];
  for (const entry of listNames(directory)) {
    if (!entry.endsWith(intentSuffix)) continue;
    const name = join(directory, entry);
    const path = readIntent(name)?.begun.path;
    if (path === undefined) continue;
    let descriptor: number | undefined;
    try {
      // Version 0.1.0 recorded the path without resolving symbolic links.
      descriptor = openSync(realpathSync(path), constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
      const release = await lockFile(path, descriptor, 0);
      try {
        // The intent is read again, because the session that wrote it may have finished the append in the meantime.
        const notice = settleIntent(directory, name, descriptor);
        if (notice !== undefined) notices.push(notice);
      } finally {
        await release();
      }
    } catch (error) {
      // If the file no longer exists, there is nothing to truncate. If the file is locked or not writable, the next
      // start of `mail` tries again.
      if (isSystemError(error) && error.code === "ENOENT") rmSync(name, { force: true });
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }
  return notices;
}

function settleIntent(directory: string, name: string, descriptor: number): string | undefined {
  const left = readIntent(name);
  if (left === undefined) return undefined;
  const notice = settleLeft(left, descriptor);
  unlinkSync(name);
  syncDirectory(directory);
  return notice;
}

function settleLeft(left: Left, descriptor: number): string | undefined {
  const { path, dev, ino, size, created, boot } = left.begun;
  const now = fstatSync(descriptor);
  if (now.dev !== dev || now.ino !== ino || now.size < size || !now.isFile()) return undefined;
  const running = boot === bootId();
  const held = compareIntent(left, descriptor, now.size, running);
  if (held === "all") {
    fsyncSync(descriptor);
    return `${path}: a save was interrupted after all its data had been written; the saved messages were kept`;
  }
  const startedAt = Date.now() - uptime() * 1000;
  if (held === "unknown" || (held === "prefix" && !running && now.mtimeMs >= startedAt))
    return `${path}: an interrupted save left part of a message at byte ${size}, or another program has written there since; nothing was removed`;
  if (held === "prefix") {
    ftruncateSync(descriptor, size);
    fsyncSync(descriptor);
  }
  if (created && size === 0) unlinkSync(path);
  return held === "prefix"
    ? `${path}: an interrupted save was incomplete; the ${now.size - size} bytes that it had written were removed`
    : undefined;
}
