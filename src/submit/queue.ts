/**
 * A private queue of messages that a server would not take yet.
 *
 * An entry is two files in the state directory: `ID.json`, which is written first and always replaced as a whole, and
 * `ID.message`, the bytes, which are written as `ID.partial`; the rename makes it an entry. Who tries to send holds the
 * lock of a third, `ID.lock`, so that of several flushes at once each message is sent by one. (A third, because a POSIX
 * lock is lost when its process closes any descriptor of the file, and the message is read.) A fourth, `ID.unsure`, is
 * there while the whole message is with a server that has not answered yet: whoever finds it, without the lock being
 * held, knows that a flush was killed then.
 */

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
  reportDistrust,
} from "../private-file.ts";
import { addPathToError, isSystemError, strerror } from "../system-error.ts";
import { queueDirectory } from "./queue-directory.ts";
import { type Damaged, type Entry, entryOf, firstEntry, isDamaged, later } from "./queue-entry.ts";
import type { Envelope, Outgoing, Refusal } from "./transport.ts";

type Kind = "message" | "partial" | "json" | "lock" | "unsure";

/** What is left of an entry once its message is gone, without which it is none. */
const besides = ["json", "unsure", "lock"] as const;

/** What is to be done with an entry after a try. */
export type Verdict =
  | {
      /** Who did not get it. While one of them may have it all the same, it is not sent again. */
      readonly keep: readonly Refusal[];
    }
  | "done";

/** Milliseconds after which a message that is not whole is one that nobody writes any more. */
const abandonedAfter = 60 * 60 * 1000;

/** Stores messages that a server refused for now. */
export class Queue {
  readonly #directory: string;

  /** @param state the state directory of the user */
  constructor(state: string) {
    this.#directory = queueDirectory(state);
  }

  /** @returns its id, once it is on the disk. @throws MailError when it can't be kept; then nothing is left of it */
  async add(way: string, envelope: Envelope, reasons: readonly Refusal[], message: Outgoing): Promise<string> {
    const now = new Date();
    const id = `Q${now.getTime().toString(36)}${randomBytes(3).toString("hex")}`.toUpperCase();
    const partial = this.#path(id, "partial");
    try {
      makePrivateDirectory(this.#directory);
      this.#write(firstEntry(id, way, envelope, reasons, now));
      await pipeline(message.open(), createWriteStream(partial, { fd: createPrivateFile(partial) }));
      sync(partial);
      renameSync(partial, this.#path(id, "message"));
      sync(this.#directory);
      return id;
    } catch (error) {
      for (const kind of ["partial", "message", "json"] as const) removeIfPresent(this.#path(id, kind));
      throw addPathToError(this.#directory, error);
    }
  }

  /** What waits, the oldest first; what is damaged comes before that. */
  entries(): (Entry | Damaged)[] {
    const created = (entry: Entry | Damaged) => (isDamaged(entry) ? "" : entry.created);
    return this.#ids("message")
      .flatMap((id) => this.#read(id) ?? [])
      .sort((a, b) => (created(a) < created(b) ? -1 : created(a) > created(b) ? 1 : 0));
  }

  /**
   * What a process left that was killed while it put a message here, or took one away.
   *
   * @param keep gets the start of a message, perhaps all of it. @returns whether it may go
   */
  async clear(keep: (id: string, start: Outgoing) => Promise<boolean>): Promise<void> {
    const entries = new Set(this.#ids("message"));
    for (const id of this.#ids("partial")) {
      const path = this.#path(id, "partial");
      if (!isAbandoned(path)) continue;
      const start = ifTrusted(() => readPrivate(path));
      if (start !== undefined && (await keep(id, start))) removeIfPresent(path);
    }
    // Only a flush makes a lock: one without a message is what a flush left that was killed while it removed the entry.
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

  /** Whether no process works on an entry. */
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

  /** The message on its way out: once its end is read, what becomes of it is unsure until the verdict. */
  departing({ id }: Pick<Entry, "id">): Outgoing {
    const { size, open } = this.message({ id });
    const unsure = this.#path(id, "unsure");
    return {
      size,
      async *open() {
        yield* open();
        closeSync(createPrivateFile(unsure));
      },
    };
  }

  /** A flush was killed while the server had the whole message and had not answered. */
  isUnsure({ id }: Pick<Entry, "id">): boolean {
    return existsSync(this.#path(id, "unsure"));
  }

  /**
   * Tries one entry, under its lock.
   *
   * @param attempt gets the entry as it is now, and says what is to become of it
   * @returns false when another process has it, or has sent it meanwhile
   * @throws MailError, before the attempt, when nothing could be taken out of the queue afterwards
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
          this.#postpone(later(entry, verdict.keep));
        } finally {
          if (verdict.keep.every(({ unknown }) => unknown !== true)) removeIfPresent(this.#path(id, "unsure"));
        }
      }
      return true;
    } catch (error) {
      if (!(error instanceof MailboxBusy)) throw error;
      // Who has it takes away the lock's file with the message; this may be another one, made after that.
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
    let reason = "not what was written there";
    try {
      text = readPrivateFile(this.#path(id, "json")).toString("utf8");
      readPrivate(this.#path(id, "message"));
    } catch (error) {
      if (error instanceof NotTrusted) {
        // It stays where it is, and is not sent.
        reportDistrust(error);
        return undefined;
      }
      if (!isSystemError(error) || !["ENOENT", "EISDIR"].includes(error.code)) {
        throw addPathToError(this.#path(id, "json"), error);
      }
      reason = strerror(error);
    }
    // Sent by another process meanwhile: the message goes first.
    if (!existsSync(this.#path(id, "message"))) return undefined;
    return (
      (text === undefined ? undefined : entryOf(id, text)) ?? { id, damaged: `${this.#path(id, "json")}: ${reason}` }
    );
  }

  /** @throws MailError when the message would be sent once more */
  #drop(id: string): void {
    const path = this.#path(id, "message");
    try {
      unlinkSync(path);
    } catch (error) {
      if (isSystemError(error) && error.code !== "ENOENT") throw addPathToError(path, error);
    }
    for (const kind of besides) removeIfPresent(this.#path(id, kind));
  }

  /** A full disk must not bring back recipients who have the message: without reasons there is room for the others. */
  #postpone(entry: Entry): void {
    try {
      this.#write(entry);
    } catch (error) {
      const path = this.#path(entry.id, "json");
      const reasons = entry.reasons.map((each) => ({ ...each, reply: "" }));
      overwrite(path, Buffer.from(JSON.stringify({ ...entry, reasons })));
      throw addPathToError(path, error);
    }
  }

  #write(entry: Entry): void {
    const path = this.#path(entry.id, "json");
    const fresh = `${path}.${process.pid}`;
    try {
      const descriptor = createPrivateFile(fresh);
      try {
        writeSync(descriptor, `${JSON.stringify(entry, undefined, 2)}\n`);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(fresh, path);
      sync(this.#directory);
    } catch (error) {
      removeIfPresent(fresh);
      throw error;
    }
  }

  #path(id: string, kind: Kind): string {
    return join(this.#directory, `${id}.${kind}`);
  }
}

/** A message file, to be read as often as needed. @throws NotTrusted, or the system's error */
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

function sync(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** With less than it holds, and so within the room that it has. */
function overwrite(path: string, bytes: Uint8Array): void {
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
    // It was not there, or the directory can't be written: the next flush sees to it.
  }
}
