/** How many columns a text takes on a terminal, and what fits into so many. */
import stringWidth from "string-width";
import { visible } from "../message/safe-text.ts";

const plain = /^[\x20-\x7e]*$/;
/** Of Latin, Greek and Cyrillic letters each is a column and a character of its own. */
const narrow = /^[\x20-\x7e\xa1-\xa8\xaa-\xac\xaf-\u02ff\u0391-\u03c9\u0400-\u0482\u048a-\u04ff]*$/;

let segmenter: Intl.Segmenter | undefined;

/** The characters as a person counts them. */
export function graphemes(text: string): string[] {
  if (narrow.test(text)) return [...text];
  // Made late: it takes milliseconds, and most texts need none.
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Columns of a text as the terminal shows it: with what is unsafe made visible. */
export function displayWidth(text: string): number {
  if (plain.test(text)) return text.length;
  const shown = visible(text);
  return narrow.test(shown) ? shown.length : stringWidth(shown);
}

/** At most so many columns of a text; an ellipsis tells that there was more. */
export function cutToFit(text: string, columns: number, { ellipsis = "…" }: { ellipsis?: string } = {}): string {
  if (displayWidth(text) <= columns) return text;
  const room = columns - ellipsis.length;
  let used = 0;
  let kept = "";
  for (const character of graphemes(text)) {
    used += displayWidth(character);
    if (used > room) break;
    kept += character;
  }
  return room < 0 ? "" : kept + ellipsis;
}

/** Cut or filled up with blanks to exactly so many columns. */
export function fillColumns(text: string, columns: number): string {
  const kept = cutToFit(text, columns);
  return kept + " ".repeat(Math.max(columns - displayWidth(kept), 0));
}
