/** A private file without a name, for what must be read at random but comes as a stream. */
import { openSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { Exit, MailError } from "../../errors.ts";
import { isSystemError, strerror } from "../../system-error.ts";

/** Where there is room: /tmp is often memory, /var/tmp never. */
function directories(): readonly string[] {
  const named = process.env["TMPDIR"];
  return named === undefined || named === "" ? ["/var/tmp", "/tmp"] : [named];
}

export interface TemporaryFile {
  /** For reading and writing; its space is free again when it is closed, however the program ends. */
  readonly descriptor: number;
  readonly directory: string;
}

/** @throws MailError that names the directory where it can't be made */
export function openTemporary(): TemporaryFile {
  let failed: unknown;
  for (const directory of directories()) {
    const random = Math.random().toString(36).slice(2);
    const path = join(directory, `mail-${process.pid}-${random}`);
    try {
      const descriptor = openSync(path, "wx+", 0o600);
      unlinkSync(path);
      return { descriptor, directory };
    } catch (error) {
      if (!isSystemError(error)) throw error;
      failed ??= new MailError(
        `${directory}: ${strerror(error)}; set TMPDIR to a directory with room`,
        Exit.CantCreate,
        error,
      );
    }
  }
  throw failed;
}

/** Returns a failing write to it, in words that say what to do. */
export function withoutRoom(directory: string, name: string): MailError {
  const text = `${directory}: No space left on device for the unpacked ${name}; set TMPDIR to a directory with room`;
  return new MailError(text, Exit.IoErr);
}
