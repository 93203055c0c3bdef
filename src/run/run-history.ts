/**
 * What a job remembers between its runs: when it last sent, what the output was, and which runs wait for a digest.
 *
 * One file a job in the private state directory, changed under its lock, so that runs that overlap keep each other's
 * entries. A run that waits stays in it until the message that tells of it was accepted.
 */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync } from "node:fs";
import { join } from "node:path";
import { readRange, writeAll } from "../mailbox/file-ranges.ts";
import { lockFile } from "../mailbox/lock/lock-file.ts";
import { makePrivateDirectory, openPrivateFile } from "../private-file.ts";
import { addPathToError } from "../system-error.ts";

export interface WaitingRun {
  readonly id: string;
  /** ISO 8601 */
  readonly started: string;
  readonly seconds: number;
  readonly code: number;
  /** The end of its output, for a digest; empty without --digest. */
  readonly output: string;
}

export interface JobState {
  /** ISO 8601; null before the first message. */
  sentAt: string | null;
  /** sha256 of exit code and output of the last run; null before the first. */
  outcome: string | null;
  waiting: WaitingRun[];
}

const empty = (): JobState => ({ sentAt: null, outcome: null, waiting: [] });

/** Two jobs are the same when they run the same command for the same people under the same subject. */
export function jobKey(parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 32);
}

/**
 * Changes the state under its lock. @returns what `change` returns
 * @throws MailError naming the file, when it can't be written; MailboxBusy when another run keeps the lock too long
 */
export async function withState<T>(
  directory: string,
  key: string,
  lockwait: number,
  change: (state: JobState) => T,
): Promise<T> {
  const place = join(directory, "run");
  const path = join(place, `${key}.json`);
  try {
    makePrivateDirectory(place);
    const descriptor = openPrivateFile(path, constants.O_RDWR | constants.O_CREAT);
    try {
      const release = await lockFile(path, descriptor, lockwait);
      try {
        const state = parseState(readRange(descriptor, 0, fstatSync(descriptor).size));
        const result = change(state);
        const bytes = Buffer.from(`${JSON.stringify(state)}\n`);
        writeAll(descriptor, bytes, 0);
        ftruncateSync(descriptor, bytes.length);
        fsyncSync(descriptor);
        return result;
      } finally {
        await release();
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw addPathToError(path, error);
  }
}

/** A file that a crash tore, or that somebody edited, counts as none. */
function parseState(bytes: Buffer): JobState {
  try {
    const { sentAt, outcome, waiting } = JSON.parse(bytes.toString("utf8")) as Partial<JobState>;
    return {
      sentAt: typeof sentAt === "string" && !Number.isNaN(Date.parse(sentAt)) ? sentAt : null,
      outcome: typeof outcome === "string" ? outcome : null,
      waiting: Array.isArray(waiting) ? waiting.filter((run) => typeof run?.id === "string") : [],
    };
  } catch {
    return empty();
  }
}
