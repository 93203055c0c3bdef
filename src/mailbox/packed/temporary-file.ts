/** A private file without a name, for what must be read at random but comes as a stream. */
import { openSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { Exit, MailError } from "../../errors.ts";
import { isSystemError, strerror } from "../../system-error.ts";

/** Where there is room: /tmp is often memory, /var/tmp never. */
export function temporaryDirectory(): string {
  return process.env["TMPDIR"] || "/var/tmp";
}

/**
 * @returns a descriptor for reading and writing; its space is free again when it is closed, however the program ends
 * @throws MailError that names the directory
 */
export function openTemporary(): number {
  const directory = temporaryDirectory();
  const random = Math.random().toString(36).slice(2);
  const path = join(directory, `mail-${process.pid}-${random}`);
  try {
    const descriptor = openSync(path, "wx+", 0o600);
    unlinkSync(path);
    return descriptor;
  } catch (error) {
    throw isSystemError(error) ? cannotHold(error, directory) : error;
  }
}

function cannotHold(error: NodeJS.ErrnoException, directory: string): MailError {
  return new MailError(`${directory}: ${strerror(error)}; set TMPDIR to a directory with room`, Exit.CantCreate, error);
}

/** A failing write to it, in words that say what to do. */
export function withoutRoom(name: string): MailError {
  const directory = temporaryDirectory();
  const text = `${directory}: No space left on device for the unpacked ${name}; set TMPDIR to a directory with room`;
  return new MailError(text, Exit.IoErr);
}
