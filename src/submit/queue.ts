/**
 * A private queue of messages that a server would not take yet.
 *
 * An entry is two files in the state directory: `ID.message`, the bytes, which is written first and never changed, and
 * `ID.json`, which is replaced as a whole and makes it an entry. Who tries to send holds the lock of a third,
 * `ID.lock`, so that of several flushes at once each message is sent by one. (A third, because a POSIX lock is lost when its
 * process closes any descriptor of the file, and the message is read.)
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  createReadStream,
  createWriteStream,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { MailboxBusy } from "../mailbox/errors.ts";
import { lockFile } from "../mailbox/lock/lock-file.ts";
import { isSystemError, named } from "../system-error.ts";
import { queueDirectory } from "./queue-directory.ts";
import type { Envelope, Outgoing, Refusal } from "./transport.ts";

export interface Entry {
  readonly id: string;
  /** As `mta` named it. */
  readonly way: string;
  readonly envelope: Envelope;
  /** ISO 8601, as `next`, before which only a flush tries. */
  readonly created: string;
  readonly next: string;
  readonly tries: number;
  /** Why each recipient still waits. */
  readonly reasons: readonly Refusal[];
}

/** What is to be done with an entry after a try. */
export type Verdict = { readonly keep: readonly Refusal[] } | "done";

/** Milliseconds: from five minutes to four hours, twice as long from try to try. */
const firstPause = 5 * 60 * 1000;
const longestPause = 4 * 60 * 60 * 1000;

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
    const path = this.#path(id, "message");
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      await pipeline(message.open(), createWriteStream(path, { flags: "wx", mode: 0o600 }));
      sync(path);
      const to = reasons.map(({ recipient }) => recipient);
      this.#write({
        id,
        way,
        envelope: { ...envelope, to },
        created: now.toISOString(),
        next: new Date(now.getTime() + firstPause).toISOString(),
        tries: 1,
        reasons,
      });
      return id;
    } catch (error) {
      remove(path);
      throw named(this.#directory, error);
    }
  }

  /** The oldest first. */
  entries(): Entry[] {
    let names: string[];
    try {
      names = readdirSync(this.#directory);
    } catch (error) {
      if (isSystemError(error) && error.code === "ENOENT") return [];
      throw named(this.#directory, error);
    }
    const ids = names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length));
    return ids
      .flatMap((id) => this.#read(id) ?? [])
      .sort((a, b) => (a.created < b.created ? -1 : a.created > b.created ? 1 : 0));
  }

  message(entry: Entry): Outgoing {
    const path = this.#path(entry.id, "message");
    return { size: statSync(path).size, open: () => createReadStream(path) };
  }

  /**
   * Tries one entry, under its lock.
   *
   * @param attempt gets the entry as it is now, and says what is to become of it
   * @returns false when another process has it, or has sent it meanwhile
   */
  async withEntry(id: string, attempt: (entry: Entry) => Promise<Verdict>): Promise<boolean> {
    const path = this.#path(id, "lock");
    let descriptor: number;
    try {
      descriptor = openSync(path, "a", 0o600);
    } catch (error) {
      throw named(path, error);
    }
    let release: (() => Promise<void>) | undefined;
    try {
      release = await lockFile(path, descriptor, 0);
      const entry = this.#read(id);
      if (entry === undefined) {
        remove(path);
        return false;
      }
      const verdict = await attempt(entry);
      if (verdict === "done") for (const kind of ["json", "message", "lock"] as const) remove(this.#path(id, kind));
      else this.#write(later(entry, verdict.keep));
      return true;
    } catch (error) {
      if (error instanceof MailboxBusy) return false;
      throw error;
    } finally {
      await release?.();
      closeSync(descriptor);
    }
  }

  #read(id: string): Entry | undefined {
    try {
      return JSON.parse(readFileSync(this.#path(id, "json"), "utf8")) as Entry;
    } catch (error) {
      // Sent by another process, or not whole: what is not whole was never an entry.
      if (error instanceof SyntaxError || (isSystemError(error) && error.code === "ENOENT")) return undefined;
      throw named(this.#path(id, "json"), error);
    }
  }

  #write(entry: Entry): void {
    const path = this.#path(entry.id, "json");
    const fresh = `${path}.${process.pid}`;
    try {
      writeFileSync(fresh, `${JSON.stringify(entry, undefined, 2)}\n`, { mode: 0o600 });
      sync(fresh);
      renameSync(fresh, path);
      sync(this.#directory);
    } catch (error) {
      remove(fresh);
      throw error;
    }
  }

  #path(id: string, kind: "message" | "json" | "lock"): string {
    return join(this.#directory, `${id}.${kind}`);
  }
}

function later(entry: Entry, reasons: readonly Refusal[]): Entry {
  const pause = Math.min(longestPause, firstPause * 2 ** Math.min(entry.tries, 10));
  return {
    ...entry,
    envelope: { ...entry.envelope, to: reasons.map(({ recipient }) => recipient) },
    tries: entry.tries + 1,
    next: new Date(Date.now() + pause).toISOString(),
    reasons,
  };
}

function sync(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was not there, or the directory can't be written: the next flush sees to it.
  }
}
