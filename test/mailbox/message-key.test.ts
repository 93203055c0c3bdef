import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Flag } from "../../src/mailbox/mailbox.ts";
import { keyOfMessage } from "../../src/mailbox/message-key.ts";
import { type LocalMailbox, openLocal } from "./support/local-mailbox.ts";

const home = mkdtempSync(join(tmpdir(), "mail-key-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

function keyOf(text: string): string {
  const bytes = Buffer.from(text, "latin1");
  return keyOfMessage({ size: bytes.length, read: (start, end) => bytes.subarray(start, end) });
}

const plain = "From ann Sat Jan 16 18:22:03 2021\nFrom: ann\nSubject: hola\nTo: bob\n\nhi\n\n";
test("the key of a message is the same in each version of the program, because other programs store it", () => {
  expect(keyOf(plain)).toBe("m-c1998c24391c2734a5388e1440162351");
});

const large = `x`.repeat(70).concat("\n").repeat(30_000);

test.each([
  ["a Status field is added", plain.replace("\n\n", "\nStatus: RO\n\n")],
  ["a field that keeps state is added between others", plain.replace("To:", "X-Keywords: a\n b\nX-UID: 3\nTo:")],
  ["a field that keeps state comes first", plain.replace("From:", "X-IMAPbase: 1 2\nFrom:")],
  [
    "the names are in another case",
    plain.replace("\n\n", "\nSTATUS : R\nx-status: A\ncontent-length: 3\nLines: 1\n\n"),
  ],
  ["the From_ line changes", plain.replace("From ann", "From MAILER-DAEMON")],
  ["the empty line at the end is missing", plain.slice(0, -1)],
  ["there is another empty line at the end", `${plain}\r\n`],
])("the key of a message stays the same if %s", (_change, text) => {
  expect(keyOf(text)).toBe(keyOf(plain));
  expect(keyOf(`${text.trimEnd()}\n${large}\n\n`)).toBe(keyOf(`${plain.trimEnd()}\n${large}`));
});

test.each([
  ["the body", plain.replace("hi", "ho")],
  ["the last byte of the body", plain.replace("hi", "hi ")],
  ["an empty line at the start of the body", plain.replace("\n\n", "\n\n\n")],
  ["the value of a field", plain.replace("hola", "holb")],
  ["the order of fields", plain.replace("Subject: hola\nTo: bob", "To: bob\nSubject: hola")],
  ["a field whose name only begins like a state field", plain.replace("\n\n", "\nStatus-Of: R\n\n")],
  ["a state field in the body", plain.replace("\n\n", "\n\nStatus: R\n")],
  ["the folded line of an ordinary field", plain.replace("hola\n", "hola\n x\n")],
])("the key depends on %s", (_what, text) => {
  expect(keyOf(text)).toMatch(/^m-[0-9a-f]{32}$/);
  expect(keyOf(text)).not.toBe(keyOf(plain));
  expect(keyOf(`${text}${large}y`)).not.toBe(keyOf(`${text}${large}z`));
});

async function open(path: string): Promise<LocalMailbox> {
  return openLocal(path, { lockwait: 1, stateDirectory: join(home, "state") });
}

const line = fc.oneof(
  fc.constantFrom("Subject: hola", "Status: O", "X-Status: F", "X-UID: 7", "Content-Length: 3", " folded", "\tfolded"),
  fc.constantFrom("stray text", ": x", "Lines : 4", "x-keywords:", "", "\r", "Status: RO\r", "body\r"),
  fc.string({ unit: "binary-ascii", maxLength: 12 }),
);
const message = fc
  .tuple(fc.array(line, { maxLength: 10 }), fc.constantFrom("", "\n", "\n\n", "\r\n"))
  .map(
    ([lines, end]) => `From ann Sat Jan 16 18:22:03 2021\n${lines.join("\n").replaceAll("From ", "from ")}\n\n${end}`,
  );

test("the keys of the remaining messages are the same after a delivery and a quit", async () => {
  let counted = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(message, { minLength: 2, maxLength: 6 }), fc.nat(), async (messages, choice) => {
      const path = join(home, "box");
      writeFileSync(path, Buffer.from(messages.join(""), "latin1"));
      const mailbox = await open(path);
      const before = Array.from({ length: mailbox.count }, (_, index) => mailbox.key(index + 1));
      const stays = (n: number) => ((choice >> (n % 20)) & 1) === 0;
      for (let n = 1; n <= mailbox.count; n++)
        mailbox.mark(n, Flag.StatusChanged | (choice & 1 ? Flag.Flagged | Flag.Read : Flag.Answered));
      appendFileSync(path, "From bob Sat Jan 16 18:22:03 2021\nSubject: news\n\nnews\n\n");
      await mailbox.commit({ fate: (n) => (stays(n) ? "keep" : "drop") });
      await mailbox.close();
      const after = await open(path);
      const keys = Array.from({ length: after.count }, (_, index) => after.key(index + 1));
      await after.close();
      const kept = before.filter((_, index) => stays(index + 1));
      expect(keys.slice(0, kept.length)).toEqual(kept);
      counted += kept.length;
    }),
    { numRuns: 300 },
  );
  expect(counted).toBeGreaterThan(300);
});

test("the key of a message is the same if it is computed from bytes that have already been read", async () => {
  writeFileSync(join(home, "both"), plain + plain.replace("hola", "plan"));
  const mailbox = await open(join(home, "both"));
  expect(mailbox.key(2, mailbox.read(2, 0, mailbox.size(2)))).toBe(mailbox.key(2));
  expect(mailbox.key(2, mailbox.header(2))).toBe(mailbox.key(2));
  expect(mailbox.key(1)).toBe(keyOf(readFileSync(join(home, "both"), "latin1").slice(0, plain.length)));
  await mailbox.close();
});
