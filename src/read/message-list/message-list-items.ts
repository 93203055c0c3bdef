/** Collects the items of a message list. message-list.ts describes the grammar. */

import { ListMistake } from "../query/query.ts";
import { findFromPlace, isDeleted } from "../session/cursor.ts";
import { placeOf } from "../session/display-order.ts";
import type { Folder } from "../session/session.ts";
import type { ListToken } from "./message-list-tokens.ts";

export interface Items {
  readonly numbers: Set<number>;
  readonly senders: string[];
  readonly modifiers: Set<string>;
  all: boolean;
}

/**
 * Collects the items of a list.
 *
 * @param last the modifiers of the previous list, which a single `:` repeats
 * @throws ListMistake
 */
export function collectItems(
  folder: Folder,
  read: readonly ListToken[],
  deleted: boolean,
  last: ReadonlySet<string> = new Set(),
): Items {
  const items: Items = { numbers: new Set(), senders: [], modifiers: new Set(), all: false };
  /** The first number of a range whose second number has not been read yet. */
  let begin: number | undefined;
  let others = false;
  for (const [index, token] of read.entries()) {
    if (token.kind === "unclosed") throw makeUnclosedMistake(token);
    if (token.kind === "text" || token.kind === "+") {
      if (begin !== undefined) throw new ListMistake("Non-numeric second argument");
    }
    if (token.kind === "number") {
      const sign = /\d/.test(token.text) ? undefined : numberOf(folder, token, deleted);
      if (items.all) throw new ListMistake("No numbers mixed with *");
      others = true;
      const number = sign ?? numberOf(folder, token, deleted);
      if (begin !== undefined) {
        for (let n = begin; n <= number; n++) if (deleted || !isDeleted(folder, n)) items.numbers.add(n);
        begin = undefined;
      } else if (read[index + 1]?.kind === "-") begin = number;
      else items.numbers.add(number);
    } else if (token.kind === "+") items.numbers.add(findNextMessage(folder, 1, deleted));
    else if (token.kind === "-") {
      if (begin === undefined) items.numbers.add(findNextMessage(folder, -1, deleted));
    } else if (token.kind === "*") {
      if (others) throw new ListMistake(`Can't mix "*" with anything`);
      items.all = true;
    } else if (token.kind === "text") {
      others = true;
      if (token.text === ":" && last.size > 0) for (const letter of last) items.modifiers.add(letter);
      else if (!token.text.startsWith(":")) items.senders.push(token.text);
      else items.modifiers.add(modifierLetter(token.text));
    }
  }
  return items;
}

/** Checks the words of a list, but not its numbers. @throws ListMistake */
export function checkWords(read: readonly ListToken[]): void {
  for (const token of read) {
    if (token.kind === "unclosed") throw makeUnclosedMistake(token);
    if (token.kind === "text" && token.text.startsWith(":")) modifierLetter(token.text);
  }
}

/** Returns the only mistake that bsd-mailx reports on standard error. */
function makeUnclosedMistake({ text }: ListToken): ListMistake {
  return new ListMistake(`Missing ${text}`, { form: "bare" });
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

function findNextMessage(folder: Folder, by: 1 | -1, deleted: boolean): number {
  const found = findFromPlace(folder, placeOf(folder, folder.current) + by, by, deleted);
  if (found === undefined) throw new ListMistake(by < 0 ? "Referencing before 1" : "Referencing beyond EOF");
  return found;
}

/** Returns the letter of a colon modifier. @throws ListMistake for an unknown modifier */
export function modifierLetter(text: string): string {
  if (!/^:[noudr]/.test(text)) throw new ListMistake(`Unknown colon modifier "${text}"`);
  return text.charAt(1);
}
