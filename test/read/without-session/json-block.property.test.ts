import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { JsonBlock } from "../../../src/read/without-session/json-block.ts";
import { jsonLine } from "../../../src/read/without-session/json-line.ts";
import { type LocalMailbox, openLocal } from "../../mailbox/support/local-mailbox.ts";

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "mail-json-block-"));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const box = () => join(home, "box");

async function open(cacheDirectory?: string): Promise<LocalMailbox> {
  const mailbox = await openLocal(box(), { lockwait: 1, stateDirectory: join(home, "state"), cacheDirectory });
  mailbox.prepareFacts?.(Array.from({ length: mailbox.count }, (_, at) => at + 1));
  return mailbox;
}

const piece = fc.oneof(
  fc.string({ maxLength: 10 }),
  fc.string({ maxLength: 5, unit: "binary" }),
  fc.constantFrom("<a@b>", "<", ">", "<>", "< a@b>", "\\", '"', '"a, b"', "a@b", ", ", " ", "\t", "\n ", "=", "?"),
  fc.constantFrom("=?", "=?utf-8?q?=C3=B6?=", "=?koi8-r?q?=F0?=", "\u00f6", "\x7f", "Ann <a@b>", "x: y;", "R", "F"),
);
const name = fc.constantFrom(
  ...["From", "To", "Cc", "Reply-To", "Subject", "Message-ID", "In-Reply-To", "References"],
  ...["Date", "Status", "X-Status", "Content-Type"],
);
const text = fc.array(piece, { maxLength: 2 }).map((pieces) => pieces.join(""));
const field = fc.tuple(name, text).map(([key, value]) => `${key}: ${value}\n`);
const fromLine = fc.oneof(
  { weight: 3, arbitrary: fc.constant("ann@a.example ") },
  fc.constantFrom('a"b ', "a\\b ", "", "a b ", "=? ", "a=?b "),
  text.map((user) => `${user.replaceAll("\n", "")} `),
);
const date = fc.date({ min: new Date("1960-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });
const message = fc
  .tuple(fromLine, date, fc.array(field, { maxLength: 3 }))
  .map(
    ([user, time, fields]) =>
      `From ${user}Sat Jan 16 18:22:03 2021\nDate: ${time.toUTCString()}\n${fields.join("")}\n${"x".repeat(2900)}\n\n`,
  );

test("--json prints the same line whether it is formatted from the message, from facts or from stored facts", async () => {
  let copied = 0;
  const mailboxes = fc.array(message, { minLength: 1500, maxLength: 1500, size: "max" });
  await fc.assert(
    fc.asyncProperty(mailboxes, async (messages) => {
      rmSync(join(home, "cache"), { recursive: true, force: true });
      writeFileSync(box(), messages.join(""));
      // Facts are kept only for a file that has not been changed recently.
      const longAgo = new Date(Date.now() - 60_000);
      utimesSync(box(), longAgo, longAgo);
      await new Promise((resolve) => setTimeout(resolve, 120));
      const read = await open();
      const expected: string[] = [];
      for (let n = 1; n <= read.count; n++) expected.push(await jsonLine(read, n));
      await read.close();
      // The first mailbox stores the facts that the second one loads.
      for (const place of [join(home, "cache"), join(home, "cache")]) {
        const mailbox = await open(place);
        const block = JsonBlock.open(mailbox);
        expect(block).toBeDefined();
        for (const [index, line] of expected.entries()) {
          if (block?.add(index + 1) !== true) continue;
          copied++;
          expect(block.take().toString()).toBe(line);
        }
        for (const [index, line] of expected.entries()) expect(await jsonLine(mailbox, index + 1)).toBe(line);
        await mailbox.close();
      }
    }),
    { numRuns: 3, endOnFailure: true },
  );
  expect(copied).toBeGreaterThan(2000);
}, 120_000);
