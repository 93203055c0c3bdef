import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { headerText, readHeaderText, readHeaderTextToList } from "../../src/mailbox/header-text.ts";

import { messagePieces } from "../../src/mailbox/pieces.ts";
import { openLocal } from "./support/local-mailbox.ts";

const home = mkdtempSync(join(tmpdir(), "mail-pieces-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const body = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 40 }) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 200_000 }).map((length) => "x".repeat(length)) },
  { weight: 1, arbitrary: fc.constant("x".repeat(9 << 20)) },
);
const fieldCount = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant(2000));
const message = fc.tuple(fieldCount, body, fc.constantFrom("", "\n", "hola\n", "\n\n")).map(([fields, text, crlf]) => {
  const stored = `From ann Sat Jan 16 18:22:03 2021\n${"Subject: hola\n".repeat(fields)}\n${text}\n\n`;
  return crlf === "" ? stored : stored.replaceAll(crlf, crlf.replaceAll("\n", "\r\n"));
});

async function open(text: string) {
  const path = join(home, "box");
  writeFileSync(path, text);
  return openLocal(path, { lockwait: 1, stateDirectory: join(home, "state") });
}

test("for any selection of messages, the joined pieces equal the stored messages or headers", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 12 }), fc.nat(), async (messages, chosen) => {
      const mailbox = await open(messages.join(""));
      try {
        mailbox.replace(1, Buffer.from("From bob Sat Jan 16 18:22:03 2021\nSubject: other\n\nedited\n\n"));
        const numbers = Array.from({ length: mailbox.count }, (_, index) => index + 1).filter(
          (n) => ((chosen >> (n % 8)) & 1) === 0,
        );
        const whole = new Map<number, Buffer>();
        for (const { message: n, at, bytes } of messagePieces(mailbox, numbers, "whole")) {
          expect(at).toBe(whole.get(n)?.length ?? 0);
          whole.set(n, Buffer.concat([whole.get(n) ?? Buffer.alloc(0), bytes]));
        }
        expect([...whole.keys()]).toEqual(numbers);
        for (const n of numbers) expect(whole.get(n)?.equals(mailbox.read(n, 0, mailbox.size(n)))).toBe(true);
        const headers = [...messagePieces(mailbox, numbers, "header")].map((piece) => piece.message);
        expect(headers).toEqual(numbers);
        for (const { message: n, bytes } of messagePieces(mailbox, numbers, "header"))
          expect(bytes.equals(mailbox.header(n))).toBe(true);
        for (const n of numbers) {
          const withoutEmptyLine = mailbox
            .header(n)
            .toString("latin1")
            .replace(/\n\r?\n$/, "\n");
          expect(readHeaderText(mailbox, n)).toBe(withoutEmptyLine);
          expect(readHeaderTextToList(mailbox, n)).toBe(withoutEmptyLine);
          expect(headerText(mailbox.read(n, 0, mailbox.size(n)))).toBe(withoutEmptyLine);
        }
      } finally {
        await mailbox.close();
      }
    }),
    { numRuns: 30 },
  );
});

test("bytes that have been read do not change when other messages are loaded temporarily", async () => {
  const call = fc.record({ kind: fc.constantFrom("read", "readBriefly"), message: fc.nat(29), end: fc.nat(40_000) });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 30 }), async (calls) => {
      // A mailbox of at most 8 MiB would be kept in memory.
      const bodyOf = (n: number) => String.fromCharCode(97 + n).repeat(300_000);
      const messages = Array.from({ length: 30 }, (_, n) => `From ann Sat Jan 16 18:22:03 2021\n\n${bodyOf(n)}\n\n`);
      const mailbox = await open(messages.join(""));
      try {
        const kept: [Buffer, string][] = [];
        for (const { kind, message: n, end } of calls) {
          const expected = messages[n]!.slice(0, end);
          const bytes = kind === "read" ? mailbox.read(n + 1, 0, end) : mailbox.readBriefly!(n + 1, 0, end);
          expect(bytes.toString("latin1")).toBe(expected);
          if (kind === "read") kept.push([bytes, expected]);
        }
        for (const [bytes, expected] of kept) expect(bytes.toString("latin1")).toBe(expected);
      } finally {
        await mailbox.close();
      }
    }),
    { numRuns: 30 },
  );
});
