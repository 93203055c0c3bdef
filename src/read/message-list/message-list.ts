/**
 * Message lists, as in `d 1-3 ann /hola :u`, and queries, as in `d since:7d and from:cron`.
 *
 *     list    = { item }                        a set, in mailbox order or in the order of `sort`
 *     item    = number [ "-" number ]           an empty range if nothing follows "-"
 *             | "+" | "-"                       the next or the previous matching message, in the order of the list
 *             | "*"                             all messages; no other item is allowed
 *             | ":" letter                      n o r u d: new, old, read, unread, deleted
 *             | ":"                             the modifiers of the previous list
 *             | "/" text                        text in the subject; "/" alone repeats the last search
 *             | text                            text in the sender's address
 *     number  = digits | "^" | "$" | "."        ^ first, $ last, . current
 *
 * Signs need no spaces around them. A message matches if any sender or search in the list matches it. Each modifier
 * then narrows the result. If a list has senders, searches or modifiers, its numbers are ignored. All these rules are
 * the same as in bsd-mailx.
 *
 *     query   = all { "or" all }
 *     all     = one { [ "and" ] one }
 *     one     = { "not" } ( term | numbers | item | "(" query ")" )
 *     term    = name ":" value                  query/term-table.ts lists the names; quote a value with spaces
 *     numbers = item { item }                   numbers, ranges, signs and *: the set that a list would select
 *
 * A list is a query only if it contains an unquoted word that is a term, possibly after an opening parenthesis. Any
 * other list has the same meaning as in bsd-mailx: a single `and`, for example, is a sender. In a query, no word is
 * ignored: numbers, :x, /text and senders are conditions, just as terms are.
 */

import { UserMistake } from "../../errors.ts";
import { Flag } from "../../mailbox/mailbox.ts";
import { pushAll } from "../../message/lists.ts";
import type { Candidate } from "../query/candidate.ts";
import { divideMessages, filterMessages } from "../query/filter.ts";
import type { QueryPlace } from "../query/parse-query.ts";
import { allOf, anyOf, Cost, ListMistake, makeStateTerm, makeTerm, NoneFound, type Query } from "../query/query.ts";
import { makesQuery } from "../query/term-table.ts";
import type { Takes } from "../session/command.ts";
import { isDeleted, nearestMessage } from "../session/cursor.ts";
import { sortForDisplay } from "../session/display-order.ts";
import { CommandInterrupted } from "../session/mistakes.ts";
import type { Folder, Session } from "../session/session.ts";
import { checkWords, collectItems, modifierLetter } from "./message-list-items.ts";
import { type ListToken, tokenizeList } from "./message-list-tokens.ts";

export interface Wanted {
  /** Whether to select the deleted messages instead of the others, as the undelete command requires. */
  readonly deleted?: boolean;
  /** The meaning of an empty list. */
  readonly orElse?: "current" | "nothing";
  /** Whether to keep the previous modifiers, which a single `:` repeats. */
  readonly keepsModifiers?: boolean;
  /** Whether to print nothing if the list is empty and no message matches, as bsd-mailx's mbox command does. */
  readonly quiet?: boolean;
}

/** The text of the last search, which a single `/` repeats. */
const lastSearches = new WeakMap<Session, { text: string }>();

/** The modifiers that a single `:` repeats. */
const lastModifiers = new WeakMap<Session, ReadonlySet<string>>();

/** Returns a parser for a message list. */
export function takesMessages(wanted: Wanted = {}): Takes<readonly number[]> {
  return { synopsis: "[msglist]", parse: (session, rest) => selectMessages(session, rest, wanted) };
}

/**
 * Returns the numbers of the selected messages. The numbers are in the order of the header list, which is ascending by
 * default. Returns undefined if there are none and `wanted.quiet` is set.
 *
 * @throws UserMistake if no message is selected or the list contains a mistake
 */
export async function selectMessages(
  session: Session,
  words: string | readonly string[],
  wanted: Wanted = {},
): Promise<readonly number[] | undefined> {
  const list = typeof words === "string" ? words : words.join(" ");
  const { folder } = session;
  if (session.sourcing > 0 && folder === undefined) throw new UserMistake('Illegal use of "message list"');
  if (folder === undefined || folder.mailbox.count === 0) {
    if (wanted.orElse === "nothing" && folder !== undefined) return [];
    throw new UserMistake("No applicable messages");
  }
  const before = lastModifiers.get(session);
  const found = await evaluateList(session, folder, list, wanted.deleted === true);
  if (wanted.keepsModifiers === true && before !== undefined) lastModifiers.set(session, before);
  if (found.length > 0 || wanted.orElse === "nothing") return sortForDisplay(folder, found);
  const one = nearestMessage(folder, wanted.deleted === true);
  if (one !== undefined) return [one];
  if (wanted.quiet === true) return undefined;
  throw new UserMistake("No applicable messages");
}

/**
 * Yields the messages of a list or query in batches, as they are found.
 *
 * @throws ListMistake; NoneFound if a list matches no message; a query that matches no message yields nothing
 */
