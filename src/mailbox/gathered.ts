/**
 * Makes many messages available at once, so that they can be written while a lock is held. Messages on a server are
 * first loaded into a temporary file, because programs that wait for the lock must not be delayed by network traffic.
 */
import { closeSync } from "node:fs";
import { countsOf } from "./counts.ts";
import { readPieces, readRange, writePieces } from "./file-ranges.ts";
import { headerOf } from "./header-bytes.ts";
import type { Counts, Mailbox, StoredMessages } from "./mailbox.ts";
import { openTemporary } from "./packed/temporary-file.ts";
import { oneByOne } from "./pieces.ts";

/**
 * Runs a task that can read all of the given messages at any time. Messages are not copied if the mailbox opens all of
 * them in a single window, as a mailbox on this machine does.
 *
 * @param signal aborts the loading of messages; the error is the signal's reason
 */
export async function gatherMessages<T>(
  mailbox: Mailbox,
  messages: readonly number[],
  signal: AbortSignal | undefined,
  task: (stored: StoredMessages) => Promise<T>,
): Promise<T> {
  let gathered: GatheredMessages | undefined;
  try {
    for await (const window of mailbox.openMessages(messages, "whole")) {
      if (window.messages.length === messages.length) return await task(window.stored);
      gathered ??= new GatheredMessages(mailbox);
      for (const message of window.messages) gathered.add(window.stored, message);
      signal?.throwIfAborted();
    }
    gathered ??= new GatheredMessages(mailbox);
    return await task(gathered);
  } finally {
    gathered?.close();
  }
}

/** Copies of messages, stored in a temporary file. */
class GatheredMessages implements StoredMessages {
  readonly #mailbox: Mailbox;
  readonly #descriptor = openTemporary().descriptor;
  readonly #places = new Map<number, { readonly start: number; readonly size: number }>();
  #end = 0;
  readonly letters?: (message: number) => string;

  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
    if (mailbox.letters !== undefined) this.letters = (message) => mailbox.letters?.(message) ?? "";
  }

  add(stored: StoredMessages, message: number): void {
    const pieces = (function* () {
      for (const { bytes } of oneByOne(stored, [message], "whole")) yield bytes;
    })();
    const start = this.#end;
    this.#end = writePieces(this.#descriptor, pieces, start);
    this.#places.set(message, { start, size: this.#end - start });
  }

  flags(message: number): number {
    return this.#mailbox.flags(message);
  }

  key(message: number): string {
    return this.#mailbox.key(message);
  }

  size(message: number): number {
    return this.#place(message).size;
  }

  header(message: number): Buffer {
    return headerOf(this.size(message), (length) => this.read(message, 0, length));
  }

  read(message: number, start: number, end: number): Buffer {
    const place = this.#place(message);
    return readRange(this.#descriptor, place.start + start, place.start + Math.min(end, place.size));
  }

  counts(message: number): Counts {
    const { start, size } = this.#place(message);
    return countsOf(readPieces(this.#descriptor, start, start + size));
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #place(message: number): { readonly start: number; readonly size: number } {
    const place = this.#places.get(message);
    if (place === undefined) throw new Error(`message ${message} was not collected`);
    return place;
  }
}
