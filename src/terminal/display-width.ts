/** How many columns a text takes on a terminal, and what fits into so many. */
import stringWidth from "string-width";
import { visible } from "../message/safe-text.ts";

const plain = /^[\x20-\x7e]*$/;
/** Of Latin, Greek and Cyrillic letters each is a column and a character of its own. */
const narrow = /^[\x20-\x7e\xa1-\xa8\xaa-\xac\xaf-\u02ff\u0391-\u03c9\u0400-\u0482\u048a-\u04ff]*$/;

/** Code units that are segmented at once: for each character that it finds, V8 copies the text it looks in. */
const stretch = 256;
/** Code units; of a text with more for each column something is left out without a look, for a subject may be a megabyte. */
const longestCharacter = 50;

let segmenter: Intl.Segmenter | undefined;

/** Returns the grapheme clusters of a text: what a person counts as characters. */
export function graphemes(text: string): string[] {
  if (narrow.test(text)) return [...text];
  return [...stretches(text)].flat();
}

/** The same, in parts. */
function* stretches(text: string): Iterable<string[]> {
  // Made late: it takes milliseconds, and most texts need none.
  segmenter ??= new Intl.Segmenter();
  for (let at = 0; at < text.length; ) {
    const part = startOfText(text.slice(at, at + stretch + 1), stretch);
    const characters = Array.from(segmenter.segment(part), ({ segment }) => segment);
    // The last one may go on behind the part.
    if (at + part.length < text.length && characters.length > 1) at -= characters.pop()?.length ?? 0;
    at += part.length;
    yield characters;
  }
}

/** At most so many code units, and not half a surrogate pair at the end. */
function startOfText(text: string, length: number): string {
  return /^[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(length - 1, length + 1))
    ? text.slice(0, length - 1)
    : text.slice(0, length);
}

/** Columns of a text as the terminal shows it: with what is unsafe made visible. */
export function displayWidth(text: string): number {
  if (plain.test(text)) return text.length;
  const shown = visible(text);
  if (narrow.test(shown)) return shown.length;
  if (shown.length <= stretch) return stringWidth(shown);
  let width = 0;
  for (const characters of stretches(shown)) width += stringWidth(characters.join(""));
  return width;
}

/** At most so many columns of a text; an ellipsis tells that there was more. */
export function cutToFit(text: string, columns: number, { ellipsis = "…" }: { ellipsis?: string } = {}): string {
  const start = text.length > columns * longestCharacter ? startOfText(text, columns * longestCharacter) : text;
  if (start === text && displayWidth(text) <= columns) return text;
  const room = columns - ellipsis.length;
  let used = 0;
  let kept = "";
  for (const character of graphemes(start)) {
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
