import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { headerEnd } from "../../src/mailbox/header-bytes.ts";
import { Flag, type StoredMessages } from "../../src/mailbox/mailbox.ts";
import { copyWithStatus } from "../../src/mailbox/verbatim-copy.ts";
import { formatShownPieces } from "../../src/read/show/print-message.ts";

const line = fc.constantFrom(
  "Subject: s",
  "Status: O",
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
);
const body = fc.constantFrom("", "text", "From a b", "Status: RO", ">From x", "a\rb", "c\r");

/** Returns one stored message that has only the methods that are needed to save it. */
function mailboxOf(bytes: Buffer): StoredMessages {
  const header = bytes.subarray(0, headerEnd(bytes, 0) ?? bytes.length);
  const read = (_message: number, start: number, end: number) => bytes.subarray(start, end);
  return { header: () => header, read, size: () => bytes.length, flags: () => Flag.Read } as unknown as StoredMessages;
}

test("a message saved without parsing has the same bytes as one that is parsed", () => {
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 5 }),
      fc.boolean(),
      fc.array(body, { maxLength: 4 }),
      fc.boolean(),
      fc.constantFrom("From a Sat Jan 16 18:22:01 2021", "From - "),
      (fields, ends, text, isCopy, from) => {
        const lines = [from, ...fields, ...(ends ? [""] : []), ...text, ""];
        const bytes = Buffer.from(lines.map((one) => `${one}\n`).join(""), "latin1");
        const quick = copyWithStatus(bytes, "RO", isCopy);
        if (quick === undefined) return;
        const slow = [...formatShownPieces(mailboxOf(bytes), 1, undefined, Flag.Read, isCopy)];
        expect(Buffer.concat(quick).toString("latin1")).toBe(Buffer.concat(slow).toString("latin1"));
      },
    ),
    { numRuns: 2000 },
  );
});
