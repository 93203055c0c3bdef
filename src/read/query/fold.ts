/** Returns text in a form in which case and the encoding of accents do not affect comparisons. */
export function foldText(text: string): string {
  const lower = text.toLowerCase();
  // The lower-case form of sigma depends on its position in the word, but the text to search for need not be a complete
  // word.
  return /^[\x00-\x7f]*$/.test(lower) ? lower : lower.normalize("NFC").replaceAll("\u03c2", "\u03c3");
}

/**
 * Returns a function that quickly tests whether a header can contain a text. Most headers cannot, and are not examined
 * further.
 *
 * @returns a function that returns true if a header, with one character per byte, contains the text or any encoded text
 */
export function makePrefilter(text: string): (header: string) => boolean {
  // Text with spaces may be folded across lines.
  if (!/^[!-~]+$/.test(text)) return () => true;
  const plain = new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "i");
  return (header) => plain.test(header) || encoded.test(header);
}

const encoded = /=\?|[\x80-\xff]/;
