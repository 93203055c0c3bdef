/** Computes the rows of the line being typed, and the cursor's position. */
import { displayWidth, splitGraphemes } from "./display-width.ts";
import { createLine, type LineState } from "./line-state.ts";

export interface Size {
  readonly rows: number;
  readonly columns: number;
}

export interface Place {
  readonly row: number;
  readonly column: number;
}

export interface LineView {
  readonly prompt: string;
  /**
   * The visible part of the text, with tabs replaced by spaces. The entire text is visible, unless it would fill the
   * screen.
   */
  readonly text: string;
  /** The position after the last character, relative to the start of the prompt. */
  readonly end: Place;
  readonly cursor: Place;
}

/** Returns the prompt or, during a history search, the search text. */
export function promptOfState(prompt: string, { search }: LineState): string {
  if (search === undefined) return prompt;
  return `(${search.failed ? "not found" : "search"}) ${search.wanted}: `;
}

/**
 * Returns the view of a line.
 *
 * @param size the window's size; if the line would fill the window, only the part around the cursor is shown
 */
export function orderRows(prompt: string, state: LineState, size: Size): LineView {
  const shownPrompt = promptOfState(prompt, state);
  const { text, cursor } = findShownPart(shownPrompt, state, size);
  const whole = withoutTabs(shownPrompt + text, size.columns);
  const left = withoutTabs(shownPrompt + text.slice(0, cursor), size.columns);
  return {
    prompt: shownPrompt,
    text: whole.slice(shownPrompt.length),
    end: findPlaceAfter(whole, size.columns),
    cursor: findPlaceAfter(left, size.columns),
  };
}

/** Returns the visible part of text that was not edited, with tabs replaced by spaces. */
export function fitText(text: string, size: Size): string {
  if (text.length < (size.rows - 1) * size.columns && !text.includes("\t")) return text;
  return orderRows("", createLine(text), size).text;
}

function withoutTabs(text: string, columns: number): string {
  const [first = "", ...others] = text.split("\t");
  return others.reduce((line, piece) => {
    const { column } = findPlaceAfter(line, columns);
    return `${line}${" ".repeat(Math.min(8 - (column % 8), columns - column))}${piece}`;
  }, first);
}

/**
 * Returns the position of the cursor after text that begins in the first column. After a full row, the position is the
 * start of the next row.
 */
function findPlaceAfter(text: string, columns: number): Place {
  let row = 0;
  let column = 0;
  for (const character of splitGraphemes(text)) {
    for (const width of measureWidths(character)) {
      if (column + width > columns) {
        row++;
        column = 0;
      }
      column += width;
    }
  }
  return column >= columns ? { row: row + 1, column: 0 } : { row, column };
}

/**
 * Returns the widths of the parts into which the terminal can divide a character at the end of a row. A character that
 * is shown as several characters, and in more than two columns, is divided into parts that are each one column wide.
 */
function measureWidths(character: string): readonly number[] {
  const width = displayWidth(character);
  return width > 2 ? new Array<number>(width).fill(1) : [width];
}

/** Returns the entire text, or only the part around the cursor if the text would fill the screen. */
function findShownPart(prompt: string, { text, cursor }: LineState, { rows, columns }: Size) {
  const room = Math.max((rows - 1) * columns, columns);
  // The maximum amount of text that can be shown, not counting combining marks. The rest of a pasted text, which can be
  // megabytes long, is not examined.
  const reach = 4 * room;
  if (text.length <= reach && displayWidth(prompt) + displayWidth(text) < room) return { text, cursor };
  const before = splitGraphemes(text.slice(Math.max(cursor - reach, 0), cursor));
  const behind = splitGraphemes(text.slice(cursor, cursor + reach));
  const half = Math.max(Math.floor((room - displayWidth(prompt)) / 2) - 2, 1);
  const left = fitCharacters(before.reverse(), half).reverse().join("");
  const right = fitCharacters(behind, half).join("");
  return { text: left + right, cursor: left.length };
}

function fitCharacters(characters: readonly string[], columns: number): string[] {
  let used = 0;
  const end = characters.findIndex((character) => {
    used += displayWidth(character);
    return used > columns;
  });
  return characters.slice(0, end < 0 ? characters.length : end);
}
