/** From one view of a line to the next with little output; a key at the end of a line writes itself alone. */
import { graphemes } from "./display-width.ts";
import type { LineView, Place } from "./line-view.ts";
import type { Stroke } from "./output.ts";

/** @param before what stands on the screen; undefined: nothing, and the cursor is in the first column */
export function changes(before: LineView | undefined, after: LineView): readonly Stroke[] {
  if (before === undefined) return drawWhole(after);
  const sameText = before.prompt === after.prompt && before.text === after.text;
  if (sameText) return same(before.cursor, after.cursor) ? [] : [toPlace(before.cursor, after.cursor)];
  const added = findAppended(before, after);
  if (added !== undefined) return [{ text: added }, ...atEdge(after.end)];
  return drawnAnew(before.cursor, after);
}

/** All of the line, whatever of it stands on the screen. @param cursor where that is now */
export function drawnAnew(cursor: Place, view: LineView): readonly Stroke[] {
  return [{ move: { rows: -cursor.row, column: 0 } }, "erase-below", ...drawWhole(view)];
}

function drawWhole(view: LineView): Stroke[] {
  const strokes: Stroke[] = [{ text: view.prompt, style: "prompt" }, { text: view.text }, ...atEdge(view.end)];
  if (!same(view.end, view.cursor)) strokes.push(toPlace(view.end, view.cursor));
  return strokes;
}

/**
 * Behind a full row a terminal waits at its edge: this brings the cursor where the next character will be. A line feed
 * would, too, but then the rows are two lines to the terminal, and it does not join them when the window grows.
 */
function atEdge(end: Place): Stroke[] {
  return end.column === 0 && end.row > 0 ? [{ text: " " }, { move: { rows: 0, column: 0 } }] : [];
}

function same(one: Place, other: Place): boolean {
  return one.row === other.row && one.column === other.column;
}

function toPlace(from: Place, to: Place): Stroke {
  return { move: { rows: to.row - from.row, column: to.column } };
}

/** What was typed at the end, if that is all that changed and it joined no character. */
function findAppended(before: LineView, after: LineView): string | undefined {
  const atEnd = same(before.cursor, before.end) && same(after.cursor, after.end);
  if (!atEnd || before.prompt !== after.prompt || !after.text.startsWith(before.text)) return undefined;
  const added = after.text.slice(before.text.length);
  const joined = graphemes(after.text).length !== graphemes(before.text).length + graphemes(added).length;
  return joined ? undefined : added;
}
