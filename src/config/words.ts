/**
 * Splits a command's arguments into words as bsd-mailx does.
 *
 * Spaces and tabs separate words. Quotes may begin anywhere in a word. A backslash is special only inside quotes,
 * where it works as in C.
 */

const escapes: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** Returns a command's arguments, split at white space outside quotes (POSIX mailx). */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (quote !== "") {
      if (character === quote) quote = "";
      else if (character === "\\" && at + 1 < text.length) {
        const octal = /^[0-7]{1,3}/.exec(text.slice(at + 1))?.[0];
        if (octal === undefined) {
          const next = text[++at] as string;
          word += escapes[next] ?? next;
        } else {
          word += String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
          at += octal.length;
        }
      } else word += character;
    } else if (character === " " || character === "\t") {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word ??= "";
      if (character === '"' || character === "'") quote = character;
      else word += character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}
