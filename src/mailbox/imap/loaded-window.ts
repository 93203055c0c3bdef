/** Gives access to a window's loaded messages, to edited messages, and to the facts about all other messages. */

import { headerOf } from "../header-bytes.ts";
import { countLineFeeds } from "../line-buffer.ts";
import type { ListFacts } from "../list-facts.ts";
import type { ByteRange, Counts, MessageNeed, StoredMessages } from "../mailbox.ts";
import { MessageUnreadable, makeSubstituteHeader } from "../mailbox-errors.ts";
import type { Loaded, LoadedMessages } from "./loaded-messages.ts";

/** The mailbox of a window. */
export interface WindowOwner extends Required<Pick<StoredMessages, "flags" | "letters" | "key" | "facts">> {
  isGone(message: number): boolean;
  /** Returns the size that the server reports, in bytes. */
  serverSize(message: number): number;
  /** Returns a header that contains the known facts, or a header that reports that the message is gone. */
  makeHeader(message: number): Buffer;
  /** Loads omitted parts of a message. @returns whether a part was loaded */
  loadOmitted(message: number, ranges: readonly ByteRange[]): Promise<boolean>;
}

/** Reads the messages of a window. */
export class LoadedWindow implements StoredMessages {
  readonly #mailbox: WindowOwner;
  readonly #loaded: LoadedMessages;
  readonly #replaced: ReadonlyMap<number, Buffer>;
  readonly #need: MessageNeed;

  constructor(mailbox: WindowOwner, loaded: LoadedMessages, replaced: ReadonlyMap<number, Buffer>, need: MessageNeed) {
    this.#mailbox = mailbox;
    this.#loaded = loaded;
    this.#replaced = replaced;
    this.#need = need;
  }

  flags(message: number): number {
    return this.#mailbox.flags(message);
  }

  letters(message: number): string {
    return this.#mailbox.letters(message);
  }

  key(message: number): string {
    return this.#mailbox.key(message);
  }

  size(message: number): number {
    const replaced = this.#replaced.get(message);
    if (replaced !== undefined) return replaced.length;
    const found = this.#find(message);
    if (found === undefined) return Math.max(this.#makeHeader(message).length + 1, this.#mailbox.serverSize(message));
    if (hasBody(found)) return found.length;
    return Math.max(found.length + 1, this.#mailbox.serverSize(message));
  }

  header(message: number): Buffer {
    const replaced = this.#replaced.get(message);
    if (replaced !== undefined) return headerOf(replaced.length, (length) => replaced.subarray(0, length));
    const found = this.#find(message);
    return found === undefined ? this.#makeHeader(message) : this.#loaded.read(found, 0, found.headerLength);
  }

  read(message: number, start: number, end: number): Buffer {
    const replaced = this.#replaced.get(message);
    if (replaced !== undefined) return replaced.subarray(start, end);
    const found = this.#find(message);
    if (found === undefined && this.#need === "facts" && !this.#mailbox.isGone(message))
      return this.#makeHeader(message).subarray(start, end);
    if (found === undefined) throw new MessageUnreadable(message, undefined);
    if (!hasBody(found) && start >= found.length) throw new Error(`message ${message}: its body was not loaded`);
    return this.#loaded.read(found, start, end);
  }

  async loadOmitted(message: number, ranges: readonly ByteRange[]): Promise<boolean> {
    return !this.#replaced.has(message) && this.#mailbox.loadOmitted(message, ranges);
  }

  counts(message: number): Counts {
    const replaced = this.#replaced.get(message);
    if (replaced !== undefined) return { lines: countLineFeeds(replaced), characters: replaced.length };
    const found = this.#find(message);
    if (found?.part === "whole") return { lines: found.lines, characters: found.length };
    return { lines: undefined, characters: this.#mailbox.serverSize(message) };
  }

  facts(message: number): ListFacts | undefined {
    return this.#replaced.has(message) || this.#mailbox.isGone(message) ? undefined : this.#mailbox.facts(message);
  }

  /** Returns a header for a message that was not loaded, because its facts are already known or because it is gone. */
  #makeHeader(message: number): Buffer {
    return this.#need === "facts"
      ? this.#mailbox.makeHeader(message)
      : makeSubstituteHeader(new MessageUnreadable(message, undefined));
  }

  #find(message: number): Loaded | undefined {
    return this.#loaded.find(message, this.#need);
  }
}

function hasBody({ part }: Loaded): boolean {
  return part === "text" || part === "whole";
}
