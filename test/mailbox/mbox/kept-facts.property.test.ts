import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { countsOf } from "../../../src/mailbox/counts.ts";
import { headerText } from "../../../src/mailbox/header-text.ts";
import { Flag, type Mailbox } from "../../../src/mailbox/mailbox.ts";
import type { MboxMailbox } from "../../../src/mailbox/mbox/mbox-mailbox.ts";
import { openMailbox } from "../../../src/mailbox/open.ts";
import { fieldValues } from "../../../src/message/field-values.ts";
import { sortByKey } from "../../../src/read/header-list/sort-by-key.ts";
import { bareSubject } from "../../../src/read/header-list/sort-columns.ts";

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "kept-facts-"));
});
afterAll(() => rmSync(home, { recursive: true }));

const box = () => join(home, "box");
const cache = () => join(home, "cache");
let number = 0;
const message = (subject: string, size = 3000) =>
  `From a@example.org Sat Jan 16 18:22:01 2021\nFrom: n${++number}@example.org\nSubject: ${subject}\nStatus: RO\n\n${"x".repeat(size)}\n\n`;

async function open(): Promise<MboxMailbox> {
  // Facts are kept only for a file that has not been changed recently.
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(box(), longAgo, longAgo);
  await new Promise((resolve) => setTimeout(resolve, 120));
  const options = { lockwait: 1, stateDirectory: join(home, "state"), cacheDirectory: cache() };
  return (await openMailbox(box(), options)) as MboxMailbox;
}

const columns = { from: "from", subject: "subject", to: "to", messageId: "message-id" } as const;
type Name = keyof typeof columns;

/** Compares all known facts with the messages. @returns the number of messages about which facts are known */
async function compareFacts(mailbox: Mailbox, names: readonly Name[], counted: boolean): Promise<number> {
  let found = 0;
  const wrong: string[] = [];
  const compare = (n: number, what: string, fact: unknown, expected: unknown) => {
    if (JSON.stringify(fact) !== JSON.stringify(expected)) wrong.push(`${n} ${what}: ${JSON.stringify(fact)}`);
  };
  const all = Array.from({ length: mailbox.count }, (_, at) => at + 1);
  for await (const { stored } of mailbox.openMessages(all, "header")) {
    for (const n of all) {
      const facts = stored.facts?.(n);
      const bytes = Buffer.from(stored.read(n, 0, stored.size(n)));
      if (counted) compare(n, "counts", stored.counts(n), countsOf([bytes]));
      if (facts === undefined) continue;
      found++;
      const header = headerText(bytes);
      for (const name of names) compare(n, name, facts[name], fieldValues(header, columns[name]));
      if (facts.lines !== undefined) compare(n, "lines", facts.lines, countsOf([bytes]).lines);
    }
  }
  expect(wrong).toEqual([]);
  return found;
}

/** Checks the order by subject, and checks that a search for a subject examines all matching messages. */
async function compareOrder(mailbox: MboxMailbox, isDescending: boolean): Promise<void> {
  const subjects = Array.from({ length: mailbox.count }, (_, at) =>
    bareSubject(fieldValues(headerText(mailbox.header(at + 1)), "subject")[0] ?? ""),
  );
  const all = Array.from(subjects.keys(), (at) => at + 1);
  const sign = isDescending ? -1 : 1;
  const compare = (a = "", b = "") => (a < b ? -sign : a > b ? sign : 0);
  const expected = [...all].sort((a, b) => compare(subjects[a - 1], subjects[b - 1]) || a - b);
  expect(await sortByKey(mailbox, "subject", isDescending, async () => {})).toEqual(expected);
  const narrowed = new Set(await mailbox.narrow(all, { field: "subject", words: ["s1"] }, () => undefined));
  expect(all.filter((n) => subjects[n - 1]?.includes("s1") === true && !narrowed.has(n))).toEqual([]);
}

const anySubject = fc.string({ maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, "").trim());
const changes = fc.oneof(
  anySubject.map((subject) => ["arrival", () => appendFileSync(box(), message(subject))] as const),
  fc.constant([
    "many arrivals",
    () => appendFileSync(box(), Array.from({ length: 200 }, () => message("many")).join("")),
  ] as const),
  fc.tuple(fc.nat(), anySubject).map(
    ([at, subject]) =>
      [
        "edit by another program",
        () => {
          const messages = readFileSync(box(), "latin1").split(/(?<=\n\n)(?=From )/);
          writeFileSync(box(), messages.with(at % messages.length, message(subject)).join(""), "latin1");
        },
      ] as const,
  ),
  fc.nat().map(
    (at) =>
      [
        "edit of the same length",
        () => {
          const bytes = readFileSync(box());
          const found = bytes.indexOf("\nSubject: ", at % bytes.length);
          if (found >= 0) bytes[found + 10] = bytes[found + 10] === 10 ? 10 : 0x51;
          writeFileSync(box(), bytes);
        },
      ] as const,
  ),
  fc.tuple(fc.nat(), fc.boolean()).map(
    ([at, isEdit]) =>
      [
        "quit",
        async () => {
          const mailbox = await open();
          await compareFacts(mailbox, ["subject"], false);
          const n = (at % mailbox.count) + 1;
          if (isEdit) mailbox.replace(n, Buffer.from(message("edited")));
          else mailbox.mark(n, Flag.Deleted);
          await mailbox.commit({ fate: (each) => (each === n && !isEdit ? "drop" : "keep") });
          await mailbox.close();
        },
      ] as const,
  ),
);
const session = fc.tuple(
  fc.option(changes, { nil: undefined }),
  fc.uniqueArray(fc.constantFrom<Name>("from", "subject", "to", "messageId"), { minLength: 1 }),
  fc.boolean(),
);

test("kept facts match the messages even if mail arrives and messages are edited", async () => {
  let used = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(session, { minLength: 2, maxLength: 5 }), async (sessions) => {
      rmSync(cache(), { recursive: true, force: true });
      writeFileSync(box(), Array.from({ length: 1500 }, (_, n) => message(`s${n}`)).join(""));
      for (const [change, names, counted] of sessions) {
        await change?.[1]();
        const mailbox = await open();
        used += (await compareFacts(mailbox, names, counted)) > 0 ? 1 : 0;
        await compareOrder(mailbox, counted);
        await mailbox.close();
      }
      expect(readdirSync(cache()).filter((name) => name.endsWith(".facts"))).toHaveLength(1);
    }),
    { numRuns: 8 },
  );
  expect(used).toBeGreaterThan(10);
}, 120_000);
