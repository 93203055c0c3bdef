/**
 * Identifies messages, so that they can be found after another program has moved them. A message is identified by all
 * its bytes except for the fields that mail programs write. A large message is identified by its length and its
 * beginning.
 */
import { createHash } from "node:crypto";
import { headerOf } from "../header-bytes.ts";
import type { MboxFile } from "./mbox-file.ts";

const longestHashed = 64 << 10;
const writtenByClients =
  /(^|\n)(?:status|x-status|x-uid|x-imap|x-imapbase|x-keywords|content-length|lines)[ \t]*:[^\n]*(?=\n)/gi;

/**
 * Returns a hash that identifies a message even after other programs have moved it or changed its status fields.
 *
 * @param size the number of bytes to hash, if the message may have been completed since it was identified
 */
export function identityOf(file: MboxFile, message: number, size = measureStoredSize(file, message)): string {
  const header = headerOf(size, (length) => file.read(message, 0, length));
  const text = header.toString("latin1").replace(writtenByClients, "");
  const body = size - header.length;
  const hash = createHash("sha256");
  hash.update(`${body}\n${text}`, "latin1");
  hash.update(file.read(message, header.length, header.length + Math.min(body, longestHashed)));
  return hash.digest("base64");
}

/** Returns the length of a message in the file, even if the commit will replace the message. */
export function measureStoredSize(file: MboxFile, message: number): number {
  return file.end(message) - file.start(message);
}

/** Maximum number of changed messages that a session remembers by their content. */
const mostRemembered = 2000;

/** The state of a message at the time when the session changed the message. */
export interface Remembered {
  readonly identity: string;
  /**
   * The message's size in bytes at that time. If only part of the message had been delivered by then, the message's
   * current size is larger.
   */
  readonly size: number;
}

/** Remembers the messages that the session has changed, so that they are found again if another program moves them. */
export class Identities {
  readonly #remembered = new Map<number, Remembered>();
  #areComplete = true;

  get byMessage(): ReadonlyMap<number, Remembered> {
    return this.#remembered;
  }

  /** Whether all of the session's messages could be remembered. */
  get areComplete(): boolean {
    return this.#areComplete;
  }

  /** Returns whether the remembered messages still have the same numbers. The last message may have been completed. */
  hold(file: MboxFile): boolean {
    return [...this.#remembered].every(
      ([message, remembered]) => file.replaced.has(message) || isStillAt(file, message, remembered, file.count),
    );
  }

  remember(file: MboxFile, message: number): void {
    if (this.#remembered.has(message) || file.replaced.has(message)) return;
    // New mail may begin where the last message began, so the last message is always remembered.
    if (this.#remembered.size >= mostRemembered && message < file.count) this.#areComplete = false;
    else this.#renew(file, message);
  }

  /** Updates a remembered message that is now complete. */
  update(file: MboxFile, message: number): void {
    if (this.#remembered.has(message) && !file.replaced.has(message)) this.#renew(file, message);
  }

  /**
   * Returns the same identities with the messages' new numbers, after the messages have been found again in a changed
   * file.
   *
   * @param known returns the number under which a message of that file was remembered; 0 if it was not
   */
  renumber(count: number, known: (message: number) => number): Identities {
    const renumbered = new Identities();
    renumbered.#areComplete = this.#areComplete;
    for (let message = 1; message <= count; message++) {
      const remembered = this.#remembered.get(known(message));
      if (remembered !== undefined) renumbered.#remembered.set(message, remembered);
    }
    return renumbered;
  }

  #renew(file: MboxFile, message: number): void {
    this.#remembered.set(message, { identity: identityOf(file, message), size: measureStoredSize(file, message) });
  }
}

/**
 * Returns whether a message in the file is the remembered one.
 *
 * @param last the number of the last message. That message may have been completed in the meantime, and may therefore
 *   be longer.
 */
export function isStillAt(file: MboxFile, message: number, { identity, size }: Remembered, last: number): boolean {
  const now = measureStoredSize(file, message);
  const compared = message === last && now > size ? size : now;
  return identityOf(file, message, compared) === identity;
}
