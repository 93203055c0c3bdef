/** Text to compare without regard to case and to how accents are written. */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  // A sigma is lowered by where it stands in its word, which what is looked for need not be whole.
  return /^[\x00-\x7f]*$/.test(lower) ? lower : lower.normalize("NFC").replaceAll("\u03c2", "\u03c3");
}
