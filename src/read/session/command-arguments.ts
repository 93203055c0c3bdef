/** Parsers for arguments that are not message lists: nothing, words, or the rest of the line. */
import { splitWords } from "../../config/words.ts";
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
    parse: (session, rest, name) => {
      const words = splitWords(rest);
      if (words.length > mostWords) session.terminal.out("Too many elements in the list; excess discarded.\n");
      if (words.length < least) session.terminal.out(`${name} requires at least ${least} arg(s)\n`);
      else if (words.length > most || words.length > mostWords)
        session.terminal.out(`${name} takes no more than ${most} arg(s)\n`);
      else return words;
      return undefined;
    },
  };
}
