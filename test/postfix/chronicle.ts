/** Records the history of each message in a run, so that the cause of each loss can be found. */
import { readFileSync, statSync } from "node:fs";

interface Event {
  /** Milliseconds since the start. */
  readonly at: number;
  readonly text: string;
  /** The messages that the event concerns. */
  readonly ids: readonly string[];
}

/** The time between two successive checks of the files, in milliseconds. */
const interval = 10;
const subject = /^Subject: (m\d{6}z)$/gm;

/** Records events, and watches files for messages that appear and disappear. */
export class Chronicle {
  readonly #start = Date.now();
  readonly #events: Event[] = [];

  /** Records an event that concerns the given messages. */
  note(text: string, ...ids: string[]): void {
    this.#events.push({ at: Date.now() - this.#start, text, ids });
  }

  /** Returns the events that concern a message, one per line. */
  of(id: string): string {
    return this.#write(this.#events.filter(({ ids }) => ids.includes(id)));
  }

  /** Returns all events, one per line. */
  toString(): string {
    return this.#write(this.#events);
  }

  #write(events: readonly Event[]): string {
    return events.map(({ at, text, ids }) => `${String(at).padStart(7)} ${text} ${ids.join(" ")}\n`).join("");
  }

  /**
   * Records which messages appear in files and disappear from them. The files are read without locks, because locks
   * would delay the programs that are observed. A message that is being moved within a file may therefore disappear and
   * reappear.
   *
   * @returns a function that stops watching
   */
  watch(paths: readonly string[]): () => void {
    const known = new Map(paths.map((path) => [path, { state: "", ids: new Set<string>() }]));
    const look = () => {
      for (const [path, before] of known) {
        const found = statSync(path, { bigint: true, throwIfNoEntry: false });
        const state = found === undefined ? "" : `${found.ino} ${found.size} ${found.mtimeNs}`;
        if (state === before.state) continue;
        const ids = new Set([...readIfThere(path).matchAll(subject)].map(([, id = ""]) => id));
        const [came, went] = [missingFrom(before.ids, ids), missingFrom(ids, before.ids)];
        const holder = readIfThere(`${path}.lock`).trim();
        const where = `${path} (${state}; lock file: ${holder === "" ? "none or empty" : holder})`;
        if (came.length > 0) this.note(`appeared in ${where}:`, ...came);
        if (went.length > 0) this.note(`disappeared from ${where}:`, ...went);
        known.set(path, { state, ids });
      }
    };
    // If a test fails, the watch is never stopped, so the timer must not keep the process running.
    const timer = setInterval(look, interval).unref();
    return () => {
      clearInterval(timer);
      look();
    };
  }
}

function missingFrom(set: ReadonlySet<string>, ids: ReadonlySet<string>): string[] {
  return [...ids].filter((id) => !set.has(id));
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
