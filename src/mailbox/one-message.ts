/**
 * Opens a file that is a single message (`.eml`) as a read-only mailbox. The message is presented with a From_ line and a
 * final empty line, as in an mbox.
 */
import { fstatSync } from "node:fs";
import { Exit, MailError } from "../errors.ts";
import { parseDateField } from "../message/field-date.ts";
import { parseHeader } from "../message/header.ts";
import { countsOf } from "./counts.ts";
import { readPieces, readRange } from "./file-ranges.ts";
import { formLength } from "./from-line.ts";
import { headerOf } from "./header-bytes.ts";
import {
  type CommitResult,
  type Counts,
  Flag,
  type Mailbox,
  type MessageWindow,
  type StoredMessages,
} from "./mailbox.ts";
import { MessageFile } from "./maildir/message-file.ts";
import { Separators } from "./mbox/separators.ts";
import { keyOfMessage } from "./message-key.ts";
import { openAtOnce } from "./windows.ts";

const headLength = 64 << 10;
const pieceSize = 1 << 20;

/**
 * Returns whether a file is a single message. Such a file begins with a header, and no other header follows a From_
 * line that contains a date. From_ lines in such a file belong to the message's body.
 */
export function isOneMessage(
  descriptor: number,
  found: Pick<Mailbox, "count"> & Pick<StoredMessages, "offset">,
): boolean {
  if (!beginsWithHeader(readRange(descriptor, 0, headLength).toString("latin1"))) return false;
  const separators = new Separators(Number.MAX_SAFE_INTEGER, (from, to) => readRange(descriptor, from, to));
  for (let message = 1; message <= found.count; message++) {
    const start = found.offset?.(message) ?? 0;
    // At the start of the file, a line that begins with `From :` is a field.
    if (start > 0 && separators.isCertain(readRange(descriptor, start, start + formLength), 0, start)) return false;
  }
  return true;
}

/** Returns whether a file contains only newlines. */
export function isEmptyFile(descriptor: number): boolean {
  for (const piece of readPieces(descriptor, 0, fstatSync(descriptor).size))
    if (piece.some((byte) => byte !== 10 && byte !== 13)) return false;
  return true;
}

/** Returns whether all lines before the first empty line are header fields (RFC 5322, section 2.2) or folded lines. */
function beginsWithHeader(head: string): boolean {
  let fields = 0;
  for (const line of head.split("\n")) {
    if (/^[!-9;-~]+[ \t]*:/.test(line)) fields++;
    else if (fields === 0) return false;
    else if (line === "" || line === "\r") return true;
    else if (!/^[ \t]/.test(line)) return false;
  }
  return true;
}

/** A read-only mailbox that consists of one file with one message. */
export class OneMessage implements Mailbox, StoredMessages {
  readonly path: string;
  readonly readOnly = true;
  readonly count = 1;
  readonly #file: MessageFile;
  #flags: number;
  #edited: Buffer | undefined;

  /** Opens the mailbox. @param descriptor the open file, which is closed with the mailbox */
  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#file = new MessageFile(descriptor, (head) => parseDateField(parseHeader(head).get("date") ?? ""));
    const status = parseHeader(this.header()).get("status") ?? "";
    this.#flags = (status.includes("O") ? 0 : Flag.New) | (status.includes("R") ? Flag.Read : 0);
  }

  flags(): number {
    return this.#flags;
  }

  mark(_message: number, set: number, clear = 0): void {
    this.#flags = (this.#flags & ~clear) | set;
  }

  openMessages(messages: readonly number[]): AsyncIterable<MessageWindow> {
    return openAtOnce(this, messages);
  }

  size(): number {
    return this.#edited?.length ?? this.#file.size;
  }

  header(): Buffer {
    return headerOf(this.size(), (length) => this.read(1, 0, length));
  }

  read(_message: number, start: number, end: number): Buffer {
    return this.#edited?.subarray(start, end) ?? this.#file.read(start, Math.min(end, this.size()));
  }

  readonly isKeyedByContent = true;

  key(): string {
    return keyOfMessage({ size: this.size(), read: (start, end) => this.read(1, start, end) });
  }

  counts(): Counts {
    return countsOf(this.#pieces());
  }

  *#pieces(): Iterable<Buffer> {
    for (let at = 0; at < this.size(); at += pieceSize) yield this.read(1, at, at + pieceSize);
  }

  replace(_message: number, bytes: Buffer): void {
    this.#edited = bytes;
    this.mark(1, Flag.Touched | Flag.StatusChanged);
  }

  async poll(): Promise<number> {
    return 0;
  }

  async commit(): Promise<CommitResult> {
    throw new MailError(`${this.path}: Read-only; nothing was changed`, Exit.NoPerm);
  }

  async close(): Promise<void> {
    this.#file.close();
  }
}
