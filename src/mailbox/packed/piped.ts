/** Reads a mailbox from standard input into a private temporary file, and then reopens standard input as the terminal. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isSystemError } from "../../system-error.ts";
import { writeAll } from "../file-ranges.ts";
import { openTemporary, withoutRoom } from "./temporary-file.ts";

const pieceSize = 1 << 20;

/**
 * Reads standard input to its end, and then reopens it as the terminal, or as /dev/null if there is no terminal.
 *
 * Must be called before any other code reads standard input.
 *
 * @returns a path by which the mailbox can be opened as long as the process runs
 * @throws MailError if the disk is full
 */
export async function takePipedMailbox(): Promise<string> {
  const kept = fstatSync(0).isFile()
    ? openSync("/proc/self/fd/0", constants.O_RDONLY)
    : await copyOfStream(0, "standard input");
  closeSync(0);
  // openSync returns the lowest free descriptor, which is now standard input's.
  try {
    openSync("/dev/tty", constants.O_RDWR);
  } catch {
    openSync("/dev/null", constants.O_RDONLY);
  }
  return `/proc/self/fd/${kept}`;
}

/** Returns a path at which an empty mailbox can be opened while the process runs. @throws MailError */
export function emptyMailbox(): string {
  return `/proc/self/fd/${openTemporary().descriptor}`;
}

/**
 * Reads a pipe to its end.
 *
 * @returns a descriptor of an unnamed file with the pipe's contents
 * @throws MailError if the disk is full
 */
export async function copyOfStream(stream: number, name: string): Promise<number> {
  const { descriptor: kept, directory } = openTemporary();
  const piece = Buffer.allocUnsafe(pieceSize);
  for (let at = 0; ; ) {
    let length: number;
    try {
      length = readSync(stream, piece, 0, pieceSize, null);
    } catch (error) {
      // Another program has made the pipe non-blocking.
      if (!isSystemError(error) || error.code !== "EAGAIN") throw error;
      await sleep(5);
      continue;
    }
    if (length === 0) return kept;
    try {
      writeAll(kept, piece.subarray(0, length), at);
    } catch (error) {
      throw isSystemError(error) && error.code === "ENOSPC" ? withoutRoom(directory, name) : error;
    }
    at += length;
  }
}
