import { appendFileSync } from "node:fs";
import { afterEach, expect, test } from "@jest/globals";
import { makeComfortable } from "../../../src/read/comfort/comfort.ts";
import { executeLine } from "../../../src/read/interpreter/interpreter.ts";
import { type Bench, bench, lineOfMistake } from "../support/session.ts";

let session: Bench | undefined;
afterEach(async () => await session?.remove());

function letter(id: number, from: string, subject: string, day: number, answers?: number): string {
  const reply = answers === undefined ? "" : `In-Reply-To: <${answers}@x>\n`;
  return (
    `From ${/<(.*)>/.exec(from)?.[1]} Sat Jan 16 18:22:03 2021\nFrom: ${from}\nSubject: ${subject}\n` +
    `Date: Sat, ${day} Jan 2021 18:22:03 +0000\nMessage-ID: <${id}@x>\n${reply}Status: O\n\nbody\n\n`
  );
}

const letters = [
  letter(1, "Zoe Z. <zoe@example.org>", "hola", 5),
  letter(2, "Ann Lee <ann@example.org>", "Plan", 3),
  letter(3, "Bob B. <bob@example.org>", "Re: hola", 7, 1),
  letter(4, "Cy <cy@example.org>", "adios", 6, 1),
  letter(5, "Dee <dee@example.org>", "AW: hola", 8, 3),
];

const notice = "In threads; message numbers are unchanged; unsort restores mailbox order\n";
const tree = `${notice}>U  1 Zoe Z.               Jan 16 18:22 hola
 U  4 Cy                   Jan 16 18:22 ┣▸ adios
 U  3 Bob B.               Jan 16 18:22 ┗▸
 U  5 Dee                  Jan 16 18:22  ┗▸
 U  2 Ann Lee              Jan 16 18:22 Plan
`;
const collapsed = `${notice}>U  1 Zoe Z.               Jan 16 18:22 [3 hidden, 3 unread] hola
 U  2 Ann Lee              Jan 16 18:22 Plan
`;

/** Starts a session on a terminal with the given number of columns. @returns a function that runs a command line */
async function onTerminal(
  messages: readonly string[] = letters,
  { charset = "UTF-8", columns = 80 } = {},
): Promise<(line: string) => Promise<string>> {
  const opened = await bench(messages.join(""), { ttycharset: charset });
  session = opened;
  Object.assign(opened.terminal, { rich: true, outputIsTerminal: true, assist: () => {} });
  Object.assign(opened.terminal, { size: () => ({ rows: 24, columns }) });
  makeComfortable(opened);
  return async (line) => {
    const { folder } = opened;
    const { current } = folder;
    const mistake = await executeLine(opened, line).then(() => "", lineOfMistake);
    await folder.history.close(line, current, false);
    return opened.said() + mistake;
  };
}

test("a thread list shows senders' names, and shows a subject only if it differs from the subject above it", async () => {
  const run = await onTerminal();
  expect(await run("thread")).toBe(tree);
  expect(await run("f 5")).toBe(" U  5 Dee                  Jan 16 18:22  ┗▸ AW: hola\n");
});

test("sort thread puts the thread that contains the newest message first, and sort -thread puts it last", async () => {
  const run = await onTerminal();
  expect(await run("sort thread")).toBe(tree);
  expect(
    await run("sort -thread"),
  ).toBe(`In threads, newest last; message numbers are unchanged; unsort restores mailbox
order
 U  2 Ann Lee              Jan 16 18:22 Plan
>U  1 Zoe Z.               Jan 16 18:22 hola
 U  4 Cy                   Jan 16 18:22 ┣▸ adios
 U  3 Bob B.               Jan 16 18:22 ┗▸
 U  5 Dee                  Jan 16 18:22  ┗▸
`);
});

test("in 40 columns, a long subject is truncated, but the tree is complete", async () => {
  const run = await onTerminal(
    [...letters, letter(6, "Eve Adams of Eden <eve@example.org>", "a subject without room", 9, 5)],
    { columns: 40 },
  );
  expect(await run("thread")).toBe(`In threads; message numbers are
unchanged; unsort restores mailbox order
>U  1 Zoe Z.        Jan 16 hola
 U  4 Cy            Jan 16 ┣▸ adios
 U  3 Bob B.        Jan 16 ┗▸
 U  5 Dee           Jan 16  ┗▸
 U  6 Eve Adams of… Jan 16   ┗▸ a subje…
 U  2 Ann Lee       Jan 16 Plan
`);
  expect(await run("collapse *")).toContain(">U  1 Zoe Z.        Jan 16 [+4] hola\n");
});

test("if the charset is US-ASCII, the tree consists of ASCII characters", async () => {
  const run = await onTerminal(letters, { charset: "US-ASCII" });
  expect(await run("thread")).toBe(`${notice}>U  1 Zoe Z.               Jan 16 18:22 hola
 U  4 Cy                   Jan 16 18:22 |-> adios
 U  3 Bob B.               Jan 16 18:22 \`->
 U  5 Dee                  Jan 16 18:22  \`->
 U  2 Ann Lee              Jan 16 18:22 Plan
`);
});

