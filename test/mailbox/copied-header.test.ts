import { expect, test } from "@jest/globals";
import { copyHeader } from "../../src/mailbox/copied-header.ts";
import { copyRun, copyWithStatus } from "../../src/mailbox/verbatim-copy.ts";

const fromLine = "From a Sat Jan 16 18:22:01 2021\n";

test.each(["Content-Length: 5", "X-UID: 24          ", "x-imapbase: 1796022507 0000000017", "X-UID: 24\n\tfolded"])(
  "a copy lacks %j, which is valid only in the original's mailbox",
  (field) => {
    const header = `${fromLine}${field}\nSubject: s\n\n`;
    expect(copyHeader(Buffer.from(header)).toString()).toBe(`${fromLine}Subject: s\n\n`);
    const bytes = Buffer.from(`${header}text\n\n`);
    const run = { messages: [1], bytes, ends: [bytes.length] };
    const parse = () => [copyHeader(bytes)];
    const quick = [...copyRun(run, () => "RO", parse)].flatMap((pieces) => [...pieces]);
    expect(Buffer.concat(quick).toString()).not.toContain(field);
  },
);

test("a message that stays in its mailbox keeps its X-UID", () => {
  const message = `${fromLine}X-UID: 24\nSubject: s\n\ntext\n\n`;
  expect(Buffer.concat(copyWithStatus(Buffer.from(message), "RO") ?? []).toString()).toContain("X-UID: 24\n");
});
