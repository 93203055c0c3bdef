/**
 * Runs clients that are correct except for one difference, both in a pipe and on a terminal, and checks that the runner
 * detects the difference.
 */
import { expect, test } from "@jest/globals";
import { type Case, parseCase } from "./case-file.ts";
import { compareCase } from "./compare.ts";
import { playCase } from "./play-case.ts";

const onPipe = parseCase(
  "on-pipe",
  String.raw`title: a client that copies its input

=== argv
one word

=== file box
@fixture one.mbox

=== file old
x

=== file same
caf\xe9\x00

=== stdin
a\tb
@repeat 3 z

=== expect exit
3

=== expect stdout
a	b
zzz\

=== expect stderr
{PROG}: one word in {HOME}

=== expect file box
changed

=== expect gone old

=== expect file new ~
\A(one|two)$

=== expect message 1
envelope-to: ann@example.org
--
To: ann@example.org
Subject: hello

body
`,
);

const onTerminal = parseCase(
  "on-terminal",
  `title: a client that asks

=== pty
expect name?
send joe\\n

=== expect exit
0

=== expect transcript
name? joe
hello joe
`,
);

const right = {
  stdout: "cat",
  stderr: 'echo "mail: $1 in $HOME" >&2',
  box: "echo changed >box",
  old: "rm old",
  created: "echo one >new",
  message: String.raw`printf 'To: ann@example.org\nSubject: hello\n\nbody\n' | "$(sed -n 's/^set sendmail=//p' .mailrc)" -i ann@example.org`,
  exit: "exit 3",
};

async function play(played: Case, script: string): Promise<string[]> {
  return compareCase(played, await playCase(played, ["/bin/sh", "-c", script, "sh"]));
}

function playOnPipe(difference: Partial<typeof right> = {}): Promise<string[]> {
  return play(onPipe, Object.values({ ...right, ...difference }).join("\n"));
}

test("a client with all expected results passes", async () => {
  expect(await playOnPipe()).toEqual([]);
});

test.each<[string, Partial<typeof right>, string]>([
  ["a byte of standard output", { stdout: "tr b c" }, "stdout: differs from line 1"],
  ["a newline at the end of standard output", { stdout: "cat; echo" }, "stdout: differs from line 2"],
  ["standard error", { stderr: "echo other >&2" }, "stderr: differs from line 1"],
  ["the exit code", { exit: "exit 4" }, "exit: differs from line 1"],
  ["a signal", { exit: "kill -9 $$" }, "exit: differs from line 1"],
  ["a file's bytes", { box: "printf 'changed\\r\\n' >box" }, "file box: differs from line 1"],
  ["a file that should have changed but is unchanged", { box: ":" }, "file box: unchanged or missing"],
  ["a file that is removed", { box: "rm box" }, "file box: was removed"],
  ["a file that is not removed", { old: ":" }, "file old: still there, unchanged"],
  ["a file that does not match its pattern", { created: "echo three >new" }, "file new: does not match"],
  ["a file that no section names", { created: "echo one >new; : >other" }, "file other: not expected"],
  [
    "a byte of a file that no section names",
    { created: "echo one >new; printf 'caf\\350\\0\\n' >same" },
    "file same: not expected",
  ],
  ["a removed file that no section names", { created: "echo one >new; rm same" }, "file same: was removed"],
  ["a missing message", { message: ":" }, "message 1: unchanged or missing"],
  ["a message's recipient", { message: right.message.replace("-i ann", "-i bob") }, "message 1: differs from line 1"],
  ["a message's subject", { message: right.message.replace("hello", "bye") }, "message 1: differs from line 4"],
  ["a message's body", { message: right.message.replace("body", "text") }, "message 1: differs from line 6"],
  ["a second message", { message: `${right.message}\n${right.message}` }, "message 2: not expected"],
])("a difference in %s makes a case fail", async (_, difference, reported) => {
  const differences = await playOnPipe(difference);
  expect(differences.filter((line) => /^\S/.test(line))).toEqual([reported]);
});

test("a failure shows what was wanted and what the client did", async () => {
  expect(await playOnPipe({ stdout: "tr b c" })).toEqual([
    "stdout: differs from line 1",
    String.raw`  wanted | a\x09b`,
    String.raw`  got    | a\x09c`,
  ]);
});

test.each([
  ["passes if the screen is as expected", 'printf "name? "; read n; echo "hello $n"', []],
  [
    "fails if the screen differs",
    'printf "name? "; read n; echo "hello  $n"',
    ["transcript: differs from line 2", "  wanted | hello joe", "  got    | hello  joe"],
  ],
  [
    "fails if the client exits with another code",
    'printf "name? "; read n; echo "hello $n"; exit 1',
    ["exit: differs from line 1", "  wanted | 0", "  got    | 1"],
  ],
])("on a terminal, a case %s", async (_, script, differences) => {
  expect(await play(onTerminal, script)).toEqual(differences);
});

test("on a terminal, a missing prompt makes a case fail", async () => {
  expect((await play(onTerminal, 'echo "who?"'))[0]).toBe('the terminal never showed "name?"');
});
