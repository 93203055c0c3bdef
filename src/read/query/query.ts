/** The conditions of a parsed query, and their combination with `and`, `or` and `not`. */
import { UserMistake } from "../../errors.ts";
import { requireAll, requireAny, type ServerTerm } from "../../mailbox/server-term.ts";
import type { Candidate } from "./candidate.ts";

/**
 * The data that a condition requires: the message's state (which is in memory), its size, its header, or the entire
 * message.
 */
export const Cost = { State: 0, Size: 1, Header: 2, Body: 3 } as const;
export type Cost = (typeof Cost)[keyof typeof Cost];

/** The properties of a message that are in memory, even if the message is on a server. */
export interface MessageState {
  readonly message: number;
  /** Bits of Flag. */
  readonly flags: number;
  /**
   * The mailbox's key for the message. A key that is computed from the content is used only by conditions whose cost is
   * Cost.Body.
   */
  readonly id: string;
}

/** A query that requires only the state of messages, which is in memory. */
interface StateQuery {
  readonly cost: typeof Cost.State;
  readonly matches: (state: MessageState) => boolean;
}

export interface Query {
  readonly cost: Cost;
  readonly matches: (candidate: Candidate) => boolean;
  /** The conditions that must all match, cheapest first; absent if there is only one. */
  readonly parts?: readonly Query[];
  /** A weaker condition that a server can check; undefined if no such condition exists. */
  readonly server?: ServerTerm | undefined;
}

/** A mistake in a message list or a query. */
export class ListMistake extends UserMistake {}

/** The error for a valid list or query that matches no message. */
export class NoneFound extends ListMistake {}

/**
 * Returns a query with a single condition. The cost determines how much of a message the condition may read.
 *
 * @param server a weaker condition that a server can check
 */
export function makeTerm(
  cost: Exclude<Cost, typeof Cost.State>,
  matches: (candidate: Candidate) => boolean,
  server?: ServerTerm,
): Query {
  return { cost, matches, server };
}

/** Returns a query with one condition about the state in memory. */
export function makeStateTerm(matches: (state: MessageState) => boolean): StateQuery {
  return { cost: Cost.State, matches };
}

/** Returns whether all conditions of a query concern state that is kept in memory. */
export function isStateQuery(query: Query): query is StateQuery {
  return query.cost === Cost.State;
}

/** Returns a query that requires all of the given queries. The cheapest is checked first. */
export function allOf(queries: readonly Query[]): Query {
  if (queries.length === 1) return queries[0] as Query;
  const parts = cheapestFirst(queries.flatMap((query) => query.parts ?? [query]));
  return {
    cost: findHighestCost(parts),
    matches: (candidate) => parts.every((part) => part.matches(candidate)),
    parts,
    server: requireAll(parts.map(({ server }) => server)),
  };
}

/** Returns a query that requires at least one of the given queries. */
export function anyOf(queries: readonly Query[]): Query {
  if (queries.length === 1) return queries[0] as Query;
  const alternatives = cheapestFirst(queries);
  return {
    cost: findHighestCost(alternatives),
    matches: (candidate) => alternatives.some((query) => query.matches(candidate)),
    server: requireAny(alternatives.map(({ server }) => server)),
  };
}

/** Returns the negation of a query. */
export function negateQuery(query: Query): Query {
  return { cost: query.cost, matches: (candidate) => !query.matches(candidate) };
}

function cheapestFirst(queries: readonly Query[]): Query[] {
  return [...queries].sort((a, b) => a.cost - b.cost);
}

function findHighestCost(ascending: readonly Query[]): Cost {
  return ascending.at(-1)?.cost ?? Cost.State;
}
