/**
 * Parses the most frequent forms of FETCH responses. imapflow's parser accepts all forms, but it is slower: it reads
 * the names of header fields character by character, and the server repeats these names for each message.
 */
import { type FetchedMessage, mostMessages, parseInternalDate, readNumber } from "./imap-grammar.ts";

/** Length above which a response is left to imapflow. The bytes of a literal are not included. */
const longestLine = 1000;

const form =
  /^\* (\d{1,10}) FETCH \(UID (\d{1,10})(?: FLAGS \(([\x21\x23-\x27\x2a-\x7a\x7c\x7e ]*)\))?(?: RFC822\.SIZE (\d{1,16}))?(?: INTERNALDATE "([^"\\]*)")?(?: MODSEQ \(\d{1,19}\))?(?: BODY\[([A-Z0-9.]*(?: \([A-Z0-9-]+(?: [A-Z0-9-]+)*\))?)\](?:<\d+>)? \{(\d+)\}\r\n)?\)$/;

/**
 * Parses a FETCH response.
 *
 * @param line the response without its final newline and without the bytes of its literals
 * @returns undefined if the response has another form, or a number in it is invalid
 */
export function parseFetchLine(line: Buffer, literals: readonly Buffer[] = []): FetchedMessage | undefined {
  if (line.length > longestLine) return undefined;
  const [all, first, id, flags, size, received, section, length] = form.exec(line.toString("latin1")) ?? [];
  if (all === undefined || literals.length !== (section === undefined ? 0 : 1)) return undefined;
  const [literal] = literals;
  if (literal !== undefined && literal.length !== Number(length)) return undefined;
  const [sequence, uid] = [readNumber(first, mostMessages), readNumber(id)];
  const [bytes, date] = [readNumber(size, Number.MAX_SAFE_INTEGER), parseInternalDate(received ?? "")];
  if (sequence === undefined || uid === undefined) return undefined;
  if ((size !== undefined && bytes === undefined) || (received !== undefined && date === undefined)) return undefined;
  return {
    uid,
    sequence,
    ...(flags === undefined ? {} : { flags: flags === "" ? [] : flags.split(" ") }),
    ...(bytes === undefined ? {} : { size: bytes }),
    ...(date === undefined ? {} : { received: date }),
    bytes: (name) => (name === section ? literal : undefined),
  };
}
