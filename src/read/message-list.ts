/**
 * Message lists, as in `d 1-3 ann /hola :u`.
 *
 *   list    = { item }                        a set, in the mailbox's order
 *   item    = number [ "-" number ]           "-" with nothing behind it: an empty range
 *           | "+" | "-"                       the next, the previous one that fits
 *           | "*"                             all; nothing else counts then
 *           | ":" letter                      n o r u d: new, old, read, unread, deleted
 *           | "/" text                        in the subject; alone: the last such text again
 *           | text                            in the sender's address
 *   number  = digits | "^" | "$" | "."        first, last, current
 *
 * Items need no blanks around the signs. Senders and searches are alternatives, each modifier narrows what those found,
 * and either makes numbers in the same list mean nothing.
 */

import { Flag } from "../mailbox/mailbox.ts";
import { parseHeader } from "../message/header.ts";
import type { Takes } from "./command.ts";
import { isDeleted, nearest } from "./cursor.ts";
import { senderOf } from "./header-line.ts";
import { type ListToken, tokens } from "./message-list-tokens.ts";
import type { Folder, Session } from "./session.ts";

export interface Wanted {
  /** Deleted messages instead of the others: undelete. */
  readonly deleted?: boolean;
  /** What an empty list means. */
  readonly orElse?: "current" | "nothing";
}

/** A mistake in a list, in the words the user is told. */
class ListMistake extends Error {}

/** What `/` alone looks for again. */
const lastSearch = new WeakMap<Session, string>();

/** The argument of a command that takes messages. */
export function takesMessages(wanted: Wanted = {}): Takes<readonly number[]> {
  return { synopsis: "[msglist]", parse: (session, rest) => selectMessages(session, rest, wanted) };
}

/** @returns ascending message numbers, or undefined when there are none to be had and that has been said */
export function selectMessages(
  session: Session,
  words: string | readonly string[],
  wanted: Wanted = {},
): readonly number[] | undefined {
  const list = typeof words === "string" ? words : words.join(" ");
  const { folder } = session;
  if (session.sourcing > 0 && folder === undefined) return say(session, 'Illegal use of "message list"');
  if (folder === undefined || folder.mailbox.count === 0) {
    return wanted.orElse === "nothing" && folder !== undefined ? [] : say(session, "No applicable messages");
  }
  try {
    const found = evaluate(session, folder, list, wanted.deleted === true);
    if (found.length > 0 || wanted.orElse === "nothing") return found;
  } catch (error) {
    if (!(error instanceof ListMistake)) throw error;
    // Like bsd-mailx, and unlike every other mistake in a list.
    if (!error.message.startsWith("Missing ")) return say(session, error.message);
    session.terminal.err(`${error.message}\n`);
    return undefined;
  }
  const one = nearest(folder, wanted.deleted === true);
  return one === undefined ? say(session, "No applicable messages") : [one];
}

function say(session: Session, text: string): undefined {
  session.terminal.out(`${text}\n`);
  return undefined;
}

function evaluate(session: Session, folder: Folder, list: string, deleted: boolean): number[] {
  const fits = (n: number) => isDeleted(folder, n) === deleted;
  const every = Array.from({ length: folder.mailbox.count }, (_, index) => index + 1);
  const { numbers, senders, modifiers, all } = collect(folder, list, deleted);
  if (all) {
    const found = every.filter(fits);
    if (found.length === 0) throw new ListMistake("No applicable messages.");
    return found;
  }
  if (senders.length === 0 && modifiers.size === 0) return [...numbers].sort((a, b) => a - b);
  let found = every.filter(fits);
  if (senders.length > 0) {
    found = found.filter((n) => senders.map((text) => matches(session, folder, n, text)).includes(true));
    if (found.length === 0) throw new ListMistake(`No applicable messages from {${senders.join(", ")}}`);
  }
  if (modifiers.size > 0) {
    found = found.filter((n) => [...modifiers].every((letter) => satisfies(folder.mailbox.flags(n), letter)));
    if (found.length === 0) {
      const asked = [..."noudr"].filter((letter) => modifiers.has(letter)).map((letter) => ` :${letter}`);
      throw new ListMistake(`No messages satisfy${asked.join("")}`);
    }
  }
  return found;
}

