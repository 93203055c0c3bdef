import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Flag } from "../../../src/mailbox/mailbox.ts";
import { selectMessages } from "../../../src/read/message-list/message-list.ts";
import { type Bench, bench, lineOfMistake, message } from "../support/session.ts";

const long = "x".repeat(70);
const base64 = Buffer.from("Ein Grüner Heringskönig schwimmt vorbei").toString("base64");
const mime = `From eve@z.org Sat Jan 16 18:22:03 2021
From: =?UTF-8?Q?Eve_M=C3=BCller?= <eve@z.org>
To: root@x.org
Cc: ann@x.org
Subject: =?UTF-8?B?${Buffer.from("Grüße, disk full").toString("base64")}?=
Date: Tue, 05 Jan 2021 10:00:00 +0000
X-Spam-Flag: YES
X-Status: F
Content-Type: multipart/mixed; boundary="cut here"

--cut here
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

${base64}
--cut here
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

caf=E9 au l=
ait
--cut here
Content-Type: application/pdf; name="needle.pdf"
Content-Transfer-Encoding: base64

bmVlZGxl
--cut here--

`;

let box: Bench;

beforeAll(async () => {
  box = await bench(
    message("ann@x.org", "hola") + // 1
      message("cron@y.org", "Disk FULL", "RO") + // 2
      mime + // 3
      message("cron@y.org", `plan ${long}`, "O") + // 4
      message("bob@x.org", "since:2d").replace("body of", "A Needle in ΟΔΟΣ ΟΔΌΣ and"), // 5
  );
});
afterAll(() => box.remove());
beforeEach(() => {
  box.folder.current = 2;
  for (let n = 1; n <= 5; n++) box.folder.mailbox.mark(n, 0, Flag.Deleted);
  box.said();
});

test.each([
  ["a sender's address", "from:CRON", [2, 4]],
  ["a sender's name, decoded", "from:müller", [3]],
  ["a quoted value", 'subject:"disk full"', [2, 3]],
  ["a subject in an encoded word, any case", "subject:GRÜSSE or subject:grüße", [3]],
  ["recipients in To and Cc", "to:root cc:ann", [3]],
  ["a body as stored", "body:needle", [5]],
  ["a body in base64, any case", "body:HERINGSKÖNIG", [3]],
  ["a body in quoted-printable and another charset", 'body:"café au lait"', [3]],
  ["Greek in any case", "body:οδοσ body:ΟΔΟΣ body:οδός", [5]],
  ["a field", "header:x-spam-flag:yes", [3]],
  ["the presence of a field", "header:Cc", [3]],
  ["a state", "is:read", [2]],
  ["a state recorded by other clients", "is:flagged", [3]],
  ["an attachment", "has:attachment", [3]],
  ["a size", "size:>200", [3, 4]],
  ["a range of sizes", "size:1-200", [1, 2, 5]],
  ["the Date field", "before:2021-01-16", [3]],
  ["the From_ line if there is no Date", "on:2021-01-16", [1, 2, 4, 5]],
  ["an entire month", "on:2021-01", [1, 2, 3, 4, 5]],
  ["both", "from:cron and is:read", [2]],
  ["both conditions without and", "from:cron is:read", [2]],
  ["either", "from:ann or from:bob", [1, 5]],
  ["that and binds more tightly than or", "from:ann or from:cron and is:read", [1, 2]],
  ["parentheses", "(from:ann or from:cron) is:unread", [1, 4]],
  ["not", "not from:cron", [1, 3, 5]],
  ["not before parentheses", "not(from:cron or from:ann)", [3, 5]],
  ["a double not", "not not from:cron", [2, 4]],
  ["numbers are conditions", "1-3 5 and not from:cron", [1, 3, 5]],
  ["the current message", ". from:cron", [2]],
  ["a modifier", "from:cron :u", [4]],
  ["a search", "/plan from:cron", [4]],
  ["a sender", "ann or body:needle", [1, 5]],
  ["the modifiers of the previous list", ": from:cron", [4]],
  ["operators in any case", "from:cron AND NOT is:read", [4]],
  ["a parenthesis in a word", "body:needle and not subject:(x)", [5]],
])("a query recognizes %s: %j", async (_shows, list, wanted) => {
  await selectMessages(box, "* :u");
  box.said();
  expect(await selectMessages(box, list)).toEqual(wanted);
  expect(box.said()).toBe("");
});

test("a body in an undeclared charset is searched in its displayed form, and UTF-8 is recognized despite an invalid byte", async () => {
  const latin1 = message("ann@x.org", "hola").replace("body of", "caf\xe9 au lait for");
  const mixed = message("bob@x.org", "hola").replace("body of", "caf\xc3\xa9 and \xe9 for");
  const both = await bench(Buffer.from(latin1 + mixed, "latin1"));
  expect(await selectMessages(both, "body:CAFÉ")).toEqual([1, 2]);
  await both.remove();
});

