/** A progress bar. The bar appears after half a second, is updated regularly, and is removed at the end. */
import { cutToFit } from "./display-width.ts";
import type { Stroke } from "./standard-streams.ts";

/** In milliseconds. */
const patience = 500;
const pause = 100;

/** Draws a bar for a task that takes longer than half a second, and removes it at the end. */
export class ProgressBar {
  readonly #what: string;
  readonly #draw: (strokes: readonly Stroke[]) => void;
  readonly #unit: "bytes" | undefined;
  readonly #now: () => number;
  #started: number | undefined;
  #drawn: number | undefined;

  constructor(
    what: string,
    draw: (strokes: readonly Stroke[]) => void,
    unit?: "bytes",
    now: () => number = () => performance.now(),
  ) {
    this.#what = what;
    this.#draw = draw;
    this.#unit = unit;
    this.#now = now;
  }

  /** Updates the bar. @param columns the width of the window */
  at(done: number, total: number, columns: number): void {
    if (done >= total) {
      this.end();
      return;
    }
    const now = this.#now();
    this.#started ??= now;
    if (now - this.#started < patience || (this.#drawn !== undefined && now - this.#drawn < pause)) return;
    this.#drawn = now;
    const detail = this.#unit === "bytes" ? formatPace(done, total, now - this.#started) : "";
    const text = formatBar(this.#what, done / total, columns - 1, detail);
    this.#draw([{ move: { rows: 0, column: 0 } }, "erase-below", { text, style: "hint" }]);
  }

  /** Removes the bar from the screen, and resets it for the next task. */
  end(): void {
    this.#started = undefined;
    if (this.#drawn === undefined) return;
    this.#drawn = undefined;
    this.#draw([{ move: { rows: 0, column: 0 } }, "erase-below"]);
  }
}

/** Returns the details shown in a progress bar that counts bytes: ` of 1024 MB, 830 MB/s, 2 s left`. */
export function formatPace(done: number, total: number, milliseconds: number): string {
  const megabytes = (bytes: number) => `${Math.round(bytes / (1 << 20))} MB`;
  const perSecond = (done / Math.max(milliseconds, 1)) * 1000;
  return ` of ${megabytes(total)}, ${megabytes(perSecond)}/s, ${Math.ceil((total - done) / perSecond)} s left`;
}

/** Returns the text of a bar in at most `columns` columns: `archive  42 % [########------------]`. */
export function formatBar(what: string, part: number, columns: number, detail = ""): string {
  const percent = `${String(Math.floor(part * 100)).padStart(3)} %${columns < 60 ? "" : detail}`;
  const width = Math.min(Math.max(columns - percent.length - 24, 0), 40);
  const full = Math.round(part * width);
  const bar = width < 5 ? "" : ` [${"#".repeat(full)}${"-".repeat(width - full)}]`;
  return `${cutToFit(what, Math.max(columns - percent.length - bar.length - 1, 0))} ${percent}${bar}`;
}
