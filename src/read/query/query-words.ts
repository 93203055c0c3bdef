/** Splits a query into parentheses and words. Quoted words may contain spaces. */
import { ListMistake } from "./query.ts";
import { parseTerm } from "./term-table.ts";

export interface QueryWord {
  readonly kind: "(" | ")" | "word";
  /** The word without quotes. */
  readonly text: string;
  /** Whether the word begins with a quote. Such a word is a sender, and never an operator or a term. */
  readonly quoted: boolean;
  /** The position, counted from 1, at which the word begins in the list. */
  readonly place: number;
}

/** Splits a query into words, quotes and parentheses. */
export function queryWords(list: string): QueryWord[] {
  const words: QueryWord[] = [];
  let at = 0;
  while (at < list.length) {
    const first = list.charAt(at);
    if (first === " " || first === "\t") at++;
    else if (first === "(" || first === ")") {
      words.push({ kind: first, text: first, quoted: false, place: ++at });
    } else {
      const { text, end } = wordAt(list, at);
      words.push({ kind: "word", text, quoted: first === '"' || first === "'", place: at + 1 });
      at = end;
    }
  }
  return words;
}

/**
 * Returns the length of a query that is followed by other words: `from:cron and since:1d wc -l`.
 *
 * @returns 0 if the text does not begin with a query
 */
export function queryLength(text: string): number {
  let [at, whole, depth, terms] = [0, 0, 0, 0];
  while (at < text.length) {
    const first = text.charAt(at);
    if (first === " " || first === "\t" || first === "(" || first === ")") {
      if (first === "(") depth++;
      if (first === ")" && --depth < 0) break;
      at++;
    } else {
      let found: { text: string; end: number };
      try {
        found = wordAt(text, at);
      } catch (error) {
        if (error instanceof ListMistake) break;
        throw error;
      }
      const isTerm = parseTerm(text.slice(at, found.end)) !== undefined;
      const goesOn = isTerm || depth > 0 || /^(?:and|or|not|[\d$^.*+-]+|:[a-z])$/i.test(found.text);
      if (!goesOn) break;
      at = found.end;
      if (isTerm) terms++;
      if (/^(?:and|or|not)$/i.test(found.text)) continue;
    }
    if (depth === 0 && terms > 0 && first !== " " && first !== "\t") whole = at;
  }
  return whole;
}

/** Reads a word. Balanced parentheses inside a word belong to the word: `subject:fix(core)`. */
function wordAt(list: string, start: number): { text: string; end: number } {
  let text = "";
  let depth = 0;
  let at = start;
  for (; at < list.length; at++) {
    const character = list.charAt(at);
    if (character === " " || character === "\t" || (character === ")" && depth === 0)) break;
    if ((character === '"' || character === "'") && (at === start || list[at - 1] === ":")) {
      const end = list.indexOf(character, at + 1);
      if (end < 0) throw new ListMistake(`Missing ${character}`, { form: "bare" });
      text += list.slice(at + 1, end);
      at = end;
      continue;
    }
    if (character === "(" && /^not$/i.test(text)) break;
    if (character === "(") depth++;
    if (character === ")") depth--;
    text += character;
  }
  return { text, end: at };
}
