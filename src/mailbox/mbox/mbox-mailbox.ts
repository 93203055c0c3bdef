import { closeSync, existsSync, fstatSync, openSync, statSync } from "node:fs";
import { Exit, MailError } from "../../errors.ts";
import { named } from "../../system-error.ts";
import { separator } from "../append.ts";
import { readPieces, readRange } from "../bytes.ts";
import { MailboxChanged } from "../errors.ts";
import { lockFile } from "../lock/lock-file.ts";
import { type CommitPlan, type CommitResult, type Counts, Flag, type Mailbox, type MessagePiece } from "../mailbox.ts";
import { filing } from "../maildir/delivery.ts";
import { meansMaildir } from "../maildir/directory.ts";
import { frame } from "../maildir/frames.ts";
import { maildirForm } from "../maildir/mbox-form.ts";
import type { MailboxOptions } from "../options.ts";
import { statusValue } from "../status.ts";
import { storedForm } from "../stored-form.ts";
import { apply } from "./apply.ts";
import { Journal, type MboxWork, probeOf } from "./journal.ts";
import { MessageIndex } from "./message-index.ts";
import { messageHeaders, type PieceSource, wholeMessages } from "./message-pieces.ts";
import { headerEnd, scan } from "./scan.ts";

const headerPiece = 16 << 10;

export class MboxMailbox implements Mailbox {
  readonly path: string;
  readonly readOnly: boolean;
  readonly #descriptor: number;
  readonly #options: MailboxOptions;
  readonly #index = new MessageIndex();
  readonly #counts = new Map<number, Counts>();
  readonly #replaced = new Map<number, Buffer>();
  /** Bytes of the file that are indexed. */
  #size = 0;
  /** What the file was when last looked at: whether anybody has written it since. */
  #seen = "";

  constructor(path: string, descriptor: number, readOnly: boolean, options: MailboxOptions) {
    this.path = path;
    this.readOnly = readOnly;
    this.#descriptor = descriptor;
    this.#options = options;
  }

  get count(): number {
    return this.#index.count;
  }

  flags(message: number): number {
    return this.#index.flags(message);
  }

  mark(message: number, set: number, clear = 0): void {
    this.#index.setFlags(message, (this.#index.flags(message) & ~clear) | set);
  }

  size(message: number): number {
    return this.#replaced.get(message)?.length ?? this.#end(message) - this.#index.start(message);
  }

  header(message: number): Buffer {
    const size = this.size(message);
    for (let length = headerPiece; ; length *= 4) {
      const bytes = this.read(message, 0, Math.min(size, length));
      const end = headerEnd(bytes, 0);
      if (end !== undefined) return bytes.subarray(0, end);
      if (length >= size) return bytes;
    }
  }

  read(message: number, start: number, end: number): Buffer {
    const replaced = this.#replaced.get(message);
    if (replaced !== undefined) return replaced.subarray(start, end);
    const from = this.#index.start(message);
    return readRange(this.#descriptor, from + start, Math.min(from + end, this.#end(message)));
  }

  pieces(messages: readonly number[], part: "whole" | "header"): Iterable<MessagePiece> {
    const source: PieceSource = {
      descriptor: this.#descriptor,
      start: (message) => this.#index.start(message),
      end: (message) => this.#end(message),
      replaced: (message) => this.#replaced.get(message),
      header: (message) => this.header(message),
    };
    return part === "whole" ? wholeMessages(source, messages) : messageHeaders(source, messages);
  }

  offset(message: number): number {
    return this.#index.start(message);
  }

  counts(message: number): Counts {
    const known = this.#counts.get(message);
    if (known !== undefined) return known;
    let lines = 0;
    let characters = 0;
    let carriageReturn = false;
    let last = 10;
    const cut = new CutLines();
    for (const piece of this.#pieces(message)) {
      characters += piece.length - cut.lostIn(piece);
      if (carriageReturn && piece[0] === 10) characters--;
      for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) {
        lines++;
        if (at > 0 && piece[at - 1] === 13) characters--;
      }
      last = piece[piece.length - 1] as number;
      carriageReturn = last === 13;
    }
    // A last line without its end is a line.
    if (last !== 10) lines++;
    const counts = { lines, characters };
    this.#counts.set(message, counts);
    return counts;
  }

  replace(message: number, bytes: Buffer): void {
    this.#replaced.set(message, bytes);
    this.#counts.delete(message);
    this.mark(message, Flag.StatusChanged);
  }

