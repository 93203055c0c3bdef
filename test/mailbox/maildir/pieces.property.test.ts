import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import fc from "fast-check";

import { messagePieces } from "../../../src/mailbox/pieces.ts";
import { openLocal } from "../support/local-mailbox.ts";
import { makeMaildir } from "../support/maildir.ts";

const home = mkdtempSync(join(tmpdir(), "mail-maildir-pieces-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const line = fc.constantFrom(
  "From ann Sat Jan 16 18:22:03 2021",
  "Return-Path: <ann@example.org>",
  "From: ann@example.org",
  "Delivery-date: Sat, 16 Jan 2021 18:22:03 +0000",
  "Subject: caf\u00e9",
  "",
  "no field",
  `X-Long: ${"x".repeat(20_000)}`,
  "y".repeat(300_000),
);
const file = fc
  .tuple(fc.array(line, { maxLength: 8 }), fc.constantFrom("\n", "\r\n"), fc.boolean())
  .map(([lines, lineEnd, ended]) => lines.join(lineEnd) + (ended ? lineEnd : ""));

test("messages that are read together have the same bytes as messages read one by one", async () => {
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 6 }), async (files) => {
      const named = files.map((text, index) => [`cur/17000000${10 + index}.M1P1.host:2,`, text] as const);
      const path = makeMaildir(join(home, `box-${++round}`), Object.fromEntries(named));
      const mailbox = await openLocal(path, { lockwait: 1, stateDirectory: join(home, "state") });
      try {
        const numbers = files.map((_, index) => index + 1);
        for (const { message, at, bytes } of messagePieces(mailbox, numbers, "whole")) {
          const size = mailbox.size(message);
          expect([at, bytes.length]).toEqual([0, size]);
          expect([message, bytes.equals(mailbox.read(message, 0, size))]).toEqual([message, true]);
        }
        for (const { message, bytes } of messagePieces(mailbox, numbers, "header"))
          expect([message, bytes.equals(mailbox.header(message))]).toEqual([message, true]);
      } finally {
        await mailbox.close();
      }
    }),
    { numRuns: 60 },
  );
});
