/** Draws the line being typed, redraws it, leaves it on the screen or removes it. */
import { drawChanges, drawCompletely } from "./line-drawing.ts";
import type { LineState } from "./line-state.ts";
import { type LineView, orderRows, type Size } from "./line-view.ts";
import type { Stroke } from "./standard-streams.ts";

export interface Screen {
  size(): Size;
  draw(strokes: readonly Stroke[]): void;
  /** Draws keystrokes later, at the latest together with the next output. */
  drawLater(strokes: readonly Stroke[]): void;
}

/** Draws the line being typed, and removes it. */
export class ShownLine {
  readonly #screen: Screen;
  readonly #prompt: string;
  /** The view on the screen; undefined if the line is not on the screen. */
  #view: LineView | undefined;

  constructor(screen: Screen, prompt: string) {
    this.#screen = screen;
    this.#prompt = prompt;
  }

  get isThere(): boolean {
    return this.#view !== undefined;
  }

  show(state: LineState): void {
    const view = orderRows(this.#prompt, state, this.#screen.size());
    const strokes = drawChanges(this.#view, view);
    this.#view = view;
    if (strokes.length > 0) this.#screen.draw(strokes);
  }

  /** Records that other output has removed the line from the screen. */
  forget(): void {
    this.#view = undefined;
  }

  /**
   * Redraws the line after the window has been resized. Terminals rewrap the line and keep the cursor on the same
   * character.
   */
  showInNewWindow(state: LineState): void {
    const view = orderRows(this.#prompt, state, this.#screen.size());
    // The line is redrawn completely. drawChanges could mistake all the text for text that was appended to an empty
    // line.
    this.#screen.draw(this.#view === undefined ? drawChanges(undefined, view) : drawCompletely(view.cursor, view));
    this.#view = view;
  }

  /** Leaves the line on the screen and writes `end` after it. The cursor stays at the end of the output. */
  putDown(state: LineState, end = "\n"): void {
    const view = orderRows(
      this.#prompt,
      { ...state, cursor: state.text.length, search: undefined },
      this.#screen.size(),
    );
    const strokes = drawChanges(this.#view, view);
    this.#view = undefined;
    // After a full row, the cursor is already at the start of the next row.
    const there = view.end.column === 0 && view.end.row > 0;
    this.#screen.draw(end === "" || (end === "\n" && there) ? strokes : [...strokes, { text: end }]);
  }

  /** Removes the line from the screen. */
  putAway(): void {
    if (this.#view === undefined) return;
    this.#screen.draw([{ move: { rows: -this.#view.cursor.row, column: 0 } }, "erase-below"]);
    this.#view = undefined;
  }
}
