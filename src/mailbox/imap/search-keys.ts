/** Converts conditions to search keys of the SEARCH command (RFC 9051, section 6.4.4). */
import type { ServerTerm } from "../server-term.ts";
import { months, type SearchKey } from "./imap-grammar.ts";

const day = 24 * 60 * 60 * 1000;

/**
 * Returns the search keys for a condition. The keys match every message that satisfies the condition, and possibly
 * others. The keys allow for the following differences between servers:
 *
 * - Servers decode encoded words before they search. If a server does not know the charset of an encoded word, it may
 *   leave the word undecoded. Messages that contain `=?` are therefore also matched. Dovecot removes such words, so
 *   their text is not found.
 * - SENTSINCE and SENTBEFORE compare days and ignore the time zone, so the range is extended by a day. If a message has
 *   no valid Date field, the date of its arrival is used. Dovecot does not support dates after 2038.
 * - A server searches only text parts. Messages of any other type always count as matches, so that the caller checks them.
 *
 * @param searchesWords whether the server searches for whole words instead of substrings; the results of such a server
 *   are incomplete
 * @returns undefined if the server cannot check the condition
 */
export function makeSearchKeys(term: ServerTerm, searchesWords: boolean): readonly SearchKey[] | undefined {
  if ("allOf" in term) {
    const known = term.allOf.map((each) => makeSearchKeys(each, searchesWords)).filter((keys) => keys !== undefined);
    return known.length === 0 ? undefined : known.flat();
  }
  if ("anyOf" in term) {
    const known = term.anyOf.map((each) => makeSearchKeys(each, searchesWords));
    return known.reduce((left, right) =>
      left === undefined || right === undefined ? undefined : joinWithOr(left, right),
    );
  }
  if ("since" in term) {
    const date = formatDay(new Date(term.since.getTime() - day));
    return joinWithOr(makePair("SENTSINCE", date), makePair("SINCE", date));
  }
  if ("before" in term) {
    const date = formatDay(new Date(term.before.getTime() + 2 * day));
    return joinWithOr(makePair("SENTBEFORE", date), makePair("BEFORE", date));
  }
  if (searchesWords) return undefined;
  if ("field" in term) return makeFieldKeys(term.field, term.words);
  if (term.bodyWords.length === 0) return undefined;
  const types = ["text/", "multipart/", "message/"].flatMap((type): SearchKey[] => [
    { word: "NOT" },
    ...makeHeaderKey("Content-Type", type),
  ]);
  return joinWithOr(
    term.bodyWords.flatMap((text): SearchKey[] => [{ word: "BODY" }, { text }]),
    [...makeHeaderKey("Content-Type", ""), ...types],
  );
}

function makeFieldKeys(field: string, words: readonly string[]): readonly SearchKey[] | undefined {
  const exists = makeHeaderKey(field, "");
  const isFrom = field.toLowerCase() === "from";
  if (words.length === 0) return isFrom ? undefined : exists;
  const found = joinWithOr(
    words.flatMap((word) => makeHeaderKey(field, word)),
    makeHeaderKey(field, "=?"),
  );
  // If a message has no From field, its envelope sender is compared instead.
  return isFrom ? joinWithOr(found, [{ word: "NOT" }, ...exists]) : found;
}

function makeHeaderKey(field: string, text: string): readonly SearchKey[] {
  return [{ word: "HEADER" }, { text: field }, { text }];
}

function makePair(word: string, value: string): readonly SearchKey[] {
  return [{ word }, { word: value }];
}

function joinWithOr(left: readonly SearchKey[], right: readonly SearchKey[]): readonly SearchKey[] {
  return [{ word: "OR" }, { all: left }, { all: right }];
}

/** Formats a time as a date in UTC (RFC 9051, `date`). */
function formatDay(date: Date): string {
  const year = Math.min(9999, Math.max(1, date.getUTCFullYear()));
  return `${date.getUTCDate()}-${months[date.getUTCMonth()]}-${`${year}`.padStart(4, "0")}`;
}