export async function* findMessages(session: Session, folder: Folder, list: string): AsyncIterable<readonly number[]> {
  const read = tokenizeList(list);
  if (isQuery(read)) {
    const query = await readQuery(session, list, placeIn(folder, false));
    yield* filterMessages(folder.mailbox, listByDeletion(folder, false), query);
  } else if (selectsAll(read)) {
    for (let start = 1; start <= folder.mailbox.count; start += step)
      yield* divideMessages(listByDeletion(folder, false, start, start + step - 1));
  } else yield* divideMessages(await evaluateList(session, folder, list, false));
}

/**
 * The number of messages that are examined before those that match are yielded. The caller may need only a few messages
 * of a large mailbox.
 */
const step = 1024;
/** The same number for the newest messages; a caller usually needs only a few of these. */
const firstStep = 64;

/** Yields the same messages as findMessages, in reverse order. The search begins at the end of the mailbox. */
export async function* findMessagesBackwards(
  session: Session,
  folder: Folder,
  list: string,
): AsyncIterable<readonly number[]> {
  const read = tokenizeList(list);
  if (!isQuery(read) && !selectsAll(read)) {
    yield* divideMessages([...(await evaluateList(session, folder, list, false))].reverse());
    return;
  }
  const query = isQuery(read) ? await readQuery(session, list, placeIn(folder, false)) : undefined;
  for (let end = folder.mailbox.count, size = firstStep; end > 0; end -= size, size = step) {
    const examined = listByDeletion(folder, false, Math.max(1, end - size + 1), end);
    const found: number[] = [];
    if (query === undefined) pushAll(found, examined);
    else for await (const some of filterMessages(folder.mailbox, examined, query)) pushAll(found, some);
    yield* divideMessages(found.reverse());
  }
}

/**
 * Yields the messages that match a query, in batches. The query may contain senders and other items that do not begin
 * with the name of a term. The query must not contain message numbers, because these change.
 *
 * @param among the messages to compare with the query, in ascending order; by default all
 * @throws ListMistake
 */
export async function* findByQuery(
  session: Session,
  folder: Folder,
  query: string,
  among = listByDeletion(folder, false) as readonly number[],
): AsyncIterable<readonly number[]> {
  const { isKeyedByContent } = folder.mailbox;
  yield* filterMessages(
    folder.mailbox,
    among,
    await readQuery(session, query, { isKeyedByContent, numbers: refuseNumbers }),
  );
}

function refuseNumbers(text: string): Query {
  if (text.trim() === "*") return matchesAll;
  throw new ListMistake(`${text}: message numbers change; use ids, which mail --json prints, or a query`);
}

const matchesAll = makeStateTerm(() => true);

/**
 * Checks a list or query if there are no messages to compare with it. Message numbers in a list are not checked.
 *
 * @throws ListMistake
 */
export async function checkList(session: Session, list: string): Promise<void> {
  const read = tokenizeList(list);
  if (isQuery(read)) await readQuery(session, list, { isKeyedByContent: true, numbers: () => matchesAll });
  else checkWords(read);
}

/** Checks a query as findByQuery does, but does not compare any messages with the query. @throws ListMistake */
export async function checkQuery(session: Session, query: string): Promise<void> {
  await readQuery(session, query, { isKeyedByContent: true, numbers: refuseNumbers });
}

async function evaluateList(
  session: Session,
  folder: Folder,
  list: string,
  deleted: boolean,
): Promise<readonly number[]> {
  const read = tokenizeList(list);
  if (isQuery(read)) {
    const query = await readQuery(session, list, placeIn(folder, deleted));
    const found = await searchMessages(session, folder, listByDeletion(folder, deleted), query);
    if (found.length === 0) throw new NoneFound(`No messages satisfy ${list.trim()}`);
    return found;
  }
  const { numbers, senders, modifiers, all } = collectItems(folder, read, deleted, lastModifiers.get(session));
  lastModifiers.set(session, modifiers);
  if (all) {
    const found = listByDeletion(folder, deleted);
    if (found.length === 0) throw new NoneFound("No applicable messages.");
    return found;
  }
  if (senders.length === 0 && modifiers.size === 0) return [...numbers].sort((a, b) => a - b);
  // Only undelete uses the numbers here: it also selects the numbered messages that are not deleted.
  const others = [...numbers].filter((number) => isDeleted(folder, number) !== deleted);
  let found = listByDeletion(folder, deleted);
  if (others.length > 0) found = [...found, ...others].sort((a, b) => a - b);
  if (senders.length > 0) {
    found = await searchMessages(session, folder, found, anyOf(senders.map((text) => compileSender(session, text))));
    if (found.length === 0) throw new NoneFound(`No applicable messages from {${senders.join(", ")}}`);
  }
  if (modifiers.size > 0) {
    found = await searchMessages(session, folder, found, allOf([...modifiers].map(compileModifier)));
    if (found.length === 0) {
      const asked = [..."noudr"].filter((letter) => modifiers.has(letter)).map((letter) => ` :${letter}`);
      throw new NoneFound(`No messages satisfy${asked.join("")}`);
    }
  }
  return found;
}

