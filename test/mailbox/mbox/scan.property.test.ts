import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { MessageIndex, Stored } from "../../../src/mailbox/mbox/message-index.ts";
import { scan } from "../../../src/mailbox/mbox/scan.ts";
import { mailboxText } from "./nasty.ts";

const directory = mkdtempSync(join(tmpdir(), "scan-"));
afterAll(() => rmSync(directory, { recursive: true }));

async function indexOf(text: string, pieceSize: number): Promise<[number, number][]> {
  const path = join(directory, "box");
  writeFileSync(path, text, "latin1");
  const descriptor = openSync(path, "r");
  const index = new MessageIndex();
  await scan(descriptor, 0, text.length, index, { pieceSize });
  closeSync(descriptor);
  return Array.from({ length: index.count }, (_, i) => [index.start(i + 1), index.stored(i + 1)]);
}

/** The rules, line by line and without haste. */
function wanted(text: string): [number, number][] {
  const found: [number, number][] = [];
  let at = 0;
  let empty = true;
  let header = false;
  let seen = false;
  for (const line of text.split(/(?<=\n)/)) {
    const from = /^From +[^ \t\r\n]+[ \t]+[^ \t\r\n]/.test(line.slice(0, 1024));
    const status = /^status[ \t]*:([^\r\n]*)/i.exec(line);
    if (!header && empty && from) {
      found.push([at, 0]);
      header = true;
      seen = false;
    } else if (/^\r?\n$/.test(line)) header = false;
    else if (header && !seen && status !== null) {
      seen = true;
      const value = status[1] as string;
      const bits = (value.includes("O") ? Stored.Old : 0) | (value.includes("R") ? Stored.Read : 0);
      (found.at(-1) as [number, number])[1] = bits | (/^ R?O$/.test(value) ? Stored.Plain : 0);
    }
    empty = /^\r?\n$/.test(line);
    at += line.length;
  }
  return found;
}

test("messages and their Status are found wherever the pieces are cut", async () => {
  await fc.assert(
    fc.asyncProperty(mailboxText, fc.integer({ min: 1, max: 5000 }), async (text, pieceSize) => {
      // A byte at a time only where there are few: each piece is a read.
      expect(await indexOf(text, Math.max(pieceSize, Math.ceil(text.length / 300)))).toEqual(wanted(text));
    }),
    { numRuns: 400 },
  );
});
