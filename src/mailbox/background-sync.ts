/** Syncs a large file while it is being written, so that the final fsync does not have to wait for all of its data. */
import { fdatasync, fsyncSync } from "node:fs";
import { promisify } from "node:util";

/** Number of bytes between two syncs. */
const interval = 16 << 20;
const fdatasyncAsync = promisify(fdatasync);

/** Syncs one file in Node's thread pool. */
export class BackgroundSync {
  readonly #descriptor: number;
  readonly #syncs: Promise<void>[] = [];
  #next = interval;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Starts a sync if enough bytes have been written since the last one. @param end the number of bytes written */
  reach(end: number): void {
    if (end < this.#next) return;
    this.#next = end + interval;
    const sync = fdatasyncAsync(this.#descriptor);
    // The error is reported by `finish`.
    sync.catch(() => {});
    this.#syncs.push(sync);
  }

  /**
   * Syncs the complete file.
   *
   * @throws the first sync's error, because the kernel reports a failed write to only one sync
   */
  async finish(): Promise<void> {
    await Promise.all(this.#syncs);
    fsyncSync(this.#descriptor);
  }

  /** Waits until no sync is running. The descriptor must not be closed earlier. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#syncs);
  }
}
