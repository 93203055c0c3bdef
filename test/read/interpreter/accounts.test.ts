/** Tests the accounts that a start-up file defines, with the built program. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { hasAccount } from "../../../src/config/accounts.ts";
import { readBlock, splitCommandLines } from "../../../src/read/interpreter/blocks.ts";
import { runMail } from "../../run-mail.ts";

const home = mkdtempSync(join(tmpdir(), "mail-accounts-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const startUp = `set hold
account work {
  set from=ann@work.example record=work-sent
  set crt
}
account home {
set from=ann@home.example
}
if r
account reading {
set hold
}
endif
set dot
`;

async function configOf(argv: readonly string[], file = startUp) {
  writeFileSync(join(home, ".mailrc"), file, { mode: 0o600 });
  const { exit, out, err } = await runMail(["-n", ...argv, "--config"], { PATH: process.env["PATH"], HOME: home });
  return { exit, out: out.replace(/ +# /g, " # "), err };
}

test("an account that is not selected has no effect, and the lines after its block are run", async () => {
  const { out } = await configOf([]);
  expect(out).toContain("set nofrom # not set");
  expect(out).toContain(`set dot # ${home}/.mailrc:14`);
});

test("--account sets the variables of an account, and --config shows the line that set each variable", async () => {
  const { out, exit } = await configOf(["--account", "work"]);
  expect(exit).toBe(0);
  expect(out).toContain(`set from=ann@work.example # ${home}/.mailrc:3`);
  expect(out).toContain(`set crt # ${home}/.mailrc:4`);
});

test("the variables given with -S override those of an account", async () => {
  expect((await configOf(["-S", "from=x@y.example", "--account=work"])).out).toContain(
    "set from=x@y.example # the command line",
  );
});

test("an account that selects another one is refused", async () => {
  const { exit, err } = await configOf(["--account", "a"], "account a {\naccount a\n}\n");
  expect(exit).toBe(78);
  expect(err).toContain("account a: cannot be selected within another account");
});

test.each([
  [
    "an unknown account is refused, and the known ones are listed",
    startUp,
    "other",
    "mail: account other: not defined in any start-up file; use home, reading or work\n",
  ],
  [
    "a block without a closing brace is reported",
    "account a {\nset dot\n",
    "b",
    "account a: the closing brace is missing\n",
  ],
  [
    "an account with a line that fails is not selected",
    "account a {\nset from=x\nnosuch\n}\n",
    "a",
    "mail: account a: not all of its commands could be run\n",
  ],
])("%s", async (_title, file, account, expected) => {
  const { exit, out, err } = await configOf(["--account", account], file);
  expect(out + err).toContain(expected);
  expect(exit).toBe(78);
});

test("the account command lists accounts and marks the selected one; selecting another account restores the variables that the previous account changed", async () => {
  writeFileSync(join(home, ".mailrc"), startUp, { mode: 0o600 });
  writeFileSync(
    join(home, "box"),
    "From ann@example.org Sat Jan 16 18:22:03 2021\nFrom: ann@example.org\nSubject: s\n\nbody\n\n",
  );
  const { out } = await runMail(
    ["-n", "-N", "-f", join(home, "box")],
    { PATH: process.env["PATH"], HOME: home },
    "account\naccount work\nset from=mine@example.org\naccount home\nset\naccount\nx\n",
  );
  expect(out).toContain(" home\n reading\n work\n");
  expect(out).toContain(">home\n reading\n work\n");
  expect(out).toContain("from\tann@home.example\n");
  expect(out).not.toMatch(/record|crt/);
});

test("an account's name is case-sensitive", () => {
  const accounts = new Map([["Work", { file: "x", lines: [], exposedIn: undefined }]]);
  expect([hasAccount({ accounts }, "Work"), hasAccount({ accounts }, "work")]).toEqual([true, false]);
});

test.each([
  ["account a {\nx\n}\ny", { words: ["account", "a"], lines: ["x"], end: 2 }],
  ["define f {\nif x {\n}\ny\n }", { words: ["define", "f"], lines: ["if x {", "}", "y"], end: 4 }],
  ["account 'a b' {  \nx", { words: ["account", "a b"], lines: ["x"], end: undefined }],
  ["account a\n{\n}", undefined],
])("the block at the beginning of %j is read as %j", (text, expected) => {
  const block = readBlock(splitCommandLines(text), 0);
  expect(block && { ...block, lines: block.lines.map((line) => line.text) }).toEqual(expected);
});

const letter = (subject: string) =>
  `From a@x.org Sat Jan 16 18:22:03 2021\nFrom: a@x.org\nSubject: ${subject}\n\nbody\n\n`;

/** Runs a session in which an account is selected, and returns its output and the mailboxes afterwards. */
async function selectInSession(input: string) {
  const files = { first: letter("one") + letter("two"), second: letter("three"), empty: "" };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text);
  rmSync(join(home, "mbox"), { force: true });
  const path = (name: string) => join(home, name);
  const lines = [
    `set nohold MAIL=${path("first")} MBOX=${path("mbox")}`,
    `account other {\nset hold MAIL=${path("second")} from=other@x.org\n}`,
    `account none {\nset MAIL=${path("empty")}\n}`,
    "account broken {\nset from=x\nnosuch\n}\n",
  ];
  writeFileSync(join(home, ".mailrc"), lines.join("\n"), { mode: 0o600 });
  const { exit, out, err } = await runMail(["-n", "-N"], { PATH: process.env["PATH"], HOME: home }, input);
  const read = (name: string) => (existsSync(path(name)) ? readFileSync(path(name), "utf8") : undefined);
  return { exit, out: out.replaceAll(`${home}/`, ""), err, subjects: (name: string) => subjectsIn(read(name)) };
}

const subjectsIn = (text: string | undefined) => text?.match(/^Subject: .*$/gm)?.map((line) => line.slice(9)) ?? [];

test("account NAME leaves the current folder while the old settings still apply, and then opens the account's mailbox", async () => {
  const { exit, out, err, subjects } = await selectInSession("p 1\naccount other\np\nset from\n");
  expect({ exit, err }).toEqual({ exit: 0, err: "" });
  expect(out).toContain('Saved 1 message in mbox\nHeld 1 message in first\n"second": 1 message 1 new\n');
  expect(out).toMatch(/Subject: three\n/);
  expect([subjects("mbox"), subjects("first"), subjects("second")]).toEqual([["one"], ["two"], ["three"]]);
});

test("an unknown account leaves the current folder open", async () => {
  const { out, err, subjects } = await selectInSession("d 1\naccount nobody\nfolder\nu 1\nx\n");
  expect(err + out).toContain("account nobody: not defined in any start-up file; use broken, none or other\n");
  expect(out).toContain('"first": 2 messages 2 new 1 deleted\n');
  expect(subjects("first")).toEqual(["one", "two"]);
});

test("if selecting an account fails, the previous folder is left, and an empty folder is opened", async () => {
  const { out, err, subjects } = await selectInSession("d 1\naccount broken\nfolder\np\n");
  expect(err + out).toContain("account broken: not all of its commands could be run\n");
  expect(out).toContain('"/dev/null": 0 messages [Read only]\n');
  expect(subjects("first")).toEqual(["two"]);
});

test("an account without mail is reported, and its empty mailbox becomes the current folder", async () => {
  const { out, err, subjects } = await selectInSession("d 1\naccount none\nfolder\n");
  expect(err + out).toMatch(/No mail for /);
  expect(out).toContain('"empty": 0 messages\n');
  expect(subjects("first")).toEqual(["two"]);
});
