/**
 * Defines conditions that a server can check, in order to find the messages that may match a query. A condition is
 * never stricter than the query: every matching message satisfies it, regardless of the message's charset. `mail`
 * itself checks the messages that the server has found.
 */

/** A condition. The words in a condition consist of printable ASCII characters without spaces. */
export type ServerTerm =
  /** The header field exists and contains each of the words. The list of words may be empty. */
  | { readonly field: string; readonly words: readonly string[] }
  /** The body's text contains each of the words. */
  | { readonly bodyWords: readonly string[] }
  /** The message's date is not before this time. */
  | { readonly since: Date }
  /** The message's date is before this time. */
  | { readonly before: Date }
  | { readonly allOf: readonly ServerTerm[] }
  | { readonly anyOf: readonly ServerTerm[] };

/**
 * Returns the ASCII words in a text. All charsets encode these words in the same way. Any text that contains the given
 * text also contains these words, even if the spaces differ.
 */
export function listAsciiWords(text: string): string[] {
  return text.split(/[^\x21-\x7e]+/).filter((word) => word !== "");
}

/**
 * Returns a condition that requires all of the given conditions. Unknown conditions are omitted; if all are unknown,
 * the result is undefined.
 */
export function requireAll(terms: readonly (ServerTerm | undefined)[]): ServerTerm | undefined {
  const known = terms.filter((term) => term !== undefined);
  return known.length > 1 ? { allOf: known } : known[0];
}

/** Returns a condition that requires at least one of the given conditions; undefined if any of them is unknown. */
export function requireAny(terms: readonly (ServerTerm | undefined)[]): ServerTerm | undefined {
  const known = terms.filter((term) => term !== undefined);
  if (known.length < terms.length) return undefined;
  return known.length > 1 ? { anyOf: known } : known[0];
}
