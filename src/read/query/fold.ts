/** Text to compare without regard to case and to how accents are written. */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  // A sigma is lowered by where it stands in its word, which what is looked for need not be whole.
  return /^[\x00-\x7f]*$/.test(lower) ? lower : lower.normalize("NFC").replaceAll("\u03c2", "\u03c3");
}

/**
 * Returns whether some field of a header can have a text at all: most headers lack it, and need no closer look.
 *
 * @returns for a header, each byte as the character of that code: true where the text stands there or something encoded does
 */
export function possiblyWith(text: string): (header: string) => boolean {
  // What has blanks may be folded.
  if (!/^[!-~]+$/.test(text)) return () => true;
  const plain = new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "i");
  return (header) => plain.test(header) || encoded.test(header);
}

const encoded = /=\?|[\x80-\xff]/;
