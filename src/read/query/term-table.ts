/** What the terms of queries are called and mean; terms.ts has what they do, which is loaded when one is used. */

interface TermRow {
  /** What stands behind the colon. */
  readonly argument: string;
  readonly meaning: string;
  readonly example: string;
  /** What to write instead of a value that is wrong. */
  readonly hint: string;
}

const when = "as 2d, 12h, 3w, 6m, 1y, today, monday, 2026-01 or 2026-01-31";

export const queryTerms = {
  since: { argument: "date", meaning: "Dated then or later.", example: "since:2d", hint: when },
  before: { argument: "date", meaning: "Dated earlier.", example: "before:2026-01-01", hint: when },
  on: { argument: "date", meaning: "Dated on that day, in that month or year.", example: "on:yesterday", hint: when },
  from: { argument: "text", meaning: "Text in the sender's name or address.", example: "from:cron", hint: "" },
  to: { argument: "text", meaning: "Text in To.", example: "to:root", hint: "" },
  cc: { argument: "text", meaning: "Text in Cc.", example: "cc:ann", hint: "" },
  subject: { argument: "text", meaning: "Text in the subject.", example: 'subject:"disk full"', hint: "" },
  body: {
    argument: "text",
    meaning: "Text in the body, in text parts once decoded.",
    example: "body:needle",
    hint: "",
  },
  header: {
    argument: "field",
    meaning: "Text in a header field; without text, that there is such a field.",
    example: "header:X-Spam-Flag:yes",
    hint: "as header:Name:text or header:Name",
  },
  size: {
    argument: "size",
    meaning: "Bytes as stored.",
    example: "size:>1M",
    hint: "as >1M, <=10k, 5k-2M; k, M and G count by 1024",
  },
  is: {
    argument: "state",
    meaning: "In that state: new, unread, deleted, flagged and others.",
    example: "is:unread",
    hint: "as new, old, read, unread, deleted, saved, held, mbox, touched, flagged, answered",
  },
  has: { argument: "thing", meaning: "With a file attached.", example: "has:attachment", hint: "as has:attachment" },
} as const satisfies Record<string, TermRow>;

export type QueryTermName = keyof typeof queryTerms;

const names = Object.keys(queryTerms).join("|");
const beginning = new RegExp(`^(${names}):(.*)$`, "is");
const somewhere = new RegExp(`(?:^|\\()(?:${names}):`, "i");

/** A word of a query taken apart; undefined when it is no term. */
export function asTerm(word: string): { name: QueryTermName; value: string } | undefined {
  const [, name, value = ""] = beginning.exec(word) ?? [];
  return name === undefined ? undefined : { name: name.toLowerCase() as QueryTermName, value };
}

/** Whether an unquoted word of a list makes it a query. */
export function makesQuery(word: string): boolean {
  return somewhere.test(word);
}
