import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { readDetails } from "../../../src/read/without-session/json-details.ts";
import { jsonLine } from "../../../src/read/without-session/json-line.ts";
import { parseLines } from "../../act/support/schemas.ts";
import { openLocal } from "../../mailbox/support/local-mailbox.ts";

const home = mkdtempSync(join(tmpdir(), "mail-json-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const name = fc.constantFrom(
  "From",
  "To",
  "Cc",
  "Subject",
  "Date",
  "Message-ID",
  "Status",
  "X-Status",
  "Content-Type",
  "Content-Disposition",
  "Content-Transfer-Encoding",
);
const value = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "multipart/mixed; boundary=x",
    "=?utf-8?q?=C3?=",
    "=?x?b?!?=",
    "Sat, 16 Jan 2021 18:22:03 +0100",
    '"a, b" <c@d>, (e) f@g; h: i;',
    "attachment; filename*0*=utf-8''%e2%80; filename*1=x",
    "base64",
  ),
);
const line = fc.oneof(
  fc.tuple(name, value).map(([field, text]) => `${field}: ${text}`),
  fc.constantFrom("", "--x", "--x--", " folded", "From someone here"),
  fc.string(),
);
const mailbox = fc
  .array(fc.array(line, { maxLength: 12 }), { minLength: 1, maxLength: 4 })
  .map((messages) => messages.map((lines) => `From ann Sat Jan 16 18:22:03 2021\n${lines.join("\n")}\n\n`).join(""));

/** Matches an escaped surrogate, but not an escaped backslash that is followed by the same letters. */
const escapedSurrogate = /(?<!\\)(?:\\\\)*\\ud[89a-f]/i;

test("with any mailbox, each line is a well-formed object that conforms to the schema", async () => {
  await fc.assert(
    fc.asyncProperty(mailbox, fc.constantFrom("utf8", "latin1", "utf16le"), async (text, encoding) => {
      writeFileSync(join(home, "box"), Buffer.concat([Buffer.from("From b c\n"), Buffer.from(text, encoding)]));
      const box = await openLocal(join(home, "box"), { lockwait: 1, stateDirectory: join(home, "state") });
      try {
        for (let message = 1; message <= box.count; message++) {
          const written = await jsonLine(box, message);
          expect(written.slice(0, -1)).not.toMatch(/[\0-\x1f]/);
          expect(written).not.toMatch(escapedSurrogate);
          expect(parseLines("message", written)).toHaveLength(1);
          const details = await readDetails(box, message, { parts: true, text: true, allHeaders: true });
          const complete = await jsonLine(box, message, details);
          expect(complete).not.toMatch(escapedSurrogate);
          expect(parseLines("message", complete)[0]).toMatchObject(details);
        }
      } finally {
        await box.close();
      }
    }),
    { numRuns: 300 },
  );
});

test("a message's date is in ISO 8601, in UTC", async () => {
  const dates = fc.date({ min: new Date("1970-01-02"), max: new Date("2100-01-01"), noInvalidDate: true });
  await fc.assert(
    fc.asyncProperty(fc.array(dates, { minLength: 1, maxLength: 5 }), async (times) => {
      const messages = times.map((time) => `From a b\nDate: ${time.toUTCString()}\n\n`);
      writeFileSync(join(home, "dated"), messages.join(""));
      const box = await openLocal(join(home, "dated"), { lockwait: 1, stateDirectory: join(home, "state") });
      try {
        for (const [at, time] of times.entries()) {
          const wanted = new Date(Math.floor(time.getTime() / 1000) * 1000).toISOString();
          expect(JSON.parse(await jsonLine(box, at + 1))).toMatchObject({ date: wanted });
        }
      } finally {
        await box.close();
      }
    }),
    { numRuns: 50 },
  );
});
