/**
 * Finds a mail server's log, which is either a file with its rotated versions or the systemd journal, and searches the
 * log for words.
 */
import { spawn } from "node:child_process";
import { accessSync, constants, createReadStream, existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createGunzip } from "node:zlib";
import { Exit, MailError } from "../errors.ts";
import { listNames } from "../file-stats.ts";
import { adviceToRead } from "../groups.ts";
import { isSystemError, strerror } from "../system-error.ts";

export interface LogSource {
  /** The log's name in error messages. */
  readonly name: string;
  /** The log's path; undefined for the journal. */
  readonly path: string | undefined;
}

/** The usual paths: on Debian (also for OpenSMTPD), on other systems, and for Exim. */
const usual = ["/var/log/mail.log", "/var/log/maillog", "/var/log/exim4/mainlog", "/var/log/exim/main.log"];

/**
 * Returns the log and its rotated files, the newest first.
 *
 * @param user the login name, for advice to root
 * @throws MailError with advice if a log is missing or cannot be read
 */
export function logSources(named: string | undefined, user: string): LogSource[] {
  if (named !== undefined && named !== "") return withRotated(named, user);
  const found = usual.filter((path) => existsSync(path) || listRotated(path).length > 0);
  if (found.length > 0) return found.flatMap((path) => withRotated(path, user));
  if (findJournalctl() !== undefined) return [{ name: "the journal", path: undefined }];
  throw new MailError(
    `no mail log found: neither ${usual.join(", ")} nor a journal; use -S maillog=FILE`,
    Exit.NoInput,
  );
}

function withRotated(path: string, user: string): LogSource[] {
  const older = listRotated(path);
  // Just after a rotation, the log does not exist until the server writes its next line.
  if (existsSync(path) || older.length === 0) requireReadable(path, user);
  return [path, ...older].map((each) => ({ name: each, path: each }));
}

/**
 * Returns a log's rotated files, the newest first. logrotate appends `.1`, `.2.gz` or, with `dateext`, `-20260116.gz`
 * to their names.
 */
function listRotated(path: string): string[] {
  const name = basename(path);
  const age = (each: string): number | undefined => {
    const [, number, date] = /^(?:\.(\d{1,7})|-(\d{8,10}))(?:\.gz)?$/.exec(each.slice(name.length)) ?? [];
    return number === undefined ? (date === undefined ? undefined : -Number(date)) : Number(number);
  };
  return listNames(dirname(path))
    .flatMap((each) => {
      const old = each.startsWith(name) ? age(each) : undefined;
      return old === undefined ? [] : [{ each, old }];
    })
    .sort((a, b) => a.old - b.old)
    .map(({ each }) => join(dirname(path), each));
}

function requireReadable(path: string, user: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const what = `${path}: ${strerror(error)}`;
    if (error.code !== "EACCES")
      throw new MailError(`${what}; use -S maillog=FILE for another log`, Exit.NoInput, { cause: error });
    throw new MailError(`${what}; ask root for: ${adviceToRead(path, user)}`, Exit.NoInput, { cause: error });
  }
}

function findJournalctl(): string | undefined {
  const directories = (process.env["PATH"] ?? "/usr/bin:/bin").split(":");
  return directories.map((directory) => join(directory, "journalctl")).find((path) => existsSync(path));
}

/** Maximum length of a log line in bytes. A longer line does not come from a mail server. */
const longest = 1024 * 1024;

/**
 * Yields the lines that contain one of the words, in the order of the log. Only these lines are decoded; the rest is
 * searched as bytes.
 *
 * @param from the offset in bytes at which to begin, because earlier parts have already been searched
 */
export async function* linesWith(
  source: LogSource,
  words: readonly string[],
  from = 0,
): AsyncGenerator<{ line: string; offset: number }> {
  for await (const part of readLogParts(source, from)) {
    for (const [start, stop] of part.linesWith(words))
      yield { line: part.text(start, stop), offset: part.offset + start };
  }
}

/** A part of a log that contains only complete lines. */
export class Part {
  readonly offset: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, offset: number) {
    this.#bytes = bytes;
    this.offset = offset;
  }

  /** Returns the ranges of the lines that contain one of the words, in order. */
  linesWith(words: readonly string[]): [start: number, stop: number][] {
    return linesIn(
      this.#bytes,
      words.map((word) => Buffer.from(word)),
    );
  }

  text(start: number, stop: number): string {
    return this.#bytes.toString("utf8", start, stop);
  }
}

/** Yields a log in parts of about a megabyte. */
export async function* readLogParts(source: LogSource, from = 0): AsyncGenerator<Part> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = from;
  for await (const piece of readLogPieces(source, from)) {
    const end = piece.lastIndexOf(10) + 1;
    if (end === 0) {
      rest = Buffer.concat([rest, piece]);
      if (rest.length > longest) {
        offset += rest.length;
        rest = Buffer.alloc(0);
      }
      continue;
    }
    const whole = piece.subarray(0, end);
    const first = whole.indexOf(10) + 1;
    // The line that two pieces share comes first, followed by all complete lines of this piece.
    for (const bytes of [Buffer.concat([rest, whole.subarray(0, first)]), whole.subarray(first)]) {
      if (bytes.length > 0) yield new Part(bytes, offset);
      offset += bytes.length;
    }
    rest = Buffer.from(piece.subarray(end));
  }
  if (rest.length > 0) yield new Part(rest, offset);
}

/** Returns the ranges of the lines that contain a search string, in order. */
function linesIn(part: Buffer, needles: readonly Buffer[]): [number, number][] {
  const found = new Map<number, number>();
  for (const needle of needles) {
    for (let at = part.indexOf(needle); at >= 0; ) {
      const start = part.lastIndexOf(10, at) + 1;
      const end = part.indexOf(10, at);
      const stop = end < 0 ? part.length : end;
      found.set(start, stop);
      at = part.indexOf(needle, stop);
    }
  }
  return [...found].sort(([a], [b]) => a - b);
}

async function* readLogPieces({ name, path }: LogSource, from: number): AsyncGenerator<Buffer> {
  try {
    if (path === undefined) yield* readJournal();
    else {
      const file = createReadStream(path, { highWaterMark: 1024 * 1024, start: from });
      yield* path.endsWith(".gz") ? file.pipe(createGunzip()) : file;
    }
  } catch (error) {
    // The file was rotated while it was being read, or an archive is damaged. The lines found so far are used.
    if (isSystemError(error) && error.code === "ENOENT") return;
    throw new MailError(`${name}: ${isSystemError(error) ? strerror(error) : String(error)}`, Exit.NoInput, {
      cause: error,
    });
  }
}

async function* readJournal(): AsyncGenerator<Buffer> {
  const argv = ["--no-pager", "--quiet", "--output=short", "SYSLOG_FACILITY=2"];
  const child = spawn(findJournalctl() ?? "journalctl", argv, { stdio: ["ignore", "pipe", "ignore"] });
  child.on("error", () => {});
  try {
    for await (const piece of child.stdout) yield piece as Buffer;
  } finally {
    child.kill();
  }
}
