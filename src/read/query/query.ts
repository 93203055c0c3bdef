/** What a query is once it has been read: terms put together by and, or, not. */
import type { Candidate } from "./candidate.ts";

/** What it takes to tell: the state in memory, the header, the whole message. */
export const Cost = { State: 0, Header: 1, Body: 2 } as const;
export type Cost = (typeof Cost)[keyof typeof Cost];

export interface Query {
  readonly cost: Cost;
  readonly matches: (candidate: Candidate) => boolean;
  /** The parts that must all hold, the cheapest first; without them the query is one part. */
  readonly parts?: readonly Query[];
}

/** A mistake in a message list or a query. */
export class ListMistake extends Error {
  /** "unclosed": a quotation or a pattern lacks its end. bsd-mailx reports only that on standard error. */
  readonly reason: "unclosed" | "invalid";

  constructor(message: string, reason: ListMistake["reason"] = "invalid") {
    super(message);
    this.reason = reason;
  }
}

/** Nothing was wrong with it, but no message is meant. */
export class NoneFound extends ListMistake {}

/** Returns a query with one condition. */
export function term(cost: Cost, matches: (candidate: Candidate) => boolean): Query {
  return { cost, matches };
}

/** Returns a query that requires all of the queries; the cheapest is asked first. */
export function allOf(queries: readonly Query[]): Query {
  if (queries.length === 1) return queries[0] as Query;
  const parts = cheapestFirst(queries.flatMap((query) => query.parts ?? [query]));
  return { cost: dearest(parts), matches: (candidate) => parts.every((part) => part.matches(candidate)), parts };
}

/** Returns a query that requires one of the queries. */
export function anyOf(queries: readonly Query[]): Query {
  if (queries.length === 1) return queries[0] as Query;
  const alternatives = cheapestFirst(queries);
  return {
    cost: dearest(alternatives),
    matches: (candidate) => alternatives.some((query) => query.matches(candidate)),
  };
}

/** Returns the negation of a query. */
export function not(query: Query): Query {
  return { cost: query.cost, matches: (candidate) => !query.matches(candidate) };
}

function cheapestFirst(queries: readonly Query[]): Query[] {
  return [...queries].sort((a, b) => a.cost - b.cost);
}

function dearest(ascending: readonly Query[]): Cost {
  return ascending.at(-1)?.cost ?? Cost.State;
}
