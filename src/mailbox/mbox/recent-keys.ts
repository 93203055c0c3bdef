/**
 * Keeps the keys of the newest messages (message-key.ts). The index stores them, so that a program that often lists the
 * newest messages need not compute them each time. Loading node:crypto alone takes 2 ms.
 */
import { keyPrefix } from "../message-key.ts";

/** Maximum number of messages whose keys are kept. */
const mostKeys = 64;
const keyLength = 16;
/** The length in bytes of the stored keys: one row per message, the newest message last. */
export const recentKeysLength = mostKeys * keyLength;

const unknownKey = "0".repeat(2 * keyLength);

/** The keys of the newest messages, as far as they are known. */
export class RecentKeys {
  readonly #keys = new Map<number, string>();
  #hasChanged = false;

  /** Restores stored keys. @param count the number of messages in the mailbox */
  static parse(bytes: Buffer, count: number): RecentKeys {
    const keys = new RecentKeys();
    for (let row = 0; row < mostKeys; row++) {
      const key = bytes.toString("hex", row * keyLength, (row + 1) * keyLength);
      if (key !== unknownKey) keys.#keys.set(count - mostKeys + 1 + row, keyPrefix + key);
    }
    return keys;
  }

  /** Whether keys have been added. */
  get hasChanged(): boolean {
    return this.#hasChanged;
  }

  find(message: number): string | undefined {
    return this.#keys.get(message);
  }

  /** Adds a key if the message is one of the newest. @param count the number of messages in the mailbox */
  add(message: number, key: string, count: number): void {
    if (message <= count - mostKeys) return;
    this.#keys.set(message, key);
    this.#hasChanged = true;
  }

  /** Keeps only the keys of the first `count` messages, because the others may have changed. */
  cut(count: number): void {
    for (const message of this.#keys.keys()) if (message > count) this.#keys.delete(message);
  }

  /** Returns the keys as they are stored. @param first the first message whose key is stored */
  toBytes(first: number, count: number): Buffer {
    const bytes = Buffer.alloc(recentKeysLength);
    for (const [message, key] of this.#keys) {
      const row = message - (count - mostKeys + 1);
      if (row >= 0 && message >= first) bytes.write(key.slice(keyPrefix.length), row * keyLength, "hex");
    }
    return bytes;
  }
}
