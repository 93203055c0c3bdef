import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { headerEnd } from "../../src/mailbox/header-bytes.ts";
import { Flag, type StoredMessages } from "../../src/mailbox/mailbox.ts";
import { copyRun, copyWithStatus } from "../../src/mailbox/verbatim-copy.ts";
import { formatShownPieces } from "../../src/read/show/print-message.ts";

const line = fc.constantFrom(
  "Subject: s",
  "Status: O",
  "Status: RO",
  "status: RO",
  "Status : R",
  "Status:",
  " folded",
  "\tfolded",
  "stray",
  ": x",
  "\u00e9: x",
  "From x y",
  "X-Status: A",
  "Content-Length: 12",
  "content-length:1",
  "X-UID: 7",
);
const body = fc.constantFrom("", "text", "From a b", "Status: RO", ">From x", "a\rb", "c\r");

/** Returns stored messages that have only the methods that are needed to save them. */
function mailboxOf(...messages: readonly Buffer[]): StoredMessages {
  const bytesOf = (message: number) => messages[message - 1] as Buffer;
  const header = (message: number) => bytesOf(message).subarray(0, headerEnd(bytesOf(message), 0));
  const read = (message: number, start: number, end: number) => bytesOf(message).subarray(start, end);
  const size = (message: number) => bytesOf(message).length;
  return { header, read, size, flags: () => Flag.Read } as unknown as StoredMessages;
}

const message = fc
  .tuple(
    fc.array(line, { maxLength: 5 }),
    fc.boolean(),
    fc.array(body, { maxLength: 4 }),
    fc.constantFrom("From a Sat Jan 16 18:22:01 2021", "From - "),
  )
  .map(([fields, hasEnd, text, from]) => {
    const lines = [from, ...fields, ...(hasEnd ? [""] : []), ...text, ""];
    return Buffer.from(lines.map((one) => `${one}\n`).join(""), "latin1");
  });

const savedByParsing = (stored: StoredMessages, number: number, isCopy: boolean) =>
  formatShownPieces(stored, number, undefined, Flag.Read, isCopy);

test("a message that is saved without being parsed has the same bytes as one that is parsed before it is saved", () => {
  fc.assert(
    fc.property(message, (bytes) => {
      const quick = copyWithStatus(bytes, "RO");
      if (quick === undefined) return;
      const slow = [...savedByParsing(mailboxOf(bytes), 1, false)];
      expect(Buffer.concat(quick).toString("latin1")).toBe(Buffer.concat(slow).toString("latin1"));
    }),
    { numRuns: 2000 },
  );
});

test("messages that are copied together have the same bytes as messages that are parsed one by one", () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 6 }), (messages) => {
      const stored = mailboxOf(...messages);
      const numbers = messages.map((_, at) => at + 1);
      const ends = numbers.map((count) => Buffer.concat(messages.slice(0, count)).length);
      const run = { messages: numbers, bytes: Buffer.concat(messages), ends };
      const parse = (number: number) => savedByParsing(stored, number, true);
      const together = [...copyRun(run, () => "RO", parse)].flatMap((pieces) => [...pieces]);
      const slow = numbers.flatMap((number) => [...parse(number)]);
      expect(Buffer.concat(together).toString("latin1")).toBe(Buffer.concat(slow).toString("latin1"));
    }),
    { numRuns: 2000 },
  );
});
