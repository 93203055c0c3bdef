/** Parsers for arguments that are not message lists: nothing, words, or the rest of the line. */
import { splitWords } from "../../config/words.ts";
import { UserMistake } from "../../errors.ts";
import type { Takes } from "./command.ts";

export const takesNothing: Takes<true> = { synopsis: "", parse: () => true };

/** Returns a parser that accepts the rest of the line as one string. */
export function takesText(synopsis: string): Takes<string> {
  return { synopsis, parse: (_session, rest) => rest.trim() };
}

const mostWords = 1000;

/** Returns a parser that accepts between `least` and `most` words and removes their quotes. */
export function takesWords(synopsis: string, least = 0, most = mostWords): Takes<readonly string[]> {
  return {
    synopsis,
    parse: (_session, rest, name) => {
      const words = splitWords(rest);
      if (words.length < least) throw new UserMistake(`${name} requires at least ${least} arg(s)`);
      if (words.length <= Math.min(most, mostWords)) return words;
      const excess = words.length > mostWords ? "Too many elements in the list; excess discarded.\n" : "";
      throw new UserMistake(`${excess}${name} takes no more than ${most} arg(s)`);
    },
  };
}
