/**
 * The names and meanings of query terms. The code for the terms is in terms.ts, which is loaded only when a term is
 * used.
 */

interface TermRow {
  /** The placeholder for the value after the colon. */
  readonly argument: string;
  readonly meaning: string;
  readonly example: string;
  /** The valid forms of the value, for the error message. */
  readonly hint: string;
}

const when = "for example 2d, 12h, 3w, 6m, 1y, today, monday, 2026-01 or 2026-01-31";

export const queryTerms = {
  since: { argument: "date", meaning: "The message's date is this time or later.", example: "since:2d", hint: when },
  before: {
    argument: "date",
    meaning: "The message's date is before this time.",
    example: "before:2026-01-01",
    hint: when,
  },
  on: {
    argument: "date",
    meaning: "The message's date is on this day, in this month or in this year.",
    example: "on:yesterday",
    hint: when,
  },
  from: {
    argument: "text",
    meaning: "The sender's name or address contains the text.",
    example: "from:cron",
    hint: "",
  },
  to: { argument: "text", meaning: "The To field contains the text.", example: "to:root", hint: "" },
  cc: { argument: "text", meaning: "The Cc field contains the text.", example: "cc:ann", hint: "" },
  subject: { argument: "text", meaning: "The subject contains the text.", example: 'subject:"disk full"', hint: "" },
  body: {
    argument: "text",
    meaning: "The body contains the text. Text parts are decoded before they are searched.",
    example: "body:needle",
    hint: "",
  },
  header: {
    argument: "field",
    meaning: "The header field contains the text. If no text is given, every message that has the field matches.",
    example: "header:X-Spam-Flag:yes",
    hint: "for example header:Name:text or header:Name",
  },
  size: {
    argument: "size",
    meaning: "The stored message has this size in bytes.",
    example: "size:>1M",
    hint: "for example >1M, <=10k or 5k-2M; k, M and G are powers of 1024",
  },
  is: {
    argument: "state",
    meaning:
      "The message has this state: new, old, read, unread, deleted, saved, held, mbox, touched, flagged, answered, draft or bounce.",
    example: "is:unread",
    hint: "use new, old, read, unread, deleted, saved, held, mbox, touched, flagged, answered, draft or bounce",
  },
  id: {
    argument: "id",
    meaning: "The message has this id, which mail --json prints. Identical copies in a file have the same id.",
    example: "id:m-0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    hint: "",
  },
  has: {
    argument: "thing",
    meaning: "The message has an attachment.",
    example: "has:attachment",
    hint: "use has:attachment",
  },
} as const satisfies Record<string, TermRow>;

export type QueryTermName = keyof typeof queryTerms;

const names = Object.keys(queryTerms).join("|");
const beginning = new RegExp(`^(${names}):(.*)$`, "is");
const somewhere = new RegExp(`(?:^|\\()(?:${names}):`, "i");

/** Returns the name and the value of a term, or undefined if a word is not a term. */
export function parseTerm(word: string): { name: QueryTermName; value: string } | undefined {
  const [, name, value = ""] = beginning.exec(word) ?? [];
  return name === undefined ? undefined : { name: name.toLowerCase() as QueryTermName, value };
}

/** Returns whether an unquoted word in a list makes the list a query. */
export function makesQuery(word: string): boolean {
  return somewhere.test(word);
}
