/**
 * A private queue of messages that a server has temporarily refused.
 *
 * An entry consists of two files in the state directory. `ID.json` is written first, and is always replaced as a whole.
 * `ID.message` contains the message. The message is first written as `ID.partial`; renaming that file creates the
 * entry.
 *
 * A process that attempts delivery holds the lock on a third file, `ID.lock`, so that concurrent flushes do not send a
 * message twice. The lock has its own file because a POSIX lock is released when the process that holds it closes any
 * descriptor of the file.
 *
 * A fourth file, `ID.unsure`, exists while the server has the complete message but has not replied. If this file exists
 * and the lock is not held, a flush was killed while it waited for the reply.
 */

import { isAscii as isAsciiPiece } from "node:buffer";
import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  createReadStream,
  createWriteStream,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { statIfPresent } from "../file-stats.ts";
import { lockFile } from "../mailbox/lock/lock-file.ts";
import { MailboxBusy } from "../mailbox/mailbox-errors.ts";
import {
  createPrivateFile,
  ifTrusted,
  makePrivateDirectory,
  NotTrusted,
  openPrivateFile,
  readPrivateFile,
  replacePrivateFile,
  reportDistrust,
} from "../private-file.ts";
import { addPathToError, isSystemError, strerror } from "../system-error.ts";
import { type Damaged, type Entry, entryOf, firstEntry, isDamaged, recordAttempt } from "./queue-entry.ts";
import type { Envelope, Outgoing, Refusal } from "./transport.ts";

type Kind = "message" | "partial" | "json" | "lock" | "unsure";

/**
 * The files that may remain after an entry's message has been removed. Without a message, these files do not form an
 * entry.
 */
const besides = ["json", "unsure", "lock"] as const;

/** The decision about an entry after an attempt. */
export type Verdict =
  | {
      /** The remaining recipients. If any of these recipients may have received the message, it is not sent again. */
      readonly keep: readonly Refusal[];
    }
  | "done";

/** The time in milliseconds after which an incomplete message is considered abandoned. */
const abandonedAfter = 60 * 60 * 1000;

/** Stores messages that a server has temporarily refused. */
export class Queue {
  readonly #directory: string;

