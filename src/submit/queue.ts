/**
 * A private queue of messages that a server would not take yet.
 *
 * An entry is two files in the state directory: `ID.json`, which is written first and always replaced as a whole, and
 * `ID.message`, the bytes, which are written as `ID.partial`; the rename makes it an entry. Who tries to send holds the
 * lock of a third, `ID.lock`, so that of several flushes at once each message is sent by one. (A third, because a POSIX
 * lock is lost when its process closes any descriptor of the file, and the message is read.)
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
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

type Kind = "message" | "partial" | "json" | "lock";

/** What is to be done with an entry after a try. */
export type Verdict = { readonly keep: readonly Refusal[] } | "done";

/** Milliseconds after which a message that is not whole is one that nobody writes any more. */
const abandonedAfter = 60 * 60 * 1000;
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
    const partial = this.#path(id, "partial");
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
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
      await pipeline(message.open(), createWriteStream(partial, { flags: "wx", mode: 0o600 }));
      sync(partial);
      renameSync(partial, this.#path(id, "message"));
      sync(this.#directory);
      return id;
    } catch (error) {
      for (const kind of ["partial", "message", "json"] as const) remove(this.#path(id, kind));
      throw named(this.#directory, error);
    }
  }

  /** The oldest first. */
  entries(): Entry[] {
    return this.#ids("message")
      .flatMap((id) => this.#read(id) ?? [])
      .sort((a, b) => (a.created < b.created ? -1 : a.created > b.created ? 1 : 0));
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
      if (await keep(id, { size: statSync(path).size, open: () => createReadStream(path) })) remove(path);
    }
    for (const kind of ["json", "lock"] as const) {
      for (const id of this.#ids(kind)) {
        const path = this.#path(id, kind);
        if (!entries.has(id) && isAbandoned(path)) remove(path);
      }
    }
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
      if (verdict === "done") for (const kind of ["message", "json", "lock"] as const) remove(this.#path(id, kind));
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

  #ids(kind: Kind): string[] {
    try {
      return readdirSync(this.#directory).flatMap((name) =>
        name.endsWith(`.${kind}`) ? [name.slice(0, -kind.length - 1)] : [],
      );
    } catch (error) {
      if (isSystemError(error) && error.code === "ENOENT") return [];
      throw named(this.#directory, error);
    }
  }

  #read(id: string): Entry | undefined {
    if (!existsSync(this.#path(id, "message"))) return undefined;
    try {
      return JSON.parse(readFileSync(this.#path(id, "json"), "utf8")) as Entry;
    } catch (error) {
      // Sent by another process meanwhile.
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

  #path(id: string, kind: Kind): string {
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

function isAbandoned(path: string): boolean {
  const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
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

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was not there, or the directory can't be written: the next flush sees to it.
  }
}
