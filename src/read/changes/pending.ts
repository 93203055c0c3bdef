/**
 * Stores a session's unwritten changes in a file in the private state directory.
 *
 * The first line is a JSON object that identifies the session. Each subsequent line contains the changes that one
 * command made, or records that the last command was undone. Each command writes one line without calling fsync; the
 * line survives if the session is killed, but may be lost if the system crashes. A last line that is incomplete because
 * the disk was full is ignored. The quit and exit commands remove the file. A message in a Maildir or on a server is
 * identified by its unique key. A message in an mbox is identified by its offset and a hash of its header. The hash
 * excludes the Status fields, which other clients rewrite.
 */
import { createHash } from "node:crypto";
import { closeSync, statSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { MailError } from "../../errors.ts";
import { listNames } from "../../file-stats.ts";
import type { Mailbox } from "../../mailbox/mailbox.ts";
import { messagePieces } from "../../mailbox/pieces.ts";
import { createPrivateFile, ifTrusted, makePrivateDirectory, readJsonLines, readTrusted } from "../../private-file.ts";
import { readProcessStart } from "../../process-start.ts";
import { isSystemError } from "../../system-error.ts";

/** A change that a command made to a message's state. */
export interface Change {
  readonly message: number;
  /** Bits of Flag. */
  readonly before: number;
  readonly after: number;
}

export interface Step {
  /** The command line. */
  readonly line: string;
  /** The message that was current before the command. */
  readonly current: number;
  readonly changes: readonly Change[];
}

/**
 * The message's offset, the hash of its header, and the flags before and after the change. If the mailbox has unique
 * keys, the offset is -1, and the message's key is stored instead of the hash.
 */
type StoredChange = readonly [offset: number, hash: string, before: number, after: number];

export interface StoredStep {
  readonly line: string;
  readonly changes: readonly StoredChange[];
}

/** The changes left by a session that ended without quit or exit. */
export interface Pending {
  readonly path: string;
  /** The time at which the file was last written. */
  readonly ended: Date;
  readonly steps: readonly StoredStep[];
}

/** The age in milliseconds after which pending changes are ignored. */
const longestKept = 30 * 24 * 3600 * 1000;

/** Returns a hash of a header, which identifies the message. */
export function hashOf(header: Buffer): string {
  const text = header.toString("latin1").replace(/^(?:x-)?status:[^\n]*\n(?:[ \t][^\n]*\n)*/gim, "");
  return createHash("sha1").update(text, "latin1").digest("base64url").slice(0, 16);
}

async function* identifyMessages(
  mailbox: Mailbox,
  numbers: readonly number[],
): AsyncIterable<{ readonly message: number; readonly offset: number; readonly hash: string }> {
  if (!mailbox.isKeyedByContent) {
    for (const message of numbers) yield { message, offset: -1, hash: mailbox.key(message) };
    return;
  }
  for await (const { messages, stored } of mailbox.openMessages(numbers, "header")) {
    for (const { message, bytes } of messagePieces(stored, messages, "header"))
      yield { message, offset: stored.offset?.(message) ?? -1, hash: hashOf(bytes) };
  }
}

function prefixOf(mailboxPath: string): string {
  return `pending-${createHash("sha1").update(mailboxPath).digest("hex").slice(0, 16)}-`;
}

/** Writes a session's steps to its file of pending changes. */
export class PendingFile {
  readonly #mailbox: Mailbox;
  readonly #path: string;
  #descriptor: number | undefined;

  private constructor(mailbox: Mailbox, path: string, descriptor: number | undefined) {
    this.#mailbox = mailbox;
    this.#path = path;
    this.#descriptor = descriptor;
  }

  /** Creates the file. If the file cannot be created, the session continues without recording its changes. */
  static create(mailbox: Mailbox, directory: string): PendingFile {
    const path = join(directory, `${prefixOf(mailbox.path)}${process.pid}`);
    const descriptor = ifTrusted(() => {
      makePrivateDirectory(directory);
      return createPrivateFile(path);
    });
    const file = new PendingFile(mailbox, path, descriptor);
    file.#put({ version: 1, mailbox: mailbox.path, pid: process.pid, start: readProcessStart(process.pid) });
    return file;
  }

  async add({ line, changes }: Step): Promise<void> {
    const byNumber = new Map(changes.map((change) => [change.message, change]));
    const numbers = [...byNumber.keys()].sort((a, b) => a - b);
    const stored: StoredChange[] = [];
    try {
      for await (const { message, offset, hash } of identifyMessages(this.#mailbox, numbers)) {
        const { before = 0, after = 0 } = byNumber.get(message) ?? {};
        stored.push([offset, hash, before, after]);
      }
    } catch (error) {
      // Another program has moved the messages, so they could not be identified.
      if (!(error instanceof MailError)) throw error;
    }
    this.#put({ line, changes: stored });
  }

  undo(): void {
    this.#put({ undo: true });
  }

  #put(line: object): void {
    if (this.#descriptor === undefined) return;
    try {
      writeSync(this.#descriptor, `${JSON.stringify(line)}\n`);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      // If the disk is full, recording stops but the session continues.
      this.#close();
    }
  }

  remove(): void {
    this.#close();
    removePending({ path: this.#path });
  }

  #close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/** Returns the pending changes that earlier sessions left for a mailbox, oldest first. */
export function findPending(directory: string, mailboxPath: string): Pending[] {
  const prefix = prefixOf(mailboxPath);
  const found: Pending[] = [];
  for (const name of listNames(directory)) {
    if (!name.startsWith(prefix)) continue;
    const pending = readPending(join(directory, name));
    if (pending !== undefined) found.push(pending);
  }
  return found.sort((a, b) => a.ended.getTime() - b.ended.getTime());
}

function readPending(path: string): Pending | undefined {
  try {
    const { mtime } = statSync(path);
    const bytes = readTrusted(path);
    if (bytes === undefined) return undefined;
    const [owner, ...lines] = readJsonLines(bytes.toString("utf8"));
    const { pid, start } = (owner ?? {}) as { pid?: number; start?: string };
    const alive = pid !== undefined && start !== undefined && readProcessStart(pid) === start;
    if (alive) return undefined;
    if (Date.now() - mtime.getTime() > longestKept) {
      removePending({ path });
      return undefined;
    }
    return { path, ended: mtime, steps: stepsOf(lines) };
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

function stepsOf(lines: readonly object[]): StoredStep[] {
  const steps: StoredStep[] = [];
  for (const line of lines) {
    if ("undo" in line) steps.pop();
    else if ("changes" in line && Array.isArray(line.changes)) steps.push(line as StoredStep);
  }
  return steps;
}

/** Removes a file of pending changes. */
export function removePending({ path }: Pick<Pending, "path">): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}
