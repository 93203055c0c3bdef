/** Tests start-up files written for other clients, with the built program. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { interpretForeignLine } from "../../../src/read/interpreter/foreign-commands.ts";
import { runMail } from "../../run-mail.ts";

const home = mkdtempSync(join(tmpdir(), "mail-foreign-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
writeFileSync(
  join(home, "box"),
  "From ann@example.org Sat Jan 16 18:22:03 2021\nFrom: ann@example.org\nSubject: s\nX-Job: 7\n\nbody\n\n",
);

const fixture = (name: string) => readFileSync(join(import.meta.dirname, "../../fixtures/start-up", name), "utf8");

async function load(file: string, argv: readonly string[] = ["--config"], input = "") {
  writeFileSync(join(home, ".mailrc"), file, { mode: 0o600 });
  const sent = await runMail(["-n", ...argv], { PATH: process.env["PATH"], HOME: home }, input);
  return { ...sent, out: sent.out.replace(/ +# .*/g, "") };
}

test.each(["rhel.rc", "s-nail.rc", "mailutils.rc"])(
  "the stock file %s is read to its end without an error message",
  async (name) => {
    const { out, err, exit } = await load(`${fixture(name)}set autobcc=at-the-end\n`);
    expect([exit, err]).toEqual([0, ""]);
    expect(out).not.toMatch(/Unknown|Unrecognized/);
    expect(out).toContain("set autobcc=at-the-end\n");
  },
);

test("a start-up file for several clients is read to its end, and its commands take effect", async () => {
  const { out, err, exit } = await load(`${fixture("dotfile.rc").replace(/^ignerr.*\n/m, "")}`);
  expect([exit, err]).toEqual([0, ""]);
  expect(out).not.toMatch(/Unknown|Unrecognized|terminal\n/);
  for (const set of ["emptystart", 'indentprefix="| "', "LISTER=/bin/true", "metoo", "allnet"])
    expect(out).toContain(`set ${set}\n`);
  expect(out).not.toMatch(/nosuchbranch|on-a-display/);
  expect(out).toContain("set nofrom\n");
  expect(out).toContain("set autobcc=archive@example.org\n");
});

test("headerpick selects the header fields that are printed", async () => {
  const { out } = await load("headerpick type retain subject\n", ["-N", "-f", join(home, "box")], "p\nx\n");
  expect(out).toContain("Subject: s\n");
  expect(out).not.toMatch(/^From:|X-Job/m);
});

test.each(["nosuchcommand x", "headerpicks x"])(
  "the unknown command in %j still ends the reading of a start-up file, as in bsd-mailx",
  async (line) => {
    const { out } = await load(`${line}\nset autobcc=after\n`);
    expect(out).toMatch(/^Unknown command: "/m);
    expect(out).toContain("set noautobcc\n");
  },
);

test("commands of other clients are unknown at the prompt", async () => {
  const { out } = await load("", ["-N", "-f", join(home, "box")], "bind x\nif t\nx\n");
  expect(out).toMatch(/Unknown command: "bind"\nUnrecognized if-keyword: "t"\n/);
});

test("the rest of a start-up file is still read if a command with S-nail's prefix ignerr fails", async () => {
  expect((await load("ignerr source /nonexistent/rc\nset autobcc=after\n")).out).toContain("set autobcc=after\n");
});

test("nested conditions in bsd-mailx's syntax are refused", async () => {
  const { out } = await load("if r\nif r\nendif\nset autobcc=x\n");
  expect(out).toContain('Illegal nested "if"\n');
  expect(out).toContain("set noautobcc\n");
});

test.each([
  ["fwdretain from to", { kind: "ignored" }],
  ["  bind base x y", { kind: "ignored" }],
  ["headerpick type retain from to", { kind: "command", line: "retain from to" }],
  ["headerpick save ignore x", { kind: "command", line: "saveignore x" }],
  ["headerpick type retain", { kind: "ignored" }],
  ["headerpick forward retain x", { kind: "ignored" }],
  ["setenv PAGER=less", { kind: "command", line: "set PAGER=less" }],
  ["\\cd /tmp", { kind: "command", line: "cd /tmp" }],
  ["\\bind x", { kind: "ignored" }],
  ["wysh set a=b", { kind: "command", line: "set a=b" }],
  ["ignerr wysh set a=b", { kind: "command", line: "set a=b", toleratesErrors: true }],
  ["if t", { kind: "if", condition: "terminal" }],
  ["elif terminal", { kind: "elif", condition: "terminal" }],
  ["if [ x == y ]", { kind: "if", condition: "unknown" }],
  ["if $features =% +tls", { kind: "if", condition: "unknown" }],
  ["if 0", { kind: "if", condition: "never" }],
  ["elif send", { kind: "elif", condition: "send" }],
  ["if s", undefined],
  ["if receive", undefined],
  ["set dot", undefined],
  ["nosuch x", undefined],
  ["toString", undefined],
  ["", undefined],
])("in a start-up file, %j means %j", (line, meaning) => expect(interpretForeignLine(line)).toEqual(meaning));
