/** Splits a message list into tokens. message-list.ts describes the grammar. */

export interface ListToken {
  /**
   * "number" includes ^, $ and the dot. "unclosed" is a quoted word without a closing quote; its `text` is the opening
   * quote.
   */
  readonly kind: "number" | "+" | "-" | "*" | "parenthesis" | "text" | "unclosed";
  readonly text: string;
  readonly quoted?: boolean;
}

// A quote is recognized only at the beginning of a word. The text after the closing quote is a separate word.
const token = /[ \t]*(?:(\d+|[$.^])|([-+*])|([()])|"([^"]*)("?)|'([^']*)('?)|([^ \t]+))/y;

/** Splits a message list into tokens. */
export function tokenizeList(list: string): ListToken[] {
  const found: ListToken[] = [];
  token.lastIndex = 0;
  for (let match = token.exec(list); match !== null; match = token.exec(list)) {
    const [, number, sign, parenthesis, double, doubleEnd, single, singleEnd, bare] = match;
    if (number !== undefined) found.push({ kind: "number", text: number });
    else if (sign !== undefined) found.push({ kind: sign as "+" | "-" | "*", text: sign });
    else if (parenthesis !== undefined) found.push({ kind: "parenthesis", text: parenthesis });
    else if (double !== undefined) found.push(readQuotedToken('"', double, doubleEnd));
    else if (single !== undefined) found.push(readQuotedToken("'", single, singleEnd));
    else if (bare !== undefined) found.push({ kind: "text", text: bare });
  }
  return found;
}

function readQuotedToken(quote: string, inside: string, end: string | undefined): ListToken {
  return end === "" ? { kind: "unclosed", text: quote } : { kind: "text", text: inside, quoted: true };
}