test("a collapsed thread is shown as one line with the number of hidden messages", async () => {
  const run = await onTerminal();
  await run("thread");
  expect(await run("collapse *")).toBe(collapsed);
  expect(await run("expand 1")).toBe(tree);
});

test("the letter u marks a thread in which only hidden messages are unread", async () => {
  const run = await onTerminal();
  await run("thread");
  await run("seen 1");
  expect(await run("collapse *")).toContain(">u  1 Zoe Z.               Jan 16 18:22 [3 hidden, 3 unread] hola\n");
  await run("seen *");
  expect(await run("h")).toContain("    1 Zoe Z.               Jan 16 18:22 [3 hidden] hola\n");
});

test("a reply can be collapsed together with its own replies, but without the rest of the thread", async () => {
  const run = await onTerminal();
  await run("thread");
  expect(await run("collapse 3")).toContain(" U  3 Bob B.               Jan 16 18:22 ┗▸ [1 hidden, 1 unread]\n U  2");
});

test("collapsing a message without replies collapses the thread that contains it", async () => {
  const run = await onTerminal();
  await run("thread");
  expect(await run("collapse 4")).toBe(collapsed);
  expect(await run("expand 5")).toBe(tree);
});

test("collapse and expand report when there is nothing to do", async () => {
  const run = await onTerminal();
  expect(await run("collapse")).toBe("The list is not threaded; type thread first\n");
  await run("thread");
  expect(await run("collapse 2")).toBe("No replies to hide\n");
  expect(await run("expand *")).toBe("No hidden replies\n");
});

test("message lists include hidden messages, but next, + and - skip them", async () => {
  const run = await onTerminal();
  await run("thread");
  await run("collapse *");
  expect((await run("size *")).replaceAll(/: .*\n/g, " ")).toBe("1 4 3 5 2 ");
  expect(await run("f +")).toBe(" U  2 Ann Lee              Jan 16 18:22 Plan\n");
  expect(await run("f -")).toBe(" U  1 Zoe Z.               Jan 16 18:22 [3 hidden, 3 unread] hola\n");
  await run("next");
  expect(await run("=")).toBe("2\n");
});

test("printing a collapsed or hidden message expands its thread", async () => {
  const run = await onTerminal();
  await run("thread");
  await run("collapse *");
  await run("top 5");
  expect(await run("h")).toContain(">   5 Dee                  Jan 16 18:22  ┗▸\n");
  await run("collapse *");
  await run("print 1");
  expect(await run("h")).toContain("    5 Dee                  Jan 16 18:22  ┗▸\n");
});

test("if the current message is hidden, the message that hides it is marked as current", async () => {
  const run = await onTerminal();
  await run("thread");
  await run("collapse *");
  await run("f 5");
  expect(await run("h")).toBe(collapsed);
});

test("if the first message of a collapsed thread is deleted, the replies to it are listed", async () => {
  const run = await onTerminal();
  await run("thread");
  await run("collapse *");
  await run("d 1");
  expect(await run("h")).toBe(`${notice}>U  4 Cy                   Jan 16 18:22 adios
 U  3 Bob B.               Jan 16 18:22 ┗▸ Re: hola
 U  5 Dee                  Jan 16 18:22  ┗▸
 U  2 Ann Lee              Jan 16 18:22 Plan
`);
});

test("undo reverses collapse, expand and other changes, the most recent one first", async () => {
  const run = await onTerminal();
  await run("thread");
  await run("d 2");
  await run("collapse 1");
  await run("expand 5");
  expect(await run("undo")).toBe('Undid "expand 5": 1 thread collapsed\n');
  expect(await run("h")).toContain("[3 hidden, 3 unread] hola\n");
  expect(await run("undo")).toBe('Undid "collapse 1": 1 thread expanded\n');
  expect(await run("undo")).toBe('Undid "d 2": 1 deletion\n');
  expect(await run("h")).toBe(tree);
});

test("new mail is listed after the threads; when the list is sorted again, collapsed threads stay collapsed", async () => {
  const run = await onTerminal();
  await run("thread");
  await run("collapse *");
  const { folder } = session as Bench;
  appendFileSync(folder.name, letter(6, "Eve <eve@example.org>", "Re: Plan", 9, 2));
  await run("inc");
  expect(await run("h 6")).toContain(` U  2 Ann Lee              Jan 16 18:22 Plan
>U  6 Eve                  Jan 16 18:22 Re: Plan
`);
  expect(await run("thread")).toBe(`${notice} U  2 Ann Lee              Jan 16 18:22 Plan
>U  6 Eve                  Jan 16 18:22 ┗▸
 U  1 Zoe Z.               Jan 16 18:22 [3 hidden, 3 unread] hola
`);
});

test.each([
  ["a name that contains a different address is not shown", '"ann@bank.example" <eve@example.org>', "eve@example.org "],
  ["a name in a comment is shown", "ann@example.org (Ann Lee)", "Ann Lee  "],
  ["an encoded name is decoded", "=?UTF-8?Q?J=C3=B6?= <jo@example.org>", "Jö  "],
  ["an address is shown if there is no name", "<ann@example.org>", "ann@example.org "],
])("in threads, %s", async (_rule, from, shown) => {
  const run = await onTerminal([letter(1, from, "hola", 5)]);
  expect(await run("thread")).toContain(`>U  1 ${shown}`);
});
