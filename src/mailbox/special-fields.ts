/**
 * Recognizes header fields by which a message may have attachments, an X-Status, or be a report of a failed delivery. The
 * test takes less time than the exact tests, and recognizes at least all fields that these tests recognize.
 */
import { FieldNames } from "./field-names.ts";

/** Returns whether a field is special. The offsets `start` and `end` enclose its value, without outer white space. */
export type IsSpecial = (bytes: Uint8Array, start: number, end: number) => boolean;

const [LESS, GREATER, LETTER_M] = [60, 62, 109];

const always: IsSpecial = () => true;

/** Returns a function that tests whether a value contains any of the given words. */
function containsAny(...words: readonly string[]): IsSpecial {
  const names = new FieldNames(words.map((word) => [word, true] as const));
  return (bytes, start, end) => {
    for (let at = start; at < end; at++) if (names.find(bytes, at) !== undefined) return true;
    return false;
  };
}

const isByMailer = containsAny("mailer-daemon", "postmaster", "mail delivery");
const mayAttach = containsAny("multipart", "message", "name");

/** The fields that may be special, by lower-case name. */
export const specialFields: ReadonlyMap<string, IsSpecial> = new Map([
  ["from", isByMailer],
  ["sender", isByMailer],
  ["content-type", (bytes, start, end) => start === end || mayAttach(bytes, start, end)],
  ["return-path", (bytes, start, end) => start === end || (bytes[start] === LESS && bytes[start + 1] === GREATER)],
  ["content-disposition", always],
  ["x-failed-recipients", always],
  ["x-status", always],
]);

/** Returns whether a From_ line may be that of a failure report. @param user the offset of the user name */
export function isSpecialUser(bytes: Uint8Array, user: number): boolean {
  return bytes[user] === LESS || ((bytes[user] as number) | 32) === LETTER_M;
}