  /** @param directory the queue's directory, which need not exist */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Stores a message and returns its ID once the message is on the disk.
   *
   * @throws MailError if the message cannot be stored; no part of it remains
   */
  async add(way: string, envelope: Envelope, reasons: readonly Refusal[], message: Outgoing): Promise<string> {
    const now = new Date();
    const id = `Q${now.getTime().toString(36)}${randomBytes(3).toString("hex")}`.toUpperCase();
    const partial = this.#path(id, "partial");
    try {
      makePrivateDirectory(this.#directory);
      this.#write(firstEntry(id, way, envelope, reasons, now));
      await pipeline(message.open(), createWriteStream(partial, { fd: createPrivateFile(partial) }));
      syncFile(partial);
      renameSync(partial, this.#path(id, "message"));
      syncFile(this.#directory);
      return id;
    } catch (error) {
      for (const kind of ["partial", "message", "json"] as const) removeIfPresent(this.#path(id, kind));
      throw addPathToError(this.#directory, error);
    }
  }

  /** Returns all entries: first the damaged entries, then the others, oldest first. */
  entries(): (Entry | Damaged)[] {
    const created = (entry: Entry | Damaged) => (isDamaged(entry) ? "" : entry.created);
    return this.#ids("message")
      .flatMap((id) => this.#read(id) ?? [])
      .sort((a, b) => (created(a) < created(b) ? -1 : created(a) > created(b) ? 1 : 0));
  }

  /**
   * Removes files that a killed process left behind.
   *
   * @param keep a function that receives a message file, which may be incomplete, and returns whether it may be removed
   */
  async clear(keep: (id: string, start: Outgoing) => Promise<boolean>): Promise<void> {
    const entries = new Set(this.#ids("message"));
    for (const id of this.#ids("partial")) {
      const path = this.#path(id, "partial");
      if (!isAbandoned(path)) continue;
      const start = ifTrusted(() => readPrivate(path));
      if (start !== undefined && (await keep(id, start))) removeIfPresent(path);
    }
    // Only a flush creates a lock. A lock without a message remains if a flush was killed while it was removing the
    // entry.
    for (const id of this.#ids("lock")) {
      if (!entries.has(id) && (await this.#isUnlocked(id)))
        for (const kind of besides) removeIfPresent(this.#path(id, kind));
    }
    for (const kind of besides) {
      for (const id of this.#ids(kind)) {
        const path = this.#path(id, kind);
        if (!entries.has(id) && isAbandoned(path)) removeIfPresent(path);
      }
    }
  }

  /** Returns whether no process is working on an entry. */
  async #isUnlocked(id: string): Promise<boolean> {
    const path = this.#path(id, "lock");
    const descriptor = ifTrusted(() => openPrivateFile(path, constants.O_RDWR));
    if (descriptor === undefined) return false;
    try {
      const release = await lockFile(path, descriptor, 0);
      await release();
      return true;
    } catch (error) {
      if (error instanceof MailboxBusy) return false;
      throw error;
    } finally {
      closeSync(descriptor);
    }
  }

  message({ id }: Pick<Entry, "id">): Outgoing {
    return readPrivate(this.#path(id, "message"));
  }

  /**
   * Returns the message for delivery. Once the message has been read completely, its outcome is considered unknown
   * until the attempt has ended.
   */
  async departing({ id }: Pick<Entry, "id">): Promise<Outgoing> {
    const { size, open } = this.message({ id });
    const unsure = this.#path(id, "unsure");
    const departing: Outgoing = {
      size,
      async *open() {
        yield* open();
        closeSync(createPrivateFile(unsure));
      },
    };
    let isAscii = true;
    for await (const piece of open()) isAscii &&= isAsciiPiece(piece);
    // Messages with bytes above 127 are queued only by `sendmail`. A server without 8BITMIME receives such bytes
    // unchanged.
    return isAscii ? departing : { ...departing, sevenBit: () => departing };
  }

  /** Returns whether a flush was killed after the server received the complete message and before it replied. */
  isUnsure({ id }: Pick<Entry, "id">): boolean {
    return existsSync(this.#path(id, "unsure"));
  }

  /**
   * Attempts delivery of an entry under its lock.
   *
   * @param attempt a function that receives the current entry and returns the decision about it
   * @returns false if another process is working on the entry or has sent it
   * @throws MailError, before the attempt, if it would be impossible to remove the entry after the attempt
   */
  async withEntry(id: string, attempt: (entry: Entry | Damaged) => Promise<Verdict>): Promise<boolean> {
    const path = this.#path(id, "lock");
    let descriptor: number;
    try {
      accessSync(this.#directory, constants.W_OK);
      descriptor = openPrivateFile(path, constants.O_RDWR | constants.O_CREAT);
    } catch (error) {
      throw addPathToError(path, error);
    }
    let release: (() => Promise<void>) | undefined;
    try {
      release = await lockFile(path, descriptor, 0);
      const entry = this.#read(id);
      if (entry === undefined) {
        removeIfPresent(path);
        return false;
      }
      const verdict = await attempt(entry);
      if (verdict === "done") this.#drop(id);
      else if (!isDamaged(entry)) {
        try {
          this.#postpone(recordAttempt(entry, verdict.keep));
        } finally {
          if (verdict.keep.every(({ unknown }) => unknown !== true)) removeIfPresent(this.#path(id, "unsure"));
        }
      }
      return true;
    } catch (error) {
      if (!(error instanceof MailboxBusy)) throw error;
      // The process that holds the lock removes the lock file together with the message. This call may have recreated
      // the file.
      if (!existsSync(this.#path(id, "message"))) removeIfPresent(path);
      return false;
    } finally {
      await release?.();
      closeSync(descriptor);
    }
  }

  #ids(kind: Kind): string[] {
    try {
      return readdirSync(this.#directory).flatMap((name) =>
        name.endsWith(`.${kind}`) ? [name.slice(0, -kind.length - 1)] : [],
      );
    } catch (error) {
      if (isSystemError(error) && error.code === "ENOENT") return [];
      throw addPathToError(this.#directory, error);
    }
  }

  #read(id: string): Entry | Damaged | undefined {
    let text: string | undefined;
    let reason = "invalid content";
    try {
      text = readPrivateFile(this.#path(id, "json")).toString("utf8");
      readPrivate(this.#path(id, "message"));
    } catch (error) {
      if (error instanceof NotTrusted) {
        // The entry stays in the queue and is not sent.
        reportDistrust(error);
        return undefined;
      }
      if (!isSystemError(error) || !["ENOENT", "EISDIR"].includes(error.code)) {
        throw addPathToError(this.#path(id, "json"), error);
      }
      reason = strerror(error);
    }
    // Another process has sent the message and removed the message file, which is always removed before the entry's
    // other files.
    if (!existsSync(this.#path(id, "message"))) return undefined;
    return (
      (text === undefined ? undefined : entryOf(id, text)) ?? { id, damaged: `${this.#path(id, "json")}: ${reason}` }
    );
  }

  /**
   * Removes an entry.
   *
   * @throws MailError if the message cannot be removed and would be sent again
   */
  #drop(id: string): void {
    const path = this.#path(id, "message");
    try {
      unlinkSync(path);
    } catch (error) {
      if (isSystemError(error) && error.code !== "ENOENT") throw addPathToError(path, error);
    }
    for (const kind of besides) removeIfPresent(this.#path(id, kind));
  }

  /**
   * Stores the remaining recipients. On a full disk, the reasons are dropped to make room for the list. Without the
   * list, recipients could receive the message twice.
   */
  #postpone(entry: Entry): void {
    try {
      this.#write(entry);
    } catch (error) {
      const path = this.#path(entry.id, "json");
      const reasons = entry.reasons.map((each) => ({ ...each, reply: "" }));
      overwriteFile(path, Buffer.from(JSON.stringify({ ...entry, reasons })));
      throw addPathToError(path, error);
    }
  }

  #write(entry: Entry): void {
    const text = `${JSON.stringify(entry, undefined, 2)}\n`;
    replacePrivateFile(this.#path(entry.id, "json"), [Buffer.from(text)], { isSynced: true });
    syncFile(this.#directory);
  }

  #path(id: string, kind: Kind): string {
    return join(this.#directory, `${id}.${kind}`);
  }
}

/**
 * Returns a message file that can be read repeatedly.
 *
 * @throws NotTrusted, or the system's error
 */
function readPrivate(path: string): Outgoing {
  const descriptor = openPrivateFile(path, constants.O_RDONLY);
  try {
    const { size } = fstatSync(descriptor);
    return { size, open: () => createReadStream(path, { fd: openPrivateFile(path, constants.O_RDONLY) }) };
  } finally {
    closeSync(descriptor);
  }
}

function isAbandoned(path: string): boolean {
  const changed = statIfPresent(path)?.mtimeMs;
  return changed !== undefined && changed < Date.now() - abandonedAfter;
}

function syncFile(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Overwrites a file with shorter content, which needs no additional space. */
function overwriteFile(path: string, bytes: Uint8Array): void {
  const descriptor = openPrivateFile(path, constants.O_RDWR);
  try {
    writeSync(descriptor, bytes);
    ftruncateSync(descriptor, bytes.length);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function removeIfPresent(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // The file does not exist, or the directory is not writable. The next flush removes the file.
  }
}
