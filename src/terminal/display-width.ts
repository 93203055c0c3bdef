/** Computes how many columns text occupies on a terminal, and truncates or pads text to a given width. */
import stringWidth from "string-width";
import { makeVisible } from "../message/safe-text.ts";

const plain = /^[\x20-\x7e]*$/;
/**
 * Matches text in which each character is one grapheme and occupies one column, such as Latin, Greek or Cyrillic
 * letters.
 */
const narrow = /^[\x20-\x7e\xa1-\xa8\xaa-\xac\xaf-\u02ff\u0391-\u03c9\u0400-\u0482\u048a-\u04ff]*$/;

/** Matches text in which a grapheme cluster may contain several letters. */
const mayJoinLetters = /\p{M}[\u200c\u200d]?\p{L}|[\u0e33\u0eb3\u0d4e]/u;

/**
 * The number of code units to segment in one call. V8 copies the text for every grapheme that it finds, so short parts
 * are faster.
 */
const stretch = 256;
/**
 * The maximum number of code units per column. Longer text is truncated before it is measured, because a subject can be
 * a megabyte long.
 */
const longestCharacter = 50;

let segmenter: Intl.Segmenter | undefined;

/** Returns the grapheme clusters of the text, which are the characters as a reader sees them. */
export function splitGraphemes(text: string): string[] {
  if (narrow.test(text)) return [...text];
  return [...splitStretches(text)].flat();
}

/** Yields the grapheme clusters of the text, part by part. */
function* splitStretches(text: string): Iterable<string[]> {
  // Creating the segmenter takes milliseconds, and most text does not need it.
  segmenter ??= new Intl.Segmenter();
  for (let at = 0; at < text.length; ) {
    const part = startOfText(text.slice(at, at + stretch + 1), stretch);
    const characters = Array.from(segmenter.segment(part), ({ segment }) => segment);
    // The last cluster may continue in the next part.
    if (at + part.length < text.length && characters.length > 1) at -= characters.pop()?.length ?? 0;
    at += part.length;
    yield characters;
  }
}

/** Returns at most the first `length` code units of the text, without splitting a surrogate pair. */
function startOfText(text: string, length: number): string {
  return /^[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(length - 1, length + 1))
    ? text.slice(0, length - 1)
    : text.slice(0, length);
}

/** Returns the number of columns that the text occupies after its unsafe characters have been made visible. */
export function displayWidth(text: string): number {
  if (plain.test(text)) return text.length;
  const shown = makeVisible(text);
  if (narrow.test(shown)) return shown.length;
  if (shown.length <= stretch && !mayJoinLetters.test(shown)) return stringWidth(shown);
  let width = 0;
  for (const characters of splitStretches(shown)) {
    width += stringWidth(characters.join(""));
    for (const character of characters) width += countJoinedLetters(character);
  }
  return width;
}

/**
 * Returns the number of letters that follow the first letter of a grapheme cluster, as in conjuncts of Indic scripts
 * and syllables of Thai and Lao. Terminals show each of these letters in its own column.
 */
function countJoinedLetters(character: string): number {
  if (!mayJoinLetters.test(character)) return 0;
  const letters = character.match(/(?![\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff\uff9e\uff9f])\p{L}/gu) ?? [];
  return Math.max(letters.length - 1, 0);
}

/** Matches characters that join or modify emoji. Some terminals show each emoji of a joined sequence separately. */
const joinsEmoji = /[\u200d\u{1f3fb}-\u{1f3ff}]/u;

/** Returns the largest number of columns that the text occupies on any terminal. */
export function widestWidth(text: string): number {
  if (!joinsEmoji.test(text)) return displayWidth(text);
  let width = 0;
  for (const character of splitGraphemes(text)) {
    let separately = 0;
    if (joinsEmoji.test(character)) for (const codePoint of character) separately += measureJoined(codePoint);
    width += Math.max(displayWidth(character), separately);
  }
  return width;
}

/** Returns the width of a code point within an emoji sequence, in which joiners are invisible. */
function measureJoined(codePoint: string): number {
  return /[\u200d\ufe0f]/.test(codePoint) ? 0 : displayWidth(codePoint);
}

interface CutOptions {
  readonly ellipsis?: string;
  /** The function that measures text: displayWidth or widestWidth. */
  readonly measure?: (text: string) => number;
}

/** Truncates text to the given number of columns. An ellipsis marks the omitted text. */
export function cutToFit(
  text: string,
  columns: number,
  { ellipsis = "…", measure = displayWidth }: CutOptions = {},
): string {
  const start = text.length > columns * longestCharacter ? startOfText(text, columns * longestCharacter) : text;
  if (start === text && measure(text) <= columns) return text;
  const room = columns - ellipsis.length;
  let used = 0;
  let kept = "";
  for (const character of splitGraphemes(start)) {
    used += measure(character);
    if (used > room) break;
    kept += character;
  }
  return room < 0 ? "" : kept + ellipsis;
}

/** Truncates text, or pads it with spaces, to an exact number of columns. */
export function fillColumns(text: string, columns: number, options: CutOptions = {}): string {
  const kept = cutToFit(text, columns, options);
  return kept + " ".repeat(Math.max(columns - displayWidth(kept), 0));
}
