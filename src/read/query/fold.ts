/** Returns text in a form that can be compared without regard to case or to the encoding of accents. */
export function foldText(text: string): string {
  const lower = text.toLowerCase();
  // The lower-case form of sigma depends on its position in the word, which is unknown if the text to search for is
  // only part of a word.
  return /^[\x00-\x7f]*$/.test(lower) ? lower : lower.normalize("NFC").replaceAll("\u03c2", "\u03c3");
}
