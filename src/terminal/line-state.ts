/** The state of the line being typed. A state is immutable. */

export interface LineState {
  readonly text: string;
  /** The offset in `text` at which the next character is inserted, never inside a grapheme. */
  readonly cursor: number;
  /** The text that Ctrl-K, Ctrl-U, Ctrl-W or Ctrl-C removed, and that Ctrl-Y inserts. */
  readonly killed: string;
  /** Whether the last key removed text. The results of consecutive removals are collected in `killed`. */
  readonly killing: boolean;
  /** The number of lines back in the history; 0 for the line being typed. */
  readonly back: number;
  /** The line that was being typed, while an earlier line is shown. */
  readonly own: string;
  readonly search: Search | undefined;
  /** Whether the next key is inserted literally (Ctrl-V). */
  readonly literal: boolean;
}

/** A search of the history (Ctrl-R). */
export interface Search {
  readonly wanted: string;
  /** The state before the search. */
  readonly before: { readonly text: string; readonly cursor: number; readonly back: number };
  readonly failed: boolean;
}

/** The action that a key requires from the caller, in addition to showing the new state. */
export type Effect = "accept" | "end" | "interrupt" | "suspend" | "quit" | "complete" | "redraw" | "bell";

export interface Pressed {
  readonly state: LineState;
  readonly effect?: Effect;
}

/**
 * Returns the state of a new line.
 *
 * @param text the initial text, with the cursor at its end
 * @param killed the text that Ctrl-Y inserts, kept from the previous line
 */
export function createLine(text = "", killed = ""): LineState {
  return {
    text,
    cursor: text.length,
    killed,
    killing: false,
    back: 0,
    own: "",
    search: undefined,
    literal: false,
  };
}
