/** Watches a mailbox for changes, through inotify(7) or the message count that a server reports. */
import { type FSWatcher, realpathSync, statSync, watch } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isServerAddress } from "../message/server-name.ts";
import { isSystemError } from "../system-error.ts";

/** The time in milliseconds after which a mailbox is checked even if no change has been reported. */
const longestSilence = 1000;
/** The corresponding time for a mailbox on a server: it is longer, because the server reports new messages itself. */
const longestServerSilence = 30_000;
/** The interval in milliseconds at which `mail` checks the message count that the server last reported. */
const reportInterval = 100;
/**
 * How long, in milliseconds, a file must stay the same size before it is read, and the maximum time to wait for that.
 */
const settled = 20;
const longestGrowth = 500;

/** Watches a mailbox from the moment the object is created. A change is remembered until the next call to `wait`. */
export class ChangeWatch {
  readonly #path: string;
  readonly #pause: (milliseconds: number) => Promise<unknown>;
  readonly #watchers: FSWatcher[] = [];
  #hasChanged = false;
  #wake: (() => void) | undefined;

  /**
   * @param path the path of a file or a Maildir, which need not exist, or an address on a server
   * @param pause waits for a number of milliseconds
   */
  constructor(path: string, pause: (milliseconds: number) => Promise<unknown> = sleep) {
    this.#path = path;
    this.#pause = pause;
    if (isServerAddress(path)) return;
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
      for (const name of ["new", "cur"]) this.#watch(join(path, name));
    } else {
      const file = realPath(path);
      this.#watch(dirname(file), basename(file));
    }
  }

  /**
   * Waits for a change, but not longer than `longest` milliseconds.
   *
   * @param areReported returns whether a server has reported a change
   */
  async wait(longest: number, areReported: () => boolean): Promise<void> {
    if (isServerAddress(this.#path)) {
      await this.#waitForReport(Math.min(longest, longestServerSilence), areReported);
      return;
    }
    if (!this.#hasChanged) await this.#waitForEvent(Math.min(longest, longestSilence));
    this.#hasChanged = false;
    await this.#untilSettled();
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
  }

  #watch(directory: string, file?: string): void {
    try {
      const watcher = watch(directory, (_event, name) => {
        if (file !== undefined && name !== null && name !== file) return;
        this.#hasChanged = true;
        this.#wake?.();
      });
      watcher.on("error", () => {});
      this.#watchers.push(watcher);
    } catch (error) {
      // The directory is missing, or the system cannot watch it. The mailbox is then checked at regular intervals.
      if (!isSystemError(error)) throw error;
    }
  }

  #waitForEvent(longest: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(end, longest);
      this.#wake = end;
    });
  }

  async #waitForReport(longest: number, areReported: () => boolean): Promise<void> {
    const end = performance.now() + longest;
    while (performance.now() < end && !areReported())
      await sleep(Math.min(reportInterval, Math.max(1, end - performance.now())));
  }

  /** Waits while a program that does not use locks is writing to the file, so that no incomplete message is read. */
  async #untilSettled(): Promise<void> {
    const sizeNow = () => statSync(this.#path, { throwIfNoEntry: false })?.size;
    let size = sizeNow();
    for (let waited = 0; waited < longestGrowth; waited += settled) {
      await this.#pause(settled);
      const now = sizeNow();
      if (now === size) return;
      size = now;
    }
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
