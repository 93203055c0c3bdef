import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { describeLife } from "../../src/track/report.ts";
import { eventsOf, findMessage } from "../../src/track/search.ts";

const directory = mkdtempSync(join(tmpdir(), "mail-track-"));
afterAll(() => rmSync(directory, { recursive: true }));

const front = "Jan 16 18:22:03 host postfix";
const life = (id: string, recipients: readonly string[]) => [
  `${front}/smtpd[1]: ${id}: client=localhost[127.0.0.1]`,
  `${front}/cleanup[2]: ${id}: message-id=<${id}@host>`,
  `${front}/qmgr[3]: ${id}: from=<ana@host>, size=1, nrcpt=${recipients.length} (queue active)`,
  ...recipients.map(
    (recipient) =>
      `${front}/local[4]: ${id}: to=<${recipient}@host>, relay=local, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to mailbox)`,
  ),
  `${front}/qmgr[3]: ${id}: removed`,
];

const messages = fc.uniqueArray(
  fc.record({
    id: fc.stringMatching(/^[0-9A-F]{8,11}$/),
    recipients: fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 4 }),
  }),
  { selector: ({ id }) => id, minLength: 1, maxLength: 5 },
);

test("messages are distinguished even if their lines are interleaved in the log", async () => {
  const path = join(directory, "log");
  await fc.assert(
    fc.asyncProperty(messages, fc.infiniteStream(fc.nat()), async (all, choices) => {
      const waiting = all.map(({ id, recipients }) => life(id, recipients));
      const mixed: string[] = [];
      for (const choice of choices) {
        const left = waiting.filter((lines) => lines.length > 0);
        if (left.length === 0) break;
        mixed.push(left[choice % left.length]?.shift() ?? "");
      }
      writeFileSync(path, `${mixed.join("\n")}\n`);
      for (const { id, recipients } of all) {
        writeFileSync(`${path}.alone`, `${life(id, recipients).join("\n")}\n`);
        const [found, alone] = await Promise.all(
          [path, `${path}.alone`].map((file) => findMessage([{ name: file, path: file }], { text: `${id}@host` })),
        );
        expect(found === undefined ? [] : describeLife(found)).toEqual(
          alone === undefined ? ["nothing"] : describeLife(alone),
        );
      }
    }),
    { numRuns: 50 },
  );
});

test("a malformed line never causes an error", () => {
  const word = fc.constantFrom(
    ...[
      "Jan 16 18:22:03 h ",
      "postfix/smtp[1]: ",
      "smtpd[2]: ",
      "A1B2C3D4: ",
      "to=<",
      ">, ",
      "relay=",
      "status=sent (",
      ")",
    ],
    ...[
      "2026-11-24 22:26:59 ",
      "1xVyyZ-0004DM-2h ",
      "=> ",
      "<= ",
      "** ",
      " <",
      "> ",
      "R=",
      "C=",
      '"',
      "\\",
      "evpid=",
      "[",
      "]: ",
    ],
  );
  const line = fc.array(fc.oneof(word, fc.string({ maxLength: 3 })), { maxLength: 12 }).map((words) => words.join(""));
  fc.assert(
    fc.property(line, (text) => {
      for (const { id, time } of eventsOf(text)) expect([typeof id, typeof time]).toEqual(["string", "string"]);
    }),
  );
});
