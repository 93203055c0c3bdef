/** Converts between a server's flags (RFC 9051, section 2.3.2) and the state of messages. */
import { Flag } from "../mailbox.ts";
import { splitLetterChanges } from "../marks.ts";

/** The flags with a meaning: a bit for each, and its letter in a Maildir file name. */
const systemFlags = [
  { name: "\\Seen", bit: 1, letter: "S" },
  { name: "\\Flagged", bit: 2, letter: "F" },
  { name: "\\Answered", bit: 4, letter: "R" },
  { name: "\\Draft", bit: 8, letter: "D" },
  { name: "\\Deleted", bit: 16, letter: "T" },
] as const;

export const ServerFlag = { Seen: 1, Flagged: 2, Answered: 4, Draft: 8, Deleted: 16 } as const;

/** For each flag, the key of SEARCH (RFC 9051, section 6.4.4) and whether the messages that it finds lack the flag. */
export const flagSearches = [
  { key: "UNSEEN", bit: ServerFlag.Seen, isInverted: true },
  { key: "FLAGGED", bit: ServerFlag.Flagged, isInverted: false },
  { key: "ANSWERED", bit: ServerFlag.Answered, isInverted: false },
  { key: "DRAFT", bit: ServerFlag.Draft, isInverted: false },
  { key: "DELETED", bit: ServerFlag.Deleted, isInverted: false },
] as const;

/** Returns the bits of ServerFlag for a list of flags. Keywords have no bit. */
export function bitsOfFlags(flags: readonly string[]): number {
  const lower = new Set(flags.map((flag) => flag.toLowerCase()));
  return systemFlags.reduce((bits, { name, bit }) => (lower.has(name.toLowerCase()) ? bits | bit : bits), 0);
}

/** Returns the letters of a Maildir file name for bits of ServerFlag. */
export function lettersOfBits(bits: number): string {
  return systemFlags.map(({ bit, letter }) => ((bits & bit) === 0 ? "" : letter)).join("");
}

/** Returns a copy's flags for letters of a Maildir file name. `\\Deleted` is omitted, because the copy is not deleted. */
export function flagsOfLetters(letters: string): string[] {
  return systemFlags
    .filter(({ bit, letter }) => bit !== ServerFlag.Deleted && letters.includes(letter))
    .map(({ name }) => name);
}

/** Returns the state of a message whose flags are `bits`. */
export function stateOfBits(bits: number, isNew: boolean): number {
  const read = (bits & ServerFlag.Seen) === 0 ? 0 : Flag.Read;
  const deleted = (bits & ServerFlag.Deleted) === 0 ? 0 : Flag.Deleted;
  return read | deleted | (isNew && read === 0 ? Flag.New : 0);
}

/** Flags to be added and removed. */
export interface FlagChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/**
 * Returns a session's changes to a message's flags, except `\Deleted` for a message that is to be removed.
 *
 * @param state bits of Flag
 * @param bits the server's flags
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
