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

/** A word as the user typed it. */
export interface RawWord {
  /** The index of the word's first character. */
  readonly start: number;
  readonly typed: string;
  /** The word without the quotes and backslashes. */
  readonly text: string;
  /** The quote character that is still open at the end of the word, or "". */
  readonly quote: string;
}

/**
 * Splits a line into words. As in the shell, a backslash is special except in single quotes. In `splitWords`, however,
 * a backslash is special only in quotes. The words are file names, which are expanded later.
 */
export function splitRawWords(line: string): RawWord[] {
  const words: RawWord[] = [];
  let [start, text, quote] = [-1, "", ""];
  for (let at = 0; at <= line.length; at++) {
    const character = line.charAt(at);
    if (quote === "" && /^[ \t]?$/.test(character)) {
      if (start >= 0) words.push({ start, typed: line.slice(start, at), text, quote });
      [start, text] = [-1, ""];
      continue;
    }
    if (start < 0) start = at;
    if (character === "") words.push({ start, typed: line.slice(start), text, quote });
    else if (character === "\\" && quote !== "'" && at + 1 < line.length) text += line.charAt(++at);
    else if (character === quote) quote = "";
    else if (quote === "" && (character === '"' || character === "'")) quote = character;
    else text += character;
  }
  return words;
}

/**
 * Returns the last word of a command line, which is a file name, and the text before that word.
 *
 * @param isQuotable whether the name may contain white space inside quotes or after a backslash, which bsd-mailx does
 *   not permit
 */
export function splitLastWord(line: string, isQuotable: boolean): { readonly before: string; readonly word: string } {
  const last = isQuotable ? splitRawWords(line).at(-1) : undefined;
  if (last !== undefined && last.quote === "")
    return { before: line.slice(0, last.start), word: unquotePrefix(last.typed) };
  const [, before = "", word = ""] = /^(.*?)([^ \t]*)[ \t]*$/s.exec(line) ?? [];
  return { before, word };
}

/** Moves an opening quote past `~/` or `+`, so that `expandFileName` expands a name such as `"+a b"`. */
export function unquotePrefix(name: string): string {
  return name.replace(/^(["'])(~\/|\+)/, "$2$1");
}
