/** The line that is typed, on the screen: drawn, drawn again, left behind or taken away. */
import { changes, drawnAnew } from "./line-drawing.ts";
import type { LineState } from "./line-editor.ts";
import { type LineView, orderRows, type Size } from "./line-view.ts";
import type { Stroke } from "./output.ts";

export interface Screen {
  size(): Size;
  draw(strokes: readonly Stroke[]): void;
  /** With what is drawn next, or when there is enough of it. */
  drawLater(strokes: readonly Stroke[]): void;
}

/** Draws the line that is being typed, and removes it. */
export class ShownLine {
  readonly #screen: Screen;
  readonly #prompt: string;
  /** What stands there; undefined where the line is not on the screen. */
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
    const strokes = changes(this.#view, view);
    this.#view = view;
    if (strokes.length > 0) this.#screen.draw(strokes);
  }

  /** Something else has taken the line off the screen. */
  forget(): void {
    this.#view = undefined;
  }

  /** After a change of the window: terminals break the rows of a line anew, and keep the cursor in its place. */
  showInNewWindow(state: LineState): void {
    const view = orderRows(this.#prompt, state, this.#screen.size());
    // Not as a change: of an empty line with an empty prompt, all of it would be what is added.
    this.#screen.draw(this.#view === undefined ? changes(undefined, view) : drawnAnew(view.cursor, view));
    this.#view = view;
  }

  /** Leaves the line as it stands, and the cursor behind it and `end`. */
  putDown(state: LineState, end = "\n"): void {
    const view = orderRows(
      this.#prompt,
      { ...state, cursor: state.text.length, search: undefined },
      this.#screen.size(),
    );
    const strokes = changes(this.#view, view);
    this.#view = undefined;
    // Behind a full row the cursor is at the next one's beginning already.
    const there = view.end.column === 0 && view.end.row > 0;
    this.#screen.draw(end === "" || (end === "\n" && there) ? strokes : [...strokes, { text: end }]);
  }

  /** Takes the line off the screen. */
  putAway(): void {
    if (this.#view === undefined) return;
    this.#screen.draw([{ move: { rows: -this.#view.cursor.row, column: 0 } }, "erase-below"]);
    this.#view = undefined;
  }
}