/** Returns whether a list is a query, judging only by its unquoted words. */
function isQuery(read: readonly ListToken[]): boolean {
  return read.some(({ kind, text, quoted }) => kind === "text" && quoted !== true && makesQuery(text));
}

/** Returns whether a list consists only of `*`. */
function selectsAll(read: readonly ListToken[]): boolean {
  return read.length === 1 && read[0]?.kind === "*";
}

type ListPlace = Pick<QueryPlace, "isKeyedByContent" | "numbers">;

/** Returns the options for parsing a query. In the query, message numbers refer to the folder's messages. */
function placeIn(folder: Folder, deleted: boolean): ListPlace {
  const numbers = (text: string) => {
    const { numbers: chosen, all } = collectItems(folder, tokenizeList(text), deleted);
    return all ? matchesAll : makeStateTerm(({ message }) => chosen.has(message));
  };
  return { isKeyedByContent: folder.mailbox.isKeyedByContent, numbers };
}

/** Parses a query. @throws ListMistake */
async function readQuery(session: Session, list: string, place: ListPlace): Promise<Query> {
  const { parseQuery } = await import("../query/parse-query.ts");
  return parseQuery(list, {
    ...place,
    now: new Date(),
    item: (text) => {
      if (!text.startsWith(":")) return compileSender(session, text);
      const before = text === ":" ? [...(lastModifiers.get(session) ?? [])] : [];
      return allOf((before.length > 0 ? before : [modifierLetter(text)]).map(compileModifier));
    },
  });
}

/** Searches messages. @throws CommandInterrupted after Ctrl-C */
async function searchMessages(session: Session, folder: Folder, messages: number[], query: Query): Promise<number[]> {
  const found: number[] = [];
  const { count } = folder.mailbox;
  const tell = session.terminal.progress("Searching");
  const check = (message: number) => {
    if (session.interrupted) throw new CommandInterrupted();
    tell(message, count + 1);
  };
  try {
    for await (const some of filterMessages(folder.mailbox, messages, query, check)) pushAll(found, some);
  } finally {
    tell(count, count);
  }
  return found;
}

/**
 * Returns either the deleted messages in a range or, if `deleted` is false, all other messages in this range. The
 * default range is the complete mailbox.
 */
function listByDeletion(folder: Folder, deleted: boolean, first = 1, last = folder.mailbox.count): number[] {
  const found: number[] = [];
  const end = Math.min(last, folder.mailbox.count);
  for (let n = first; n <= end; n++) if (isDeleted(folder, n) === deleted) found.push(n);
  return found;
}

function compileModifier(letter: string): Query {
  return makeStateTerm(({ flags }) => hasModifierState(flags, letter));
}

function hasModifierState(flags: number, letter: string): boolean {
  if (letter === "n") return (flags & Flag.New) !== 0;
  if (letter === "o") return (flags & Flag.New) === 0;
  if (letter === "u") return (flags & Flag.Read) === 0;
  if (letter === "r") return (flags & Flag.Read) !== 0;
  return (flags & Flag.Deleted) !== 0;
}

/**
 * Returns a condition for the sender's address or, with `set showname`, for the sender's name. Text after a leading
 * slash is searched for in the subject or another field.
 */
function compileSender(session: Session, text: string): Query {
  if (!text.startsWith("/")) {
    const shown = session.config.settings.get("showname") ? "senderName" : "sender";
    return makeTerm(Cost.Header, (candidate) => text !== "" && containsText(candidate[shown], text));
  }
  const own = text.slice(1);
  const last = lastSearches.get(session) ?? { text: "" };
  lastSearches.set(session, last);
  let search: { readonly text: string; readonly matches: (candidate: Candidate) => boolean } | undefined;
  return makeTerm(Cost.Header, (candidate) => {
    // As in bsd-mailx, the text is recorded when the first message is checked. If a list has several searches, the text
    // of the search that was checked last is kept.
    if (own !== "") last.text = own;
    if (search?.text !== last.text) search = { text: last.text, matches: fieldSearch(session, last.text) };
    return search.matches(candidate);
  });
}

/**
 * Returns a function that tests a field.
 *
 * @param wanted the text; with `searchheaders`, a field name and a colon may precede it
 */
function fieldSearch(session: Session, wanted: string): (candidate: Candidate) => boolean {
  const colon = session.config.settings.get("searchheaders") ? wanted.indexOf(":") : -1;
  const name = colon > 0 ? wanted.slice(0, colon).toLowerCase() : "subject";
  const names = name === "to" ? ["to", "cc", "bcc"] : [name];
  const part = wanted.slice(colon + 1);
  const lower = part.toLowerCase();
  // As in bsd-mailx, only the subject can be searched for an empty string.
  if (part === "" && name !== "subject") return () => false;
  return (candidate) => names.some((one) => joinFieldValues(candidate, one)?.toLowerCase().includes(lower) === true);
}

function joinFieldValues(candidate: Candidate, name: string): string | undefined {
  const values = candidate.storedFields(name);
  return values.length > 1 ? values.join(" ") : values[0];
}

function containsText(text: string | undefined, part: string): boolean {
  return text?.toLowerCase().includes(part.toLowerCase()) === true;
}
