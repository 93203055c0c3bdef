/**
 * Unpacks a compressed mailbox piece by piece into a private temporary file. Node's zlib unpacks gzip and, from Node
 * 22.15 on, zstd. All other formats are unpacked by their own programs.
 */
import { spawn } from "node:child_process";
import { closeSync, fstatSync, ftruncateSync } from "node:fs";
import { Exit, MailError } from "../../errors.ts";
import { notify } from "../../notices.ts";
import { isSystemError } from "../../system-error.ts";
import type { Compression } from "./compression.ts";
import { openTemporary, withoutRoom } from "./temporary-file.ts";
import { openZlibUnpacking, type Unpacking, type Watched } from "./zlib-unpacking.ts";

interface ByProgram {
  readonly path: string;
  readonly packed: number;
  readonly plain: number;
  /** The directory that contains the unpacked file. */
  readonly directory: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * Unpacks a file. The readable part of a damaged file is returned, and the damage is reported.
 *
 * @param path the path to print in error messages
 * @param packed open for reading, at its beginning
 * @returns a descriptor of the unpacked file, which has no name
 * @throws MailError if no program can unpack the file, the disk is full, or no part of the file can be read
 */
export async function unpackMailbox(
  path: string,
  packed: number,
  compression: Compression,
  watched: Watched = {},
): Promise<number> {
  const { descriptor: plain, directory } = openTemporary();
  try {
    const byZlib = await openZlibUnpacking(compression);
    const input = { path, packed, plain, directory, signal: watched.signal };
    const damage = await (byZlib === undefined
      ? unpackByProgram(input, compression)
      : unpackByZlibOrProgram(byZlib, input, compression, watched));
    if (damage !== undefined) {
      if (fstatSync(plain).size === 0) throw new MailError(`${path}: ${damage}`, Exit.DataErr);
      notify(`${path}: damaged or truncated (${damage}); the readable part is shown`);
    }
    return plain;
  } catch (error) {
    closeSync(plain);
    throw isSystemError(error) && isDiskFull(error) ? withoutRoom(directory, path) : error;
  }
}

/**
 * Unpacks with zlib, and again with the program if the file is damaged. Unlike the program, zlib does not return the
 * last bytes before the damage.
 */
async function unpackByZlibOrProgram(
  byZlib: Unpacking,
  input: ByProgram,
  compression: Compression,
  watched: Watched,
): Promise<string | undefined> {
  const { packed, plain } = input;
  const damage = await byZlib(packed, plain, watched);
  if (damage === undefined) return undefined;
  ftruncateSync(plain, 0);
  try {
    return await unpackByProgram(input, compression);
  } catch (error) {
    if (!(error instanceof MailError && error.exit === Exit.Unavailable)) throw error;
    return byZlib(packed, plain, watched);
  }
}

function isDiskFull({ code }: NodeJS.ErrnoException): boolean {
  return code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG";
}

/** Runs the program, which reads and writes the files directly. @returns the error that it reports */
function unpackByProgram(
  { path, packed, plain, directory, signal }: ByProgram,
  { name, program, package: debian }: Compression,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["-dc"], {
      stdio: [packed, plain, "pipe"],
      env: { ...process.env, LC_ALL: "C" },
      signal,
    });
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-2000);
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const text = `${path}: compressed with ${name}, but the program ${program} is not installed; apt-get install ${debian}`;
      reject(error.code === "ENOENT" ? new MailError(text, Exit.Unavailable, { cause: error }) : error);
    });
    child.on("close", (code, signal) => {
      if (code === 0) resolve(undefined);
      else if (/No space left|quota|File too large/i.test(said) || signal === "SIGXFSZ")
        reject(withoutRoom(directory, path));
      else resolve(lastLine(said) || `${program} ended with ${signal ?? code}`);
    });
  });
}

function lastLine(text: string): string {
  return (text.trim().split("\n").at(-1) ?? "").replace(/^[^:]*: (\(stdin\): |stdin: |\/\*stdin\*\\: )?/, "");
}
