/** Lines typed earlier: those of this session, and for commands those of earlier ones, in a file that is the user's own. */
import { appendFileSync, chmodSync, closeSync, constants, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fromBytes, toBytes } from "../message/text.ts";
import { createPrivateFile, ifTrusted, makePrivateDirectory, openPrivateFile, readTrusted } from "../private-file.ts";

/** No line of a history is longer, in UTF-16 units: what is longer was pasted. */
const longestLine = 4096;

/** Keeps the lines typed earlier, and for commands their file. */
export class LineHistory {
  readonly #path: string | undefined;
  readonly #limit: number;
  #lines: string[];

  /**
   * @param path where lines are kept between sessions, mode 0600; undefined: nowhere
   * @param limit how many lines are kept
   */
  constructor(limit: number, path?: string) {
    this.#path = path;
    this.#limit = limit;
    this.#lines = path === undefined ? [] : this.#load(path);
  }

  /** The oldest first. */
  lines(): readonly string[] {
    return this.#lines;
  }

  /** A blank in front keeps a line out, as in a shell. */
  add(line: string): void {
    if (this.#limit === 0 || line.trim() === "" || /^\s/.test(line) || line === this.#lines.at(-1)) return;
    if (line.length > longestLine || line.includes("\n")) return;
    this.#lines.push(line);
    if (this.#lines.length > this.#limit) this.#lines = this.#lines.slice(-this.#limit);
    if (this.#path !== undefined) this.#store(this.#path, line);
  }

  /** Each line by itself, so that sessions side by side lose nothing of each other. */
  #store(path: string, line: string): void {
    ifTrusted(() => {
      makePrivateDirectory(dirname(path));
      const descriptor = openPrivateFile(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT);
      try {
        appendFileSync(descriptor, toBytes(`${line}\n`));
      } finally {
        closeSync(descriptor);
      }
    });
  }

  #load(path: string): string[] {
    const text = fromBytes(readTrusted(path) ?? new Uint8Array());
    const all = text.split("\n").filter((line) => line !== "");
    const kept = this.#limit === 0 ? [] : all.slice(-this.#limit);
    if (text !== "") ifTrusted(() => chmodSync(path, 0o600));
    // Written anew only now and then, and never in place: another session may be adding to it.
    if (all.length > 2 * this.#limit) ifTrusted(() => replace(path, kept));
    return kept;
  }
}

function replace(path: string, lines: readonly string[]): void {
  const fresh = `${path}.${process.pid}`;
  const descriptor = createPrivateFile(fresh);
  try {
    writeFileSync(descriptor, toBytes(lines.map((line) => `${line}\n`).join("")));
  } finally {
    closeSync(descriptor);
  }
  renameSync(fresh, path);
}
