/**
 * Computes the smallest output that changes one view of a line into the next. If a character is typed at the end of the
 * line, only that character is written.
 */
import { splitGraphemes } from "./display-width.ts";
import type { LineView, Place } from "./line-view.ts";
import type { Stroke } from "./standard-streams.ts";

/**
 * Returns the output that shows a view.
 *
 * @param before the view on the screen; undefined if there is none and the cursor is in the first column
 */
export function drawChanges(before: LineView | undefined, after: LineView): readonly Stroke[] {
  if (before === undefined) return drawWhole(after);
  const sameText = before.prompt === after.prompt && before.text === after.text;
  if (sameText) return isSamePlace(before.cursor, after.cursor) ? [] : [moveTo(before.cursor, after.cursor)];
  const added = findAppended(before, after);
  if (added !== undefined) return [{ text: added }, ...leaveEdge(after.end)];
  return drawCompletely(before.cursor, after);
}

/** Returns the output that redraws the entire line. @param cursor the cursor's current position */
export function drawCompletely(cursor: Place, view: LineView): readonly Stroke[] {
  return [{ move: { rows: -cursor.row, column: 0 } }, "erase-below", ...drawWhole(view)];
}

function drawWhole(view: LineView): Stroke[] {
  const strokes: Stroke[] = [{ text: view.prompt, style: "prompt" }, { text: view.text }, ...leaveEdge(view.end)];
  if (!isSamePlace(view.end, view.cursor)) strokes.push(moveTo(view.end, view.cursor));
  return strokes;
}

/**
 * Returns the output that moves the cursor to the next row after a full row. Without this output, a terminal leaves the
 * cursor at the right edge. A line feed is not suitable, because it would divide the line into two lines, which the
 * terminal would not join when the window grows.
 */
function leaveEdge(end: Place): Stroke[] {
  return end.column === 0 && end.row > 0 ? [{ text: " " }, { move: { rows: 0, column: 0 } }] : [];
}

function isSamePlace(one: Place, other: Place): boolean {
  return one.row === other.row && one.column === other.column;
}

function moveTo(from: Place, to: Place): Stroke {
  return { move: { rows: to.row - from.row, column: to.column } };
}

/**
 * Returns the text that was typed at the end of the line. Returns undefined if anything else changed, or if the text
 * combined with the preceding character.
 */
function findAppended(before: LineView, after: LineView): string | undefined {
  const atEnd = isSamePlace(before.cursor, before.end) && isSamePlace(after.cursor, after.end);
  if (!atEnd || before.prompt !== after.prompt || !after.text.startsWith(before.text)) return undefined;
  const added = after.text.slice(before.text.length);
  const joined =
    splitGraphemes(after.text).length !== splitGraphemes(before.text).length + splitGraphemes(added).length;
  return joined ? undefined : added;
}
