/**
 * Conditions that a server can check, so that it names the messages that may match a query. They are weaker than the query:
 * every matching message satisfies them, whatever its charset, and the messages that a server names are checked again.
 */

/** A condition. All texts consist of printable ASCII characters without spaces. */
export type ServerTerm =
  /** Each of the words is in the header field. Without words, the field exists. */
  | { readonly field: string; readonly words: readonly string[] }
  /** Each of the words is in the text of the body. */
  | { readonly bodyWords: readonly string[] }
  /** The message's date is this time or later. */
  | { readonly since: Date }
  /** The message's date is before this time. */
  | { readonly before: Date }
  | { readonly allOf: readonly ServerTerm[] }
  | { readonly anyOf: readonly ServerTerm[] };

/**
 * Returns the words of a text that are the same in all charsets. A text that contains the given one contains them, too,
 * although its spaces may differ.
 */
export function listAsciiWords(text: string): string[] {
  return text.split(/[^\x21-\x7e]+/).filter((word) => word !== "");
}

/** Returns the condition that all of the given conditions are satisfied; undefined if none of them is known. */
export function requireAll(terms: readonly (ServerTerm | undefined)[]): ServerTerm | undefined {
  const known = terms.filter((term) => term !== undefined);
  return known.length > 1 ? { allOf: known } : known[0];
}

/** Returns the condition that at least one of the given conditions is satisfied; undefined if one of them is unknown. */
export function requireAny(terms: readonly (ServerTerm | undefined)[]): ServerTerm | undefined {
  const known = terms.filter((term) => term !== undefined);
  if (known.length < terms.length) return undefined;
  return known.length > 1 ? { anyOf: known } : known[0];
}