test.each([
  ["operators without a term are senders", "ann and bob", [1, 5]],
  ["a quoted term is a sender", '"from:ann" bob', [5]],
  ["an unknown word with a colon is a sender", "form:ann bob", [5]],
])("a message list keeps its meaning in bsd-mailx: %s", async (_shows, list, wanted) => {
  expect(await selectMessages(box, list)).toEqual(wanted);
});

test.each([
  ["since:soon", 'Bad date "soon" in since:; for example 2d, 12h, 3w, 6m, 1y, today, monday, 2026-01 or 2026-01-31'],
  ["before:2026-13-01", 'Bad date "2026-13-01" in before:;'],
  ["before:2026-02-30", 'Bad date "2026-02-30" in before:;'],
  ["size:big", 'Bad size "big" in size:; for example >1M, <=10k or 5k-2M; k, M and G are powers of 1024'],
  ["is:odd", 'Bad state "odd" in is:; use new,'],
  ["has:wings", 'Bad thing "wings" in has:;'],
  ["from:", 'Nothing after "from:"; for example from:cron'],
  ["(from:ann", 'No ")" for the "(" at character 1\n'],
  ["(from:ann or (from:bob is:read)", 'No ")" for the "(" at character 1\n'],
  ["from:ann)", 'No "(" for the ")" at character 9\n'],
  [")from:ann (from:bob)", 'No "(" for the ")" at character 1\n'],
  ["() (from:ann)", 'Nothing between "(" and ")" at character 2; expected a term, a number or a sender\n'],
  ["from:ann and", 'Nothing after "and" at character 10; expected a term, a number or a sender\n'],
  ["from:ann and or is:read", 'Nothing after "and" at character 10;'],
  ["or from:ann", 'Nothing before "or" at character 1;'],
  ["from:ann (is:read or)", 'Nothing after "or" at character 19;'],
  ["from:ann not", 'Nothing after "not" at character 10;'],
  ["form:ann since:1d", 'Unknown term "form:"; use since:, before:'],
  ["from:ann 99", "99: Invalid message number"],
  ["from:ann :x", 'Unknown colon modifier ":x"'],
  ["from:nobody and is:new", "No messages satisfy from:nobody and is:new"],
])("%j is refused with an error message", async (list, words) => {
  const line = await selectMessages(box, list).catch(lineOfMistake);
  expect(`${line}\n`.startsWith(words)).toBe(true);
});

test("queries find only undeleted messages, except in the undelete command, where they find only deleted messages", async () => {
  box.folder.mailbox.mark(2, Flag.Deleted);
  expect(await selectMessages(box, "from:cron")).toEqual([4]);
  expect(await selectMessages(box, "from:cron", { deleted: true })).toEqual([2]);
});

const leaf = fc.constantFrom(
  "from:cron",
  "is:read",
  "subject:disk",
  "body:needle",
  "has:attachment",
  "size:>200",
  "on:2021-01-05",
  "1-3",
  ":u",
  "ann",
);
const query: fc.Arbitrary<string> = fc.letrec<{ query: string }>((tie) => ({
  query: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.tuple(tie("query"), fc.constantFrom("and", "or"), tie("query")).map(([a, op, b]) => `(${a} ${op} ${b})`),
    tie("query").map((inner) => `not ${inner}`),
  ),
})).query;

/** The added term makes the list a query. */
const found = async (list: string) => {
  const messages = await selectMessages(box, `(${list}) and size:>0`, { orElse: "nothing" }).catch(lineOfMistake);
  return typeof messages === "string" ? [] : (messages ?? []);
};

test("the operators `not`, `and` and `or` obey De Morgan's laws, and a query and its negation together find all messages", async () => {
  await fc.assert(
    fc.asyncProperty(query, query, async (a, b) => {
      expect(await found(`not (${a} and ${b})`)).toEqual(await found(`not (${a}) or not (${b})`));
      expect(await found(`not (${a} or ${b})`)).toEqual(await found(`not (${a}) and not (${b})`));
      expect([...(await found(a)), ...(await found(`not (${a})`))].sort()).toEqual([1, 2, 3, 4, 5]);
    }),
    { numRuns: 60 },
  );
});

test("any query returns message numbers in ascending order, or is refused with a one-line error message", async () => {
  const word = fc.oneof(
    leaf,
    fc.constantFrom("and", "or", "not", "(", ")", '"', "'", "since:", "since:1d", "before:2026-01-01", "size:<1k", ":"),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word), async (words) => {
      const messages = await selectMessages(box, `${words.join(" ")} from:cron`).catch(lineOfMistake);
      if (typeof messages === "string") expect(messages).toMatch(/^[^\n]*$/);
      else expect(messages).toEqual([...new Set(messages)].sort());
    }),
  );
});