  async poll(): Promise<number> {
    const state = fstatSync(this.#descriptor);
    if (this.#stamp(state) === this.#seen || state.size < this.#size) return 0;
    const before = this.count;
    await this.#takeIn(state.size);
    this.#seen = this.#stamp(state);
    return this.count - before;
  }

  async commit(plan: CommitPlan): Promise<CommitResult> {
    if (this.readOnly) throw new MailError(`${this.path}: Read-only; nothing was changed`, Exit.NoPerm);
    const release = await lockFile(this.path, this.#descriptor, this.#options.lockwait);
    try {
      const known = this.count;
      const grown = await this.#lookAgain();
      return await this.#write(plan, known, grown);
    } finally {
      await release();
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #end(message: number): number {
    return message < this.count ? this.#index.start(message + 1) : this.#size;
  }

  *#pieces(message: number): Iterable<Buffer> {
    const replaced = this.#replaced.get(message);
    if (replaced !== undefined) yield replaced;
    else yield* readPieces(this.#descriptor, this.#index.start(message), this.#end(message));
  }

  #stamp({ size, mtimeMs, ctimeMs }: { size: number; mtimeMs: number; ctimeMs: number }): string {
    return `${size} ${mtimeMs} ${ctimeMs}`;
  }

  async #takeIn(size: number): Promise<void> {
    // From the last message on: what came may be the rest of it, half delivered when we looked.
    const from = Math.max(0, this.#index.lastStart);
    await scan(this.#descriptor, from, size, this.#index);
    this.#size = size;
  }

  /**
   * Under the lock: is this still the file we know, with more at its end at the most?
   *
   * @returns whether the last message we knew has grown
   */
  async #lookAgain(): Promise<boolean> {
    const state = fstatSync(this.#descriptor);
    const named = existsSync(this.path) ? statSync(this.path) : undefined;
    if (named?.ino !== state.ino || named.dev !== state.dev) throw new MailboxChanged(this.path);
    if (this.#stamp(state) === this.#seen) return false;
    if (state.size < this.#size) throw new MailboxChanged(this.path);
    const known = this.count;
    const oldSize = this.#size;
    const fresh = new MessageIndex();
    await scan(this.#descriptor, 0, state.size, fresh);
    const stands = (message: number) =>
      message <= fresh.count &&
      fresh.start(message) === this.#index.start(message) &&
      this.#sameStatus(fresh.flags(message), message);
    for (let message = 1; message <= known; message++) {
      if (!stands(message)) throw new MailboxChanged(this.path);
    }
    await this.#takeIn(state.size);
    this.#seen = this.#stamp(state);
    return known > 0 && state.size > oldSize && this.#end(known) > oldSize;
  }

  /** Flag.New tells what the file said at opening also later; Flag.Read does so only while it is not set by reading. */
  #sameStatus(fresh: number, message: number): boolean {
    const ours = this.flags(message);
    if ((fresh & Flag.New) !== (ours & Flag.New)) return (ours & Flag.StatusChanged) !== 0 && (fresh & Flag.New) !== 0;
    return (fresh & Flag.Read) === 0 || (ours & (Flag.Read | Flag.StatusChanged)) !== 0;
  }

  /** Status as the file will have it, when that isn't how it has it now. */
  #newStatus(message: number): string | undefined {
    const wanted = (this.flags(message) & Flag.Read) !== 0 ? "RO" : "O";
    return statusValue(this.header(message)) === ` ${wanted}` ? undefined : wanted;
  }

  async #write(plan: CommitPlan, known: number, grown: boolean): Promise<CommitResult> {
    const total = this.count;
    let firstChanged = 0;
    let kept = total - known;
    const moved: number[] = [];
    const dropped = new Set<number>();
    const statuses = new Map<number, string>();
    for (let message = 1; message <= known; message++) {
      const fate = grown && message === known ? "keep" : plan.fate(message);
      if (fate === "keep") {
        kept++;
        const status = this.#newStatus(message);
        if (status !== undefined) statuses.set(message, status);
        if (status === undefined && !this.#replaced.has(message)) continue;
      } else {
        dropped.add(message);
        if (fate === "mbox") moved.push(message);
      }
      if (firstChanged === 0) firstChanged = message;
    }
    const result = { arrived: total - known, empty: kept === 0 };
    if (firstChanged === 0) return result;
    const offset = this.#offsetOf(firstChanged);
    const journal = Journal.write(
      this.#options.stateDirectory,
      {
        ...this.#identity(),
        oldSize: this.#size,
        offset,
        probe: this.#probe(offset, firstChanged, dropped, statuses),
        mbox: moved.length === 0 || plan.mbox === undefined ? null : this.#mboxWork(plan.mbox),
      },
      this.#tail(firstChanged, dropped, statuses),
      moved.length === 0 || plan.mbox === undefined ? [] : this.#forMbox(moved, plan.mbox),
    );
    await apply(journal, this.#descriptor, this.#options.lockwait);
    return result;
  }

  /** Where writing begins. Empty lines in front of the first message go with it, as in bsd-mailx; any other text stays. */
  #offsetOf(firstChanged: number): number {
    const start = this.#index.start(firstChanged);
    if (firstChanged > 1 || start === 0) return start;
    for (const piece of readPieces(this.#descriptor, 0, start)) {
      if (piece.some((byte) => byte !== 10 && byte !== 13)) return start;
    }
    return 0;
  }

  #identity(): { path: string; dev: number; ino: number } {
    const { dev, ino } = fstatSync(this.#descriptor);
    return { path: this.path, dev, ino };
  }

  #probe(
    offset: number,
    firstChanged: number,
    dropped: ReadonlySet<number>,
    statuses: ReadonlyMap<number, string>,
  ): string {
    let size = offset;
    for (let message = firstChanged; message <= this.count; message++) {
      if (dropped.has(message)) continue;
      const status = statuses.get(message);
      if (status === undefined) size += this.size(message);
      else for (const piece of storedForm(this, message, { status })) size += piece.length;
    }
    return probeOf(this.#descriptor, Math.min(size, this.#size), this.#size);
  }

  #mboxWork({ path, at }: { path: string; at: "start" | "end" }): Omit<MboxWork, "length"> {
    if (meansMaildir(path)) return { path, at: "maildir", oldSize: -1 };
    return { path, at, oldSize: existsSync(path) ? statSync(path).size : -1 };
  }

  *#tail(
    firstChanged: number,
    dropped: ReadonlySet<number>,
    statuses: ReadonlyMap<number, string>,
  ): Iterable<Uint8Array> {
    for (let message = firstChanged; message <= this.count; message++) {
      if (dropped.has(message)) continue;
      const status = statuses.get(message);
      yield* status === undefined ? this.#pieces(message) : storedForm(this, message, { status });
    }
  }

  *#forMbox(messages: readonly number[], { path, at }: { path: string; at: "start" | "end" }): Iterable<Uint8Array> {
    if (meansMaildir(path)) {
      yield* this.#framesOf(messages);
      return;
    }
    if (at === "end" && existsSync(path)) yield mboxSeparator(path);
    for (const message of messages) {
      const status = (this.flags(message) & Flag.Read) !== 0 ? "RO" : "O";
      yield* storedForm(this, message, { status });
    }
  }

  /** Messages that go into a Maildir, with the state that their names are to tell. */
  *#framesOf(messages: readonly number[]): Iterable<Uint8Array> {
    for (const message of messages) {
      const form = () => maildirForm(storedForm(this, message));
      const { letters, date } = form();
      const seen = (this.flags(message) & Flag.Read) !== 0 ? "S" : "";
      yield* frame(filing(letters.replace("S", "") + seen, "cur", date), () => form().pieces);
    }
  }
}

function mboxSeparator(path: string): Buffer {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    return separator(descriptor, fstatSync(descriptor).size);
  } catch (error) {
    throw named(path, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Lines with a NUL byte count up to it, as in bsd-mailx, though all of their bytes are kept. */
class CutLines {
  #inCut = false;

  /** @returns how many bytes of the next piece don't count */
  lostIn(piece: Buffer): number {
    if (!this.#inCut && !piece.includes(0)) return 0;
    let lost = 0;
    for (let at = 0; at < piece.length; ) {
      if (!this.#inCut) {
        const nul = piece.indexOf(0, at);
        if (nul < 0) break;
        at = nul;
      }
      const newline = piece.indexOf(10, at);
      const end = newline < 0 ? piece.length : newline + 1;
      lost += end - at;
      this.#inCut = newline < 0;
      at = end;
    }
    return lost;
  }
}
