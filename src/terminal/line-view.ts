/** How a line that is being typed stands on the screen: its rows, and where the cursor is. */
import { displayWidth, graphemes } from "./display-width.ts";
import { type LineState, newLine } from "./line-editor.ts";

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
  /** As much of the text as is shown, tabs as blanks; all of it, unless it fills the screen. */
  readonly text: string;
  /** Of what is behind the last character, counted from the prompt's beginning. */
  readonly end: Place;
  readonly cursor: Place;
}

/** Returns the prompt, or while one searches in the history what is searched for. */
export function promptOfState(prompt: string, { search }: LineState): string {
  if (search === undefined) return prompt;
  return `(${search.failed ? "not found" : "search"}) ${search.wanted}: `;
}

/** @param size of the window; a line that would fill it shows the part around its cursor */
export function orderRows(prompt: string, state: LineState, size: Size): LineView {
  const shownPrompt = promptOfState(prompt, state);
  const { text, cursor } = shownPart(shownPrompt, state, size);
  const whole = withoutTabs(shownPrompt + text, size.columns);
  const left = withoutTabs(shownPrompt + text.slice(0, cursor), size.columns);
  return {
    prompt: shownPrompt,
    text: whole.slice(shownPrompt.length),
    end: placeAfter(whole, size.columns),
    cursor: placeAfter(left, size.columns),
  };
}

/** Returns a text that was never edited: as much of it as is shown, tabs as blanks. */
export function shownText(text: string, size: Size): string {
  if (text.length < (size.rows - 1) * size.columns && !text.includes("\t")) return text;
  return orderRows("", newLine(text), size).text;
}

function withoutTabs(text: string, columns: number): string {
  const [first = "", ...others] = text.split("\t");
  return others.reduce((line, piece) => {
    const { column } = placeAfter(line, columns);
    return `${line}${" ".repeat(Math.min(8 - (column % 8), columns - column))}${piece}`;
  }, first);
}

/** Where the cursor stands behind a text that begins in the first column; behind a full row, at the next one's start. */
function placeAfter(text: string, columns: number): Place {
  let row = 0;
  let column = 0;
  for (const character of graphemes(text)) {
    for (const width of widths(character)) {
      if (column + width > columns) {
        row++;
        column = 0;
      }
      column += width;
    }
  }
  return column >= columns ? { row: row + 1, column: 0 } : { row, column };
}

/** What is shown as several characters can be broken between rows at each of them. */
function widths(character: string): readonly number[] {
  const width = displayWidth(character);
  return width > 2 ? new Array<number>(width).fill(1) : [width];
}

/** Of a text that would fill the screen, the part around the cursor. */
function shownPart(prompt: string, { text, cursor }: LineState, { rows, columns }: Size) {
  const room = Math.max((rows - 1) * columns, columns);
  // Marks aside, no more than this could be shown: of a text that was pasted, megabytes are not even looked at.
  const reach = 4 * room;
  if (text.length <= reach && displayWidth(prompt) + displayWidth(text) < room) return { text, cursor };
  const before = graphemes(text.slice(Math.max(cursor - reach, 0), cursor));
  const behind = graphemes(text.slice(cursor, cursor + reach));
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
