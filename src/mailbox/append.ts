/** The one way to add to a file of the user's: locked, synced, and cut back to where it began when it fails. */
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync } from "node:fs";
import { isSystemError, named } from "../system-error.ts";
import { readRange, writePieces } from "./bytes.ts";
import { lockFile } from "./lock/lock-file.ts";

export interface AppendOptions {
  /** Seconds to wait for another program's lock. */
  readonly lockwait: number;
}

export interface Appended {
  readonly created: boolean;
}

/** What has to stand between the old end of a mailbox and a From_ line so that it begins a message. */
export function separator(descriptor: number, size: number): Buffer {
  if (size === 0) return Buffer.alloc(0);
  const end = readRange(descriptor, Math.max(0, size - 4), size).toString("latin1");
  if (!end.endsWith("\n")) return Buffer.from("\n\n");
  return /(^|\n)\r?\n$/.test(end) ? Buffer.alloc(0) : Buffer.from(end.endsWith("\r\n") ? "\r\n" : "\n");
}

function openForAppend(path: string): { descriptor: number; created: boolean } {
  try {
    return { descriptor: openSync(path, constants.O_RDWR), created: false };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === "ENOENT") return { descriptor: openSync(path, "wx+", 0o600), created: true };
    throw error;
  }
}

async function append(
  path: string,
  pieces: (descriptor: number, size: number) => Iterable<Uint8Array>,
  { lockwait }: AppendOptions,
): Promise<Appended> {
  let descriptor: number | undefined;
  try {
    const opened = openForAppend(path);
    descriptor = opened.descriptor;
    if (!fstatSync(descriptor).isFile()) {
      for (const piece of pieces(descriptor, 0)) writePieces(descriptor, [piece], 0);
      return { created: false };
    }
    const release = await lockFile(path, descriptor, lockwait);
    try {
      const { size } = fstatSync(descriptor);
      try {
        writePieces(descriptor, pieces(descriptor, size), size);
        fsyncSync(descriptor);
      } catch (error) {
        ftruncateSync(descriptor, size);
        throw error;
      }
    } finally {
      await release();
    }
    return { created: opened.created };
  } catch (error) {
    throw named(path, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * Appends messages in mbox form, each with its From_ line and its final empty line.
 *
 * @throws MailboxBusy, or MailError with the system's reason; the file is then as it was
 */
export function appendMessages(
  path: string,
  messages: Iterable<Iterable<Uint8Array>>,
  options: AppendOptions,
): Promise<Appended> {
  return append(
    path,
    function* (descriptor, size) {
      yield separator(descriptor, size);
      for (const message of messages) yield* message;
    },
    options,
  );
}

/** The same for bytes that are no messages (`write`, dead.letter). */
export function appendBytes(path: string, pieces: Iterable<Uint8Array>, options: AppendOptions): Promise<Appended> {
  return append(path, () => pieces, options);
}
