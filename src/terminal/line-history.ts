/** Lines typed earlier: those of this session, and for commands those of earlier ones, in a file that is the user's own. */
import { appendFileSync, chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fromBytes, toBytes } from "../message/text.ts";
import { isSystemError } from "../system-error.ts";

/** No line of a history is longer, in UTF-16 units: what is longer was pasted. */
const longestLine = 4096;

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
    quietly(() => {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      appendFileSync(path, toBytes(`${line}\n`), { mode: 0o600 });
    });
  }

  #load(path: string): string[] {
    const text = quietly(() => fromBytes(readFileSync(path))) ?? "";
    const all = text.split("\n").filter((line) => line !== "");
    const kept = this.#limit === 0 ? [] : all.slice(-this.#limit);
    if (text !== "") quietly(() => chmodSync(path, 0o600));
    // Written anew only now and then, and never in place: another session may be adding to it.
    if (all.length > 2 * this.#limit) quietly(() => replace(path, kept));
    return kept;
  }
}

function replace(path: string, lines: readonly string[]): void {
  const made = `${path}.${process.pid}`;
  writeFileSync(made, toBytes(lines.map((line) => `${line}\n`).join("")), { mode: 0o600, flag: "wx" });
  renameSync(made, path);
}

/** A history that can't be read or written is no reason to bother anybody. */
function quietly<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return undefined;
  }
}
