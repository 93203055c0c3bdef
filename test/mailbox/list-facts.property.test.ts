import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { openFacts, saveFacts } from "../../src/mailbox/facts-file.ts";
import { addHeaderFacts } from "../../src/mailbox/header-facts.ts";
import { headerText } from "../../src/mailbox/header-text.ts";
import { FactTable, type ListFacts } from "../../src/mailbox/list-facts.ts";
import { decodeWords } from "../../src/message/decode-words.ts";
import { parseDateField } from "../../src/message/field-date.ts";
import { fieldValues, firstValue } from "../../src/message/field-values.ts";
import { mayHaveAttachments } from "../../src/message/view/attaching.ts";
import { mayBeBounce } from "../../src/message/view/bounce.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "facts-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const fields = {
  from: "from",
  to: "to",
  cc: "cc",
  subject: "subject",
  messageId: "message-id",
  references: "references",
  inReplyTo: "in-reply-to",
} as const;
const names = fc.constantFrom(
  ...Object.values(fields),
  "Date",
  "Sender",
  "FROM",
  "Subject ",
  "X-Status",
  "Return-Path",
  "Content-Type",
  "Content-Disposition",
  "X-Failed-Recipients",
  "Received",
  "no field",
  "",
);
const values = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    " ann@example.org",
    " Ann <ann@example.org>",
    " MAILER-DAEMON@example.org",
    " <>",
    " Thu, 1 Jan 2026 00:01:00 +0000",
    " Thu, 01 Jan 2026 23:59:60 -0130 (CET)",
    "1 jan 2026 1:02:03 GMT",
    " 32 Jan 2026 00:01:00 +0000",
    " Wed Feb  1 19:06:09 2006",
    " multipart/mixed; boundary=x",
    " text/plain; name=a",
    " text/plain",
    " a\n\tb",
    " \n b\r",
    " gr\xc3\xbc\xdf \xa0",
    " a\x00b\x7f\x0b",
  ),
  fc.string({ unit: "binary-ascii", maxLength: 30 }).map((text) => text.replaceAll("\n", " ")),
);
const line = fc.tuple(names, values).map(([name, value]) => `${name}:${value}\n`);
const fromLine = fc.constantFrom(
  "From ann@example.org Thu Jan  1 00:01:00 2026\n",
  "From MAILER-DAEMON Thu Jan  1 00:01:00 2026\n",
  'From "a b"@c Thu Jan  1 00:01:00 2026\n',
  "From  two Thu\n",
  "From : x\n",
  "From gr\xc3\xbc Thu Jan  1 00:01:00 2026\n",
);
const message = fc
  .tuple(fromLine, fc.array(line, { maxLength: 8 }))
  .map(([from, lines]) => `${from}${lines.join("")}\nbody\n\n`);

/** Returns the facts that the parsers of header text find in a message. */
function readFacts(stored: Buffer) {
  const header = headerText(stored);
  return {
    ...Object.fromEntries(Object.entries(fields).map(([column, name]) => [column, fieldValues(header, name)])),
    date: parseDateField(firstValue(header, "date") ?? "")?.getTime() ?? Number.NaN,
  };
}

function factsOf(facts: ListFacts) {
  return {
    ...Object.fromEntries(Object.keys(fields).map((column) => [column, facts[column as keyof typeof fields]])),
    date: facts.date,
  };
}

test("facts found in a header's bytes match the fields parsed from its text, or are unknown", () => {
  let found = 0;
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 5 }), (messages) => {
      const table = new FactTable();
      for (const [index, text] of messages.entries()) {
        expect(addHeaderFacts(table, Buffer.from(text, "latin1"))).toBe(index);
      }
      for (const [index, text] of messages.entries()) {
        const facts = table.facts(index);
        if (facts.subject === undefined) continue;
        found++;
        const stored = Buffer.from(text, "latin1");
        const header = headerText(stored);
        expect(factsOf(facts)).toEqual(readFacts(stored));
        expect(Buffer.from(`From ${facts.envelope}\n`, "utf8").length).toBeGreaterThan(7);
        const isSpecial =
          mayHaveAttachments(header) || mayBeBounce(header) || fieldValues(header, "x-status").length > 0;
        if (facts.plain === 1) expect(isSpecial).toBe(false);
      }
    }),
    { numRuns: 2000 },
  );
  expect(found).toBeGreaterThan(1000);
});

test.each<[string, string]>([
  ["has no end", "From a Thu Jan  1 00:01:00 2026\nSubject: x\n"],
  ["has CRs", "From a Thu Jan  1 00:01:00 2026\r\nSubject: x\r\n\r\n"],
  ["has a space before a colon", "From a Thu Jan  1 00:01:00 2026\nSubject : x\n\n"],
  ["is long", `From a Thu Jan  1 00:01:00 2026\nSubject: ${"x".repeat(20_000)}\n\n`],
])("if a header %s, its subject is unknown", (_how, text) => {
  const table = new FactTable();
  const stored = Buffer.from(text, "latin1");
  addHeaderFacts(table, stored);
  expect(table.facts(0).subject).toBeUndefined();
});

