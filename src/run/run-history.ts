/**
 * The state of a job between its runs: the time of its last message, a hash of its last outcome, and the runs that are
 * waiting for a digest.
 *
 * Each job has one file in the private state directory. The file is locked while it is changed, so that overlapping
 * runs preserve each other's entries. A waiting run is removed when the message that describes it has been accepted.
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
  /** In ISO 8601 format. */
  readonly started: string;
  readonly seconds: number;
  readonly code: number;
  /** The end of the output, for a digest; empty without --digest. */
  readonly output: string;
}

export interface JobState {
  /** In ISO 8601 format; null before the first message. */
  sentAt: string | null;
  /** The SHA-256 hash of the last run's exit code and output; null before the first run. */
  outcome: string | null;
  waiting: WaitingRun[];
}

const empty = (): JobState => ({ sentAt: null, outcome: null, waiting: [] });

/** Returns the key of a job. Jobs with the same command, recipients and subject share a key. */
export function jobKey(parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 32);
}

/**
 * Changes the state under its lock and returns the result of `change`.
 *
 * @throws MailError naming the file if it cannot be written, or MailboxBusy if another run holds the lock for too long
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

/** Returns the stored state, or an empty one if the file is damaged. */
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
