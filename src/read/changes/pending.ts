/**
 * What a session has marked and not yet written, in a file of its own in the private state directory.
 *
 * The first line is a JSON object that says whose it is, each further one a command's changes, or that the last was
 * undone. Lines are appended and not synced: it outlives a killed session, not the machine, and costs a write a command.
 * A message is known by the bytes of its header (but Status fields, which any client rewrites), and the offset tells
 * messages that are the same apart. The file goes at quit and exit. A last line cut short by a full disk is passed over.
 */
import { createHash } from "node:crypto";
import { closeSync, readdirSync, statSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { MailError } from "../../errors.ts";
import { readJsonLines } from "../../json-lines.ts";
import type { Mailbox } from "../../mailbox/mailbox.ts";
import { messagePieces } from "../../mailbox/pieces.ts";
import { createPrivateFile, ifTrusted, makePrivateDirectory, readTrusted } from "../../private-file.ts";
import { readProcessStart } from "../../process-start.ts";
import { isSystemError } from "../../system-error.ts";

/** What one command has changed of the state of messages. */
export interface Change {
  readonly message: number;
  /** Bits of Flag. */
  readonly before: number;
  readonly after: number;
}

export interface Step {
  /** The command line. */
  readonly line: string;
  /** The message that was current before. */
  readonly current: number;
  readonly changes: readonly Change[];
}

/** offset (-1: none), what its header hashes to, flags before and after */
type StoredChange = readonly [offset: number, hash: string, before: number, after: number];

export interface StoredStep {
  readonly line: string;
  readonly changes: readonly StoredChange[];
}

/** What a session that ended without quit or exit has left. */
export interface Pending {
  readonly path: string;
  /** When it was last written. */
  readonly ended: Date;
  readonly steps: readonly StoredStep[];
}

/** Nobody asks for what is older, in milliseconds. */
const longestKept = 30 * 24 * 3600 * 1000;

/** Returns a hash of a header, by which a message is found again. */
export function hashOf(header: Buffer): string {
  const text = header.toString("latin1").replace(/^(?:x-)?status:[^\n]*\n(?:[ \t][^\n]*\n)*/gim, "");
  return createHash("sha1").update(text, "latin1").digest("base64url").slice(0, 16);
}

function prefixOf(mailboxPath: string): string {
  return `pending-${createHash("sha1").update(mailboxPath).digest("hex").slice(0, 16)}-`;
}

/** Writes the steps of a session to its file of pending changes. */
export class PendingFile {
  readonly #mailbox: Mailbox;
  readonly #path: string;
  #descriptor: number | undefined;

  private constructor(mailbox: Mailbox, path: string, descriptor: number | undefined) {
    this.#mailbox = mailbox;
    this.#path = path;
    this.#descriptor = descriptor;
  }

  /** Where the file can't be written there is none: the session goes on without. */
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

  add({ line, changes }: Step): void {
    const byNumber = new Map(changes.map((change) => [change.message, change]));
    const numbers = [...byNumber.keys()].sort((a, b) => a - b);
    const stored: StoredChange[] = [];
    try {
      for (const { message, bytes } of messagePieces(this.#mailbox, numbers, "header")) {
        const { before = 0, after = 0 } = byNumber.get(message) ?? {};
        stored.push([this.#mailbox.offset?.(message) ?? -1, hashOf(bytes), before, after]);
      }
    } catch (error) {
      // Another program has moved the messages: nobody could tell which one it was.
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
      // A full disk takes the comfort, not the session.
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

/** What sessions that are no more have left pending for a mailbox, the oldest first. */
export function findPending(directory: string, mailboxPath: string): Pending[] {
  const prefix = prefixOf(mailboxPath);
  const found: Pending[] = [];
  for (const name of listPendingNames(directory)) {
    if (!name.startsWith(prefix)) continue;
    const pending = readPending(join(directory, name));
    if (pending !== undefined) found.push(pending);
  }
  return found.sort((a, b) => a.ended.getTime() - b.ended.getTime());
}

function listPendingNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isSystemError(error)) return [];
    throw error;
  }
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
