/** A mailbox that comes on standard input: kept in a private temporary file, and the terminal put in its place. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isSystemError } from "../../system-error.ts";
import { writeAll } from "../file-ranges.ts";
import { openTemporary, withoutRoom } from "./temporary-file.ts";

const pieceSize = 1 << 20;

/**
 * Reads standard input to its end; afterwards it is the terminal, or where there is none, an input at its end.
 *
 * To be called before anything else looks at standard input.
 *
 * @returns a path under which the mailbox can be opened while the process lives
 * @throws MailError when there is no room for it
 */
export async function takePipedMailbox(): Promise<string> {
  const kept = fstatSync(0).isFile()
    ? openSync("/proc/self/fd/0", constants.O_RDONLY)
    : await copyOfStream(0, "standard input");
  closeSync(0);
  // The lowest free number is taken: this is standard input from now on.
  try {
    openSync("/dev/tty", constants.O_RDWR);
  } catch {
    openSync("/dev/null", constants.O_RDONLY);
  }
  return `/proc/self/fd/${kept}`;
}

/**
 * Reads a pipe to its end.
 *
 * @returns a descriptor of what came, which has no name
 * @throws MailError when there is no room for it
 */
export async function copyOfStream(stream: number, name: string): Promise<number> {
  const { descriptor: kept, directory } = openTemporary();
  const piece = Buffer.allocUnsafe(pieceSize);
  for (let at = 0; ; ) {
    let length: number;
    try {
      length = readSync(stream, piece, 0, pieceSize, null);
    } catch (error) {
      // Another program has made this pipe non-blocking.
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