interface Items {
  readonly numbers: Set<number>;
  readonly senders: string[];
  readonly modifiers: Set<string>;
  all: boolean;
}

function collect(folder: Folder, list: string, deleted: boolean): Items {
  const items: Items = { numbers: new Set(), senders: [], modifiers: new Set(), all: false };
  const read = tokens(list);
  /** First number of a range whose second is to come. */
  let begin: number | undefined;
  let others = false;
  for (const [index, token] of read.entries()) {
    if (token.kind === "unclosed") throw new ListMistake(`Missing ${token.text}`);
    if (token.kind === "text" || token.kind === "+") {
      if (begin !== undefined) throw new ListMistake("Non-numeric second argument");
    }
    if (token.kind === "number") {
      if (items.all) throw new ListMistake("No numbers mixed with *");
      others = true;
      const number = numberOf(folder, token, deleted);
      if (begin !== undefined) {
        for (let n = begin; n <= number; n++) if (deleted || !isDeleted(folder, n)) items.numbers.add(n);
        begin = undefined;
      } else if (read[index + 1]?.kind === "-") begin = number;
      else items.numbers.add(number);
    } else if (token.kind === "+") items.numbers.add(step(folder, 1, deleted));
    else if (token.kind === "-") {
      if (begin === undefined) items.numbers.add(step(folder, -1, deleted));
    } else if (token.kind === "*") {
      if (others) throw new ListMistake(`Can't mix "*" with anything`);
      items.all = true;
    } else {
      others = true;
      if (!token.text.startsWith(":")) items.senders.push(token.text);
      else if (!/^:[noudr]/.test(token.text)) throw new ListMistake(`Unknown colon modifier "${token.text}"`);
      else items.modifiers.add(token.text[1] as string);
    }
  }
  return items;
}

function numberOf(folder: Folder, { text }: ListToken, deleted: boolean): number {
  const { count } = folder.mailbox;
  if (text === "^" || text === "$") {
    const forward = text === "^";
    for (let n = forward ? 1 : count; n >= 1 && n <= count; n += forward ? 1 : -1)
      if (isDeleted(folder, n) === deleted) return n;
    throw new ListMistake("No applicable messages");
  }
  const number = text === "." ? folder.current : Number(text);
  if (!(number >= 1 && number <= count)) throw new ListMistake(`${number}: Invalid message number`);
  const unfit = text === "." ? isDeleted(folder, number) !== deleted : !deleted && isDeleted(folder, number);
  if (unfit) throw new ListMistake(`${number}: Inappropriate message`);
  return number;
}

function step(folder: Folder, by: 1 | -1, deleted: boolean): number {
  for (let n = folder.current + by; ; n += by) {
    if (n < 1) throw new ListMistake("Referencing before 1");
    if (n > folder.mailbox.count) throw new ListMistake("Referencing beyond EOF");
    if (isDeleted(folder, n) === deleted) return n;
  }
}

function satisfies(flags: number, letter: string): boolean {
  if (letter === "n") return (flags & Flag.New) !== 0;
  if (letter === "o") return (flags & Flag.New) === 0;
  if (letter === "u") return (flags & Flag.Read) === 0;
  if (letter === "r") return (flags & Flag.Read) !== 0;
  return (flags & Flag.Deleted) !== 0;
}

function matches(session: Session, folder: Folder, message: number, text: string): boolean {
  const header = folder.mailbox.header(message);
  if (!text.startsWith("/")) return contains(senderOf(header), text);
  if (text.length > 1) lastSearch.set(session, text.slice(1));
  const search = lastSearch.get(session) ?? "";
  const colon = session.config.settings.get("searchheaders") ? search.indexOf(":") : -1;
  const name = colon > 0 ? search.slice(0, colon).toLowerCase() : "subject";
  const parsed = parseHeader(header);
  const values = (name === "to" ? ["to", "cc", "bcc"] : [name]).flatMap((one) => parsed.all(one).join(" ") || []);
  return values.some((value) => contains(value, search.slice(colon + 1)));
}

function contains(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}