function fill(table: FactTable, messages: readonly string[]): void {
  for (const text of messages) {
    const stored = Buffer.from(text, "latin1");
    const row = addHeaderFacts(table, stored);
    if (row % 2 === 0) table.setNumber("lines", row, row + 7);
    if (row % 3 === 0) table.setKey(row, row.toString(16).padStart(32, "a"));
  }
}

function allOf(table: FactTable) {
  return Array.from({ length: table.count }, (_, row) => {
    const facts = table.facts(row);
    return { ...factsOf(facts), envelope: facts.envelope, lines: facts.lines, key: facts.key, plain: facts.plain };
  });
}

test("a table that is saved, loaded, truncated and extended contains the expected facts", () => {
  const several = fc.array(message, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(several, several, fc.nat({ max: 5 }), (messages, more, cut) => {
      const table = new FactTable();
      fill(table, messages);
      const before = allOf(table);
      saveFacts(directory, "/box", [1, 2, 3], table);
      const file = openFacts(directory, "/box");
      expect(file?.stamp.slice(0, 3)).toEqual([1, 2, 3]);
      const kept = Math.max(1, messages.length - cut);
      const loaded = new FactTable(file, kept);
      expect(loaded.hasChanged).toBe(false);
      expect(allOf(loaded)).toEqual(before.slice(0, kept));
      const extended = new FactTable(file, kept);
      fill(extended, more);
      const expected = new FactTable();
      fill(expected, [...messages.slice(0, kept), ...more]);
      expect(allOf(extended)).toEqual(allOf(expected));
      saveFacts(directory, "/box", [4], extended);
      file?.close();
      const again = openFacts(directory, "/box");
      expect(again?.stamp[0]).toBe(4);
      expect(allOf(new FactTable(again))).toEqual(allOf(expected));
      again?.close();
    }),
  );
});

test("a damaged file is ignored, or the facts in its damaged column are unknown", () => {
  const table = new FactTable();
  const texts = ["a", "b", "c"].map((n) => `From ${n}@x Thu Jan  1 00:01:00 2026\nFrom: ${n}\nSubject: s${n}\n\n`);
  fill(table, texts);
  const before = allOf(table);
  saveFacts(directory, "/box", [1], table);
  const path = join(directory, readdirSync(directory)[0] as string);
  const bytes = readFileSync(path);
  fc.assert(
    fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] as number) ^ change;
      writeFileSync(path, damaged);
      const file = openFacts(directory, "/box");
      if (file === undefined) return;
      for (const [row, facts] of allOf(new FactTable(file)).entries()) {
        for (const [name, fact] of Object.entries(facts))
          if (fact !== undefined) expect(fact).toEqual(before[row]?.[name as keyof (typeof before)[0]]);
      }
      file.close();
    }),
    { numRuns: 1000 },
  );
  for (const length of [0, 10, bytes.length - 8, bytes.length + 8]) {
    writeFileSync(path, Buffer.concat([bytes, Buffer.alloc(8)]).subarray(0, length));
    expect(openFacts(directory, "/box")).toBeUndefined();
  }
});

test("a file to which another user could have written is ignored", () => {
  const table = new FactTable();
  fill(table, ["From a@x Thu Jan  1 00:01:00 2026\nSubject: s\n\n"]);
  saveFacts(directory, "/box", [1], table);
  const path = join(directory, readdirSync(directory)[0] as string);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  chmodSync(path, 0o666);
  expect(openFacts(directory, "/box")).toBeUndefined();
  const other = join(directory, "other");
  writeFileSync(other, readFileSync(path), { mode: 0o600 });
  rmSync(path);
  symlinkSync(other, path);
  expect(openFacts(directory, "/box")).toBeUndefined();
});

test("a search in loaded facts never excludes a message whose subject contains the search words", () => {
  const subject = fc.stringMatching(/^[aBcK =?\u00fc-\u00ff]{0,8}$/).filter((text) => text.trim() === text);
  const encoded = subject.map((text) => `=?utf-8?q?${Buffer.from(text).toString("hex").replace(/../g, "=$&")}?=`);
  const word = fc.stringMatching(/^[abck=?]{1,2}$/);
  let excluded = 0;
  fc.assert(
    fc.property(fc.array(fc.oneof(subject, encoded), { minLength: 1, maxLength: 5 }), word, (subjects, wanted) => {
      const table = new FactTable();
      for (const [row, text] of subjects.entries()) {
        table.addRow();
        table.setValues("subject", row, [text]);
      }
      saveFacts(directory, "/box", [1], table);
      const file = openFacts(directory, "/box");
      const loaded = new FactTable(file);
      const found = loaded.findRows("subject", [wanted]);
      for (const [row, text] of subjects.entries()) {
        const contains = decodeWords(text).toLowerCase().includes(wanted);
        if (contains) expect(found[row]).toBe(1);
        if (found[row] === 0) excluded++;
      }
      file?.close();
    }),
  );
  expect(excluded).toBeGreaterThan(10);
});
