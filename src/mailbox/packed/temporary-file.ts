/** Creates a private file without a name, for random access to a stream's contents. */
import { openSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { Exit, MailError } from "../../errors.ts";
import { isSystemError, strerror } from "../../system-error.ts";

/** Returns the directories to try. /var/tmp is preferred, because /tmp is often in memory. */
function listTemporaryDirectories(): readonly string[] {
  const named = process.env["TMPDIR"];
  return named === undefined || named === "" ? ["/var/tmp", "/tmp"] : [named];
}

export interface TemporaryFile {
  /** Open for reading and writing. The file's space is freed when the file is closed or the program crashes. */
  readonly descriptor: number;
  readonly directory: string;
}

/** Creates a temporary file. @throws MailError that names the directory if the file cannot be created */
export function openTemporary(): TemporaryFile {
  let failed: unknown;
  for (const directory of listTemporaryDirectories()) {
    const random = Math.random().toString(36).slice(2);
    const path = join(directory, `mail-${process.pid}-${random}`);
    try {
      const descriptor = openSync(path, "wx+", 0o600);
      unlinkSync(path);
      return { descriptor, directory };
    } catch (error) {
      if (!isSystemError(error)) throw error;
      failed ??= new MailError(
        `${directory}: ${strerror(error)}; set TMPDIR to a directory with enough space`,
        Exit.CantCreate,
        { cause: error },
      );
    }
  }
  throw failed;
}

/** Returns the error for a write that failed because the disk is full. */
export function withoutRoom(directory: string, name: string): MailError {
  const text = `${directory}: No space left on device for the unpacked ${name}; set TMPDIR to a directory with enough space`;
  return new MailError(text, Exit.IoErr);
}
