/**
 * What of a text may reach a terminal: everything but what drives it or lies about its order.
 *
 * C0 controls (but newline and tab) and DEL are shown as ^X, C1 controls and direction overrides as <U+NNNN>, bytes that
 * are not UTF-8 as \xHH.
 */
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\udc80-\udcff]/g;
const highBefore = /[\ud800-\udbff]$/;

function shown(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return `^${String.fromCharCode(code + 0x40)}`;
  if (code === 0x7f) return "^?";
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
}

export function visible(text: string): string {
  return text.replace(unsafe, (character, at: number) => {
    // The second half of a surrogate pair is part of a character.
    const paired = character >= "\udc80" && highBefore.test(text.slice(Math.max(0, at - 1), at));
    return paired ? character : shown(character);
  });
}
