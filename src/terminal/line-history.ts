/** The lines typed earlier. Commands from earlier sessions are kept in a private file. */
import { appendFileSync, chmodSync, closeSync, constants } from "node:fs";
import { dirname } from "node:path";
import { decodeBytes, toBytes } from "../message/text.ts";
import { ifTrusted, makePrivateDirectory, openPrivateFile, readTrusted, replacePrivateFile } from "../private-file.ts";
import { containsPassword } from "../secret-words.ts";

/** The maximum length of a line in the history, in UTF-16 units. Longer lines were probably pasted. */
const longestLine = 4096;

/** Records the typed lines, and keeps commands in a file. */
export class LineHistory {
  readonly #path: string | undefined;
  readonly #limit: number;
  #lines: string[];

  /**
   * @param path the file (mode 0600) that stores lines between sessions; undefined if lines are not stored
   * @param limit the maximum number of lines
   */
  constructor(limit: number, path?: string) {
    this.#path = path;
    this.#limit = limit;
    this.#lines = path === undefined ? [] : this.#load(path);
  }

  /** Returns the lines, oldest first. */
  lines(): readonly string[] {
    return this.#lines;
  }

  /** Adds a line, unless it contains a password or, as in a shell, begins with a space. */
  add(line: string): void {
    if (this.#limit === 0 || line.trim() === "" || /^\s/.test(line) || line === this.#lines.at(-1)) return;
    if (line.length > longestLine || line.includes("\n") || containsPassword(line)) return;
    this.#lines.push(line);
    if (this.#lines.length > this.#limit) this.#lines = this.#lines.slice(-this.#limit);
    if (this.#path !== undefined) this.#store(this.#path, line);
  }

  /** Appends each line separately, so that concurrent sessions do not lose each other's lines. */
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
    const text = decodeBytes(readTrusted(path) ?? new Uint8Array());
    const all = text.split("\n").filter((line) => line !== "");
    const kept = this.#limit === 0 ? [] : all.slice(-this.#limit);
    if (text !== "") ifTrusted(() => chmodSync(path, 0o600));
    // The file is seldom rewritten, and never in place, because another session may be appending to it.
    if (all.length > 2 * this.#limit) {
      const text = kept.map((line) => `${line}\n`).join("");
      ifTrusted(() => replacePrivateFile(path, [toBytes(text)]));
    }
    return kept;
  }
}
