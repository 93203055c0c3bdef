/** Parses a query. message-list.ts describes the grammar. */
import { joinAlternatives } from "../../errors.ts";
import { allOf, anyOf, ListMistake, negateQuery, type Query } from "./query.ts";
import { type QueryWord, queryWords } from "./query-words.ts";
import { parseTerm, queryTerms } from "./term-table.ts";
import { compileTerm, type TermPlace } from "./terms.ts";

export interface QueryPlace extends TermPlace {
  /** Returns the condition for numbers and ranges, as in a message list. @throws ListMistake */
  numbers(list: string): Query;
  /** Returns the condition for `:x`, `/text` or a sender. @throws ListMistake */
  item(text: string): Query;
}

/** Parses a query. @throws ListMistake */
export function parseQuery(list: string, place: QueryPlace): Query {
  const words = queryWords(list.trimStart());
  let at = 0;
  const peek = () => words[at];

  function joinAlternatives(): Query {
    const found = [conjunction()];
    while (isOperator(peek(), "or")) {
      at++;
      found.push(conjunction());
    }
    return anyOf(found);
  }

  function conjunction(): Query {
    const found = [negation()];
    for (;;) {
      const next = peek();
      if (isOperator(next, "and")) at++;
      else if (next === undefined || next.kind === ")" || isOperator(next, "or")) return allOf(found);
      found.push(negation());
    }
  }

  function negation(): Query {
    let negated = false;
    while (isOperator(peek(), "not")) {
      at++;
      negated = !negated;
    }
    const query = primary();
    return negated ? negateQuery(query) : query;
  }

  function primary(): Query {
    const word = peek();
    if (word === undefined || word.kind === ")" || isOperator(word, "and") || isOperator(word, "or")) {
      throw makeMissingMistake(words[at - 1], word);
    }
    if (word.kind === "(") {
      if (++openings > deepest) throw new ListMistake(`More than ${deepest} nested parentheses`);
      at++;
      const query = joinAlternatives();
      if (peek()?.kind !== ")") throw new ListMistake(`No ")" for the "(" at character ${word.place}`);
      at++;
      return query;
    }
    if (isNumbers(word)) return numbers();
    at++;
    return compileWord(word, place);
  }

  function numbers(): Query {
    const run: string[] = [];
    for (let word = peek(); word !== undefined && isNumbers(word); word = peek()) {
      run.push(word.text);
      at++;
    }
    return place.numbers(run.join(" "));
  }

  let openings = 0;
  const query = joinAlternatives();
  const behind = peek();
  if (behind !== undefined) throw makeUnopenedMistake(behind);
  return query;
}

const deepest = 500;

function compileWord({ text, quoted }: QueryWord, place: QueryPlace): Query {
  if (quoted) return place.item(text);
  const found = parseTerm(text);
  if (found !== undefined) return compileTerm(found.name, found.value, place);
  const [, unknown] = /^([a-z][a-z-]*):/i.exec(text) ?? [];
  if (unknown === undefined) return place.item(text);
  const known = Object.keys(queryTerms).map((name) => `${name}:`);
  throw new ListMistake(`Unknown term "${unknown}:"; use ${joinAlternatives(known)}`);
}

function isOperator(word: QueryWord | undefined, operator: "and" | "or" | "not"): boolean {
  return word?.kind === "word" && !word.quoted && word.text.toLowerCase() === operator;
}

function isNumbers({ kind, text, quoted }: QueryWord): boolean {
  return kind === "word" && !quoted && /^[\d$^.*+-]+$/.test(text);
}

function makeMissingMistake(before: QueryWord | undefined, found: QueryWord | undefined): ListMistake {
  if (found?.kind === ")" && before === undefined) return makeUnopenedMistake(found);
  if (found?.kind === ")" && before?.kind === "(") {
    return new ListMistake(`Nothing between "(" and ")" at character ${found.place}; ${wanted}`);
  }
  if (before === undefined && found === undefined) return new ListMistake(`The query is empty; ${wanted}`);
  if (before === undefined)
    return new ListMistake(`Nothing before "${found?.text}" at character ${found?.place}; ${wanted}`);
  return new ListMistake(`Nothing after "${before.text}" at character ${before.place}; ${wanted}`);
}

const wanted = "expected a term, a number or a sender";

function makeUnopenedMistake({ place }: QueryWord): ListMistake {
  return new ListMistake(`No "(" for the ")" at character ${place}`);
}
