/**
 * Opens the terminal from which lines are read. The terminal is reopened for each period of reading.
 *
 * After a Ctrl-D, Node's standard input can no longer be read, and a pending read of descriptor 0 prevents the process
 * from exiting. Each period of reading therefore has its own stream, which is destroyed when the period ends.
 */
import { closeSync, constants, openSync, readSync } from "node:fs";
import { ReadStream } from "node:tty";
import { isSystemError } from "../system-error.ts";

/** Opens the terminal. Returns undefined if the terminal is lost, for example after a hang-up. */
export function openTerminalDevice(): ReadStream | undefined {
  const descriptor = openDescriptor();
  if (descriptor === undefined) return undefined;
  try {
    return readStreamOf(descriptor);
  } catch {
    closeSync(descriptor);
    return undefined;
  }
}

/**
 * Returns a stream that owns a descriptor. libuv reopens a terminal and closes only its own descriptor, so the original
 * is closed here.
 */
export function readStreamOf(descriptor: number): ReadStream {
  const stream = new ReadStream(descriptor);
  const handle: unknown = Reflect.get(stream, "_handle");
  const own: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined;
  if (typeof own === "number" && own >= 0 && own !== descriptor) closeSync(descriptor);
  return stream;
}

/** Returns the bytes that can be read from the terminal without blocking. */
export function readAvailableKeys(): Buffer {
  const descriptor = openDescriptor(constants.O_RDONLY | constants.O_NONBLOCK);
  if (descriptor === undefined) return Buffer.alloc(0);
  const pieces: Buffer[] = [];
  try {
    for (;;) {
      const piece = Buffer.alloc(4096);
      const size = readSync(descriptor, piece);
      if (size === 0) break;
      pieces.push(piece.subarray(0, size));
    }
  } catch (error) {
    // EAGAIN means that all bytes have been read. After any other error, the next line reader finds that the terminal
    // has been lost.
    if (!isSystemError(error)) throw error;
  } finally {
    closeSync(descriptor);
  }
  return Buffer.concat(pieces);
}

function openDescriptor(flags: number = constants.O_RDONLY): number | undefined {
  // Standard input may be a terminal other than the controlling one, so /proc/self/fd/0 is tried first. After su, the
  // terminal may belong to another user, and that path then cannot be opened.
  for (const path of ["/proc/self/fd/0", "/dev/tty"]) {
    try {
      return openSync(path, flags);
    } catch (error) {
      if (!isSystemError(error)) throw error;
    }
  }
  return undefined;
}
