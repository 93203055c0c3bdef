import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { MessageIndex, Stored } from "../../../src/mailbox/mbox/message-index.ts";
import { scanMessages } from "../../../src/mailbox/mbox/scan.ts";
import { mailboxText, measuredText } from "./nasty.ts";

const directory = mkdtempSync(join(tmpdir(), "scan-"));
afterAll(() => rmSync(directory, { recursive: true }));

async function indexOf(text: string, pieceSize: number): Promise<[number, number][]> {
  const path = join(directory, "box");
  writeFileSync(path, text, "latin1");
  const descriptor = openSync(path, "r");
  const index = new MessageIndex();
  await scanMessages(descriptor, 0, text.length, index, { pieceSize });
  closeSync(descriptor);
  return Array.from({ length: index.count }, (_, i) => [index.start(i + 1), index.stored(i + 1)]);
}

const isField = (line = "") => /^(?:[!-9;-~]+[ \t]*:|>From )/.test(line);
const isDated = (line: string) =>
  line.length > 1024 || /\d:\d\d|\d{4}/.test(/^From +[^ \t\r\n]*(.*)/.exec(line)?.[1] ?? "");
const isTwoWords = (line: string) => /^From +[^ \t\r\n]+[ \t]+[^ \t\r\n]/.test(line.slice(0, 1024));
const isEmpty = (line: string) => /^\r?\n$/.test(line);

/**
 * Returns the end of a body according to its Content-Length; undefined unless the header has exactly one valid
 * Content-Length field.
 */
function statedEnd(lines: readonly string[], first: number, bodyStart: number): number | undefined {
  const header = lines.slice(
    first,
    lines.findIndex((line, n) => n > first && isEmpty(line)),
  );
  const stated = header.flatMap((line) => /^content-length[ \t]*:(.*)/i.exec(line)?.[1] ?? []);
  const value = stated.length === 1 ? /^[ \t]*(\d{1,15})[ \t]*\r?$/.exec(stated[0] as string)?.[1] : undefined;
  return value === undefined ? undefined : bodyStart + Number(value);
}

/** Applies the rules line by line, without optimizations, and returns the expected messages. */
function wanted(text: string): [number, number][] {
  const lines = text.split(/(?<=\n)/);
  const starts: number[] = [];
  for (let n = 0, at = 0; n < lines.length; at += (lines[n++] as string).length) starts.push(at);
  const first = lines.findIndex((line) => !isEmpty(line));
  const start = lines[first] ?? "";
  const form =
    !start.startsWith("From ") || isDated(start)
      ? "dated"
      : isTwoWords(start)
        ? "two-words"
        : isField(lines[first + 1])
          ? "one-word"
          : "dated";
  const isOne = (line: string, next: string | undefined) => {
    if (!line.startsWith("From ")) return false;
    if (form === "one-word" && !isDated(line)) return isField(next);
    return isTwoWords(line) || (form === "two-words" && isField(next));
  };
  const isSeparator = (n: number) => isOne(lines[n] ?? "", lines[n + 1]);
  const hasStatus = (n: number) => {
    const end = lines.findIndex((line, m) => m > n && isEmpty(line));
    return lines.slice(n + 1, end < 0 ? undefined : end).some((line) => /^status[ \t]*:/i.test(line));
  };
  const isCertain = (n: number) =>
    isSeparator(n) && isField(lines[n + 1]) && (form !== "dated" || isDated(lines[n] as string) || hasStatus(n));
  const follows = (n: number) => n === 0 || isEmpty(lines[n - 1] as string);
  /** Returns whether the Content-Length of the body that begins in line `n` is valid. */
  const isValid = (n: number, end: number) => {
    if (end > text.length) return false;
    const after = /^(?:\r?\n){0,2}/.exec(text.slice(end))?.[0].length ?? 0;
    const next = end + after;
    const last = next === text.length;
    const [line = "", field] = text.slice(next).split(/(?<=\n)/, 2);
    const from = isOne(line, field);
    if (!last && !from) return false;
    for (let m = n; m < lines.length && (starts[m] as number) < end; m++) if (follows(m) && isCertain(m)) return false;
    return true;
  };
  const found: [number, number][] = [];
  let header = false;
  let seen = false;
  let message = 0;
  let covered = 0;
  for (const [n, line] of lines.entries()) {
    const at = starts[n] as number;
    const status = /^status[ \t]*:([^\r\n]*)/i.exec(line);
    if (!header && follows(n) && at >= covered && isSeparator(n)) {
      found.push([at, 0]);
      header = true;
      seen = false;
      message = n;
    } else if (header && isEmpty(line)) {
      header = false;
      const end = statedEnd(lines, message, at + line.length);
      covered = end !== undefined && isValid(n + 1, end) ? end : 0;
    } else if (header && !seen && status !== null) {
      seen = true;
      const value = status[1] as string;
      const bits = (value.includes("O") ? Stored.Old : 0) | (value.includes("R") ? Stored.Read : 0);
      (found.at(-1) as [number, number])[1] = bits | (/^ R?O$/.test(value) ? Stored.Plain : 0);
    }
  }
  return found;
}

test("messages and their Status are found regardless of how the mailbox is divided into pieces", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(mailboxText, measuredText),
      fc.integer({ min: 1, max: 5000 }),
      async (text, pieceSize) => {
        // Tiny pieces are used only for short texts, because each piece requires a read.
        expect(await indexOf(text, Math.max(pieceSize, Math.ceil(text.length / 300)))).toEqual(wanted(text));
      },
    ),
    { numRuns: 400 },
  );
});

/** Long stretches of text, with each combination of many or few Fs and many or few spaces. */
const stretches = fc
  .tuple(
    fc.constantFrom("QUJDREVGR0hJSktM\n", "From A to F: For a Fee\n", "a b c d\n", "abcd\n", "From x y\n", "\nFrom \n"),
    fc.integer({ min: 600, max: 2000 }),
  )
  .map(([line, count]) => line.repeat(count));

test("messages are found after long stretches of any kind of text", async () => {
  const message = fc
    .array(stretches, { maxLength: 4 })
    .map((body) => `From a Sat Jan 16 18:22:01 2021\nSubject: s\nStatus: RO\n\n${body.join("")}\n`);
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 20_000, max: 100_000 }),
      async (messages, pieceSize) => {
        const text = messages.join("");
        expect(await indexOf(text, pieceSize)).toEqual(wanted(text));
      },
    ),
    { numRuns: 60 },
  );
});

test("a mailbox that grows has the same messages as one that is complete from the start", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(mailboxText, measuredText),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 4 }),
      async (text, parts) => {
        const path = join(directory, "grown");
        writeFileSync(path, text, "latin1");
        const descriptor = openSync(path, "r");
        const index = new MessageIndex();
        let from = 0;
        for (const part of [...parts.sort((a, b) => a - b), 1]) {
          index.cutAt(from);
          const { undecided } = await scanMessages(descriptor, from, Math.floor(part * text.length), index);
          from = undecided ?? Math.max(0, index.lastStart);
        }
        closeSync(descriptor);
        const found = Array.from({ length: index.count }, (_, i) => [index.start(i + 1), index.stored(i + 1)]);
        expect(found).toEqual(wanted(text));
      },
    ),
    { numRuns: 1000 },
  );
});
