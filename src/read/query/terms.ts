/** Compiles query terms into conditions. term-table.ts declares the terms' names. */

import { Flag } from "../../mailbox/mailbox.ts";
import { listAsciiWords, requireAll } from "../../mailbox/server-term.ts";
import { listAttachedParts, parseParts } from "../../message/view/part.ts";
import { bodyContains } from "./body-search.ts";
import type { Candidate } from "./candidate.ts";
import { foldText } from "./fold.ts";
import { Cost, ListMistake, type MessageState, makeStateTerm, makeTerm, type Query } from "./query.ts";
import { type QueryTermName, queryTerms } from "./term-table.ts";
import { parseWhen, type Span } from "./when.ts";

/** Returns the condition for a term. @throws ListMistake if the value is invalid */
export function compileTerm(name: QueryTermName, value: string, place: TermPlace): Query {
  if (value === "") throw new ListMistake(`Nothing after "${name}:"; for example ${queryTerms[name].example}`);
  return compile[name](value, place);
}

/** The time and the mailbox to which terms refer. */
export interface TermPlace {
  readonly now: Date;
  /** The mailbox's property of the same name. */
  readonly isKeyedByContent: boolean;
}

const compile: Readonly<Record<QueryTermName, (value: string, place: TermPlace) => Query>> = {
  since: (value, { now }) => dateTerm("since", value, now, ({ start }) => ({ since: start })),
  before: (value, { now }) => dateTerm("before", value, now, ({ start }) => ({ before: start })),
  on: (value, { now }) => dateTerm("on", value, now, ({ start, end }) => ({ since: start, before: end })),
  from: (value) =>
    inHeader("from", value, (candidate) => {
      const fields = candidate.fields("from");
      return fields.length > 0 ? fields : [candidate.envelope.user];
    }),
  to: (value) => inHeader("to", value, (candidate) => candidate.fields("to")),
  cc: (value) => inHeader("cc", value, (candidate) => candidate.fields("cc")),
  subject: (value) => inHeader("subject", value, (candidate) => candidate.fields("subject")),
  header: (value) => {
    const [, name = "", colon = "", text = ""] = /^([^:]*)(:?)(.*)$/s.exec(value) ?? [];
    if (!/^[!-9;-~]+$/.test(name)) throw makeTermMistake("header", value);
    if (colon === "")
      return makeTerm(Cost.Header, (candidate) => candidate.fields(name).length > 0, { field: name, words: [] });
    return inHeader(name, text, (candidate) => candidate.fields(name));
  },
  body: (value) => makeTerm(Cost.Body, bodyContains(value), { bodyWords: listAsciiWords(value) }),
  size: (value) => {
    const fits = parseSizes(value);
    if (fits === undefined) throw makeTermMistake("size", value);
    return makeTerm(Cost.Size, ({ size }) => fits(size));
  },
  is: (value) => {
    const state = states[value.toLowerCase()];
    if (state === undefined) throw makeTermMistake("is", value);
    return state;
  },
  id: (value, { isKeyedByContent }) => {
    const fits = ({ id }: MessageState) => id === value;
    return isKeyedByContent ? makeTerm(Cost.Body, fits) : makeStateTerm(fits);
  },
  has: (value) => {
    if (!/^attachments?$/i.test(value)) throw makeTermMistake("has", value);
    return makeTerm(Cost.Body, hasAttachment);
  },
};

function makeTermMistake(name: QueryTermName, value: string): ListMistake {
  const { argument, hint } = queryTerms[name];
  return new ListMistake(`Bad ${argument} "${value}" in ${name}:; ${hint}`);
}

function dateTerm(
  name: QueryTermName,
  value: string,
  now: Date,
  limitsOf: (span: Span) => { readonly since?: Date; readonly before?: Date },
): Query {
  const span = parseWhen(value, now);
  if (span === undefined) throw makeTermMistake(name, value);
  const { since, before } = limitsOf(span);
  const fits = (date: Date) => (since === undefined || date >= since) && (before === undefined || date < before);
  return makeTerm(
    Cost.Header,
    ({ date }) => date !== undefined && fits(date),
    requireAll([since === undefined ? undefined : { since }, before === undefined ? undefined : { before }]),
  );
}

function inHeader(field: string, text: string, values: (candidate: Candidate) => readonly string[]): Query {
  const wanted = foldText(text);
  const contains = (candidate: Candidate) => values(candidate).some((value) => foldText(value).includes(wanted));
  return makeTerm(Cost.Header, contains, { field, words: listAsciiWords(text) });
}

function flagTerm(flag: number, set = true): Query {
  return makeStateTerm(({ flags }) => ((flags & flag) !== 0) === set);
}

const states: Readonly<Record<string, Query>> = {
  new: flagTerm(Flag.New),
  old: flagTerm(Flag.New, false),
  read: flagTerm(Flag.Read),
  unread: flagTerm(Flag.Read, false),
  deleted: flagTerm(Flag.Deleted),
  saved: flagTerm(Flag.Saved),
  held: flagTerm(Flag.Preserved),
  mbox: flagTerm(Flag.ToMbox),
  touched: flagTerm(Flag.Touched),
  flagged: makeTerm(Cost.Header, ({ marks }) => marks.flagged),
  answered: makeTerm(Cost.Header, ({ marks }) => marks.answered),
  draft: makeTerm(Cost.Header, ({ marks }) => marks.draft),
  bounce: makeTerm(Cost.Body, ({ failedRecipients }) => failedRecipients !== undefined),
};

function hasAttachment(candidate: Candidate): boolean {
  if (!candidate.mayHaveAttachments) return false;
  return listAttachedParts(parseParts(candidate.source)).length > 0;
}

const sizeForm = /^(\d+(?:\.\d+)?)([kmg]?)b?$/i;

function parseSize(text: string): number | undefined {
  const [, number, unit = ""] = sizeForm.exec(text) ?? [];
  if (number === undefined) return undefined;
  return Math.round(Number(number) * 1024 ** ["", "k", "m", "g"].indexOf(unit.toLowerCase()));
}

/**
 * Parses the value of `size:`, the stored size in bytes. Returns undefined if the value is invalid.
 *
 * sizes = [ ">" | ">=" | "<" | "<=" | "=" ] size | size "-" size size = digits [ "." digits ] [ "k" | "M" | "G" ] 1 k
 * is 1024 bytes; without a sign, a minimum
 */
export function parseSizes(text: string): ((size: number) => boolean) | undefined {
  const [, low = "", high = ""] = /^([^-]+)-([^-]+)$/.exec(text) ?? [];
  const [least, most] = [parseSize(low), parseSize(high)];
  if (least !== undefined && most !== undefined) return (size) => size >= least && size <= most;
  const [, sign = "", rest = ""] = /^([<>]=?|=|)(.*)$/s.exec(text) ?? [];
  const limit = parseSize(rest);
  if (limit === undefined) return undefined;
  if (sign === ">") return (size) => size > limit;
  if (sign === "<") return (size) => size < limit;
  if (sign === "<=") return (size) => size <= limit;
  if (sign === "=") return (size) => size === limit;
  return (size) => size >= limit;
}
