/** Converts between a server's flags (RFC 9051, section 2.3.2) and the state of messages. */
import { Flag } from "../mailbox.ts";
import { splitLetterChanges } from "../marks.ts";

/** The flags whose meaning IMAP defines, each with its bit and its letter in a Maildir file name. */
const systemFlags = [
  { name: "\\Seen", bit: 1, letter: "S" },
  { name: "\\Flagged", bit: 2, letter: "F" },
  { name: "\\Answered", bit: 4, letter: "R" },
  { name: "\\Draft", bit: 8, letter: "D" },
  { name: "\\Deleted", bit: 16, letter: "T" },
] as const;

export const ServerFlag = { Seen: 1, Flagged: 2, Answered: 4, Draft: 8, Deleted: 16 } as const;

/**
 * For each flag, its search key (RFC 9051, section 6.4.4), and whether this key finds the messages that lack the flag.
 */
export const flagSearches = [
  { key: "UNSEEN", bit: ServerFlag.Seen, isInverted: true },
  { key: "FLAGGED", bit: ServerFlag.Flagged, isInverted: false },
  { key: "ANSWERED", bit: ServerFlag.Answered, isInverted: false },
  { key: "DRAFT", bit: ServerFlag.Draft, isInverted: false },
  { key: "DELETED", bit: ServerFlag.Deleted, isInverted: false },
] as const;

/** Converts a list of flags to bits of ServerFlag. Keywords have no bit and are ignored. */
export function bitsOfFlags(flags: readonly string[]): number {
  const lower = new Set(flags.map((flag) => flag.toLowerCase()));
  return systemFlags.reduce((bits, { name, bit }) => (lower.has(name.toLowerCase()) ? bits | bit : bits), 0);
}

/** Converts bits of ServerFlag to the letters of a Maildir file name. */
export function lettersOfBits(bits: number): string {
  return systemFlags.map(({ bit, letter }) => ((bits & bit) === 0 ? "" : letter)).join("");
}

/**
 * Converts the letters of a Maildir file name to the flags of a copy. `\Deleted` is omitted, because the copy is not
 * deleted.
 */
export function flagsOfLetters(letters: string): string[] {
  return systemFlags
    .filter(({ bit, letter }) => bit !== ServerFlag.Deleted && letters.includes(letter))
    .map(({ name }) => name);
}

/** Converts a message's flags to its state, as bits of Flag. @param bits bits of ServerFlag */
export function stateOfBits(bits: number, isNew: boolean): number {
  const read = (bits & ServerFlag.Seen) === 0 ? 0 : Flag.Read;
  const deleted = (bits & ServerFlag.Deleted) === 0 ? 0 : Flag.Deleted;
  return read | deleted | (isNew && read === 0 ? Flag.New : 0);
}

/** The flags to be added to a message, and the flags to be removed from it. */
export interface FlagChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/**
 * Returns the session's changes to a message's flags. `\Deleted` is never added, because removing a message is a
 * separate step.
 *
 * @param state bits of Flag
 * @param bits the flags on the server, as bits of ServerFlag
 */
export function changeOfState(state: number, bits: number): FlagChange {
  const { put, take } = splitLetterChanges(state, "maildir");
  const isRead = (state & Flag.Read) !== 0;
  const wasRead = (bits & ServerFlag.Seen) !== 0;
  const isUndeleted = (bits & ServerFlag.Deleted) !== 0 && (state & Flag.Deleted) === 0;
  const letters = {
    add: (isRead && !wasRead ? "S" : "") + put,
    remove: (!isRead && wasRead ? "S" : "") + (isUndeleted ? "T" : "") + take,
  };
  const names = (wanted: string, had: boolean) =>
    systemFlags
      .filter(({ letter, bit }) => wanted.includes(letter) && ((bits & bit) !== 0) === had)
      .map(({ name }) => name);
  return { add: names(letters.add, false), remove: names(letters.remove, true) };
}
