import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseFetchLine } from "../../../src/mailbox/imap/fetch-line.ts";
import { parseFetch, type Response } from "../../../src/mailbox/imap/imap-grammar.ts";

const library = join(import.meta.dirname, "../../../node_modules/imapflow/dist/esm/handler/imap-handler.js");
const { parser } = (await import(pathToFileURL(library).href)) as {
  parser(line: Buffer, options: { literals: Buffer[] }): Promise<Response>;
};

const sections = ["", "HEADER", "1.2", "2.1.MIME", "HEADER.FIELDS (MESSAGE-ID)", "HEADER.FIELDS (FROM TO SUBJECT)"];
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const number = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 9_999_999 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 10_000_001, 4_294_967_295, 4_294_967_296, 99_999_999_999) },
);
const response = fc
  .record({
    sequence: number,
    uid: number,
    flags: optional(fc.array(fc.constantFrom("\\Seen", "\\Recent", "$Forwarded", "Junk", "a&b"), { maxLength: 4 })),
    size: optional(number),
    date: optional(
      fc.constantFrom("01-Jan-1970 00:00:00 +0000", " 5-Nov-2026 15:45:19 -0130", "5-Nov-2026 15:45:19 +0000", "?"),
    ),
    modSeq: optional(number),
    body: optional(fc.record({ section: fc.constantFrom(...sections), bytes: fc.uint8Array({ maxLength: 40 }) })),
  })
  .map(({ sequence, uid, flags, size, date, modSeq, body }) => ({
    text: [
      `* ${sequence} FETCH (UID ${uid}`,
      flags === undefined ? "" : ` FLAGS (${flags.join(" ")})`,
      size === undefined ? "" : ` RFC822.SIZE ${size}`,
      date === undefined ? "" : ` INTERNALDATE "${date}"`,
      modSeq === undefined ? "" : ` MODSEQ (${modSeq})`,
      body === undefined ? "" : ` BODY[${body.section}]<0> {${body.bytes.length}}\r\n`,
      ")",
    ].join(""),
    literals: body === undefined ? [] : [Buffer.from(body.bytes)],
  }));

const describeMessage = (message: ReturnType<typeof parseFetch>) => {
  if (message === undefined) return undefined;
  const { bytes, ...rest } = message;
  return { ...rest, bodies: sections.map((section) => bytes(section)?.toString("latin1")) };
};

test("parsing a response yields the same message as imapflow's parser", async () => {
  let parsed = 0;
  await fc.assert(
    fc.asyncProperty(response, async ({ text, literals }) => {
      const found = parseFetchLine(Buffer.from(text), literals);
      if (found === undefined) return;
      parsed++;
      const expected = parseFetch(await parser(Buffer.from(text), { literals: [...literals] }));
      expect(describeMessage(found)).toEqual(describeMessage(expected));
    }),
    { numRuns: 1000 },
  );
  expect(parsed).toBeGreaterThan(300);
});

test.each([
  ["another order", "* 1 FETCH (FLAGS () UID 5)"],
  ["a response without a UID", "* 1 FETCH (FLAGS ())"],
  ["a quoted body", '* 1 FETCH (UID 5 BODY[HEADER] "text")'],
  ["a literal that is missing", "* 1 FETCH (UID 5 BODY[] {3}\r\n)"],
  ["an invalid UID", "* 1 FETCH (UID 99999999999)"],
  ["a quoted flag", '* 1 FETCH (UID 5 FLAGS ("a"))'],
  ["another response", "* 5 EXISTS"],
])("%s is left to imapflow", (_title, text) => {
  expect(parseFetchLine(Buffer.from(text))).toBeUndefined();
});
